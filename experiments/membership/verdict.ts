/** What an attack on a target of a design that keeps data apart comes to. */
import { summarise } from '../../attacks/index.ts';
import type { Rng } from '../../engine/index.ts';
import { shareSchema, tprAtFprOf, tprAtFprSchema } from '../runner/index.ts';

/** AUC and TPR at FPR are of all non-members, the rest of as many as there are members. */
export const verdictEntries = {
  precision: shareSchema,
  recall: shareSchema,
  auc: shareSchema,
  balancedAccuracy: shareSchema,
  tprAtFpr: tprAtFprSchema,
};

/**
 * @param scores of the members, then as many non-members, then further ones
 * @param threshold "score >= threshold: member"
 */
export function verdictOf(scores: Float64Array, members: number, threshold: number, rng: Rng) {
  const summaryOf = (nonMembers: Float64Array, own: Rng) =>
    summarise({ members: scores.subarray(0, members), nonMembers, threshold, rng: own });
  const even = summaryOf(scores.subarray(members, 2 * members), rng);
  const ranked = scores.length > 2 * members ? summaryOf(scores.subarray(members), rng.split('further')) : even;
  return {
    precision: even.precision!,
    recall: even.recall!,
    balancedAccuracy: even.balancedAccuracy!,
    auc: ranked.auc,
    tprAtFpr: tprAtFprOf(ranked.tprAtFpr),
  };
}
