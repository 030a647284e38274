/** Everything a membership-inference evaluation reports, from two arrays of scores. */
import { finish } from '../slices.ts';
import { bootstrapSlices, defaultResamples, percentileInterval } from './bootstrap.ts';
import { checkConfidence, clopperPearson, DEFAULT_CONFIDENCE, type Estimate } from './estimate.ts';
import { type Ranking, rank, type Scores } from './ranking.ts';
import type { MetricRng } from './rng.ts';
import {
  auc,
  isResolved,
  MIN_FALSE_POSITIVES,
  nonMembersNeeded,
  type RocCurve,
  rocCurve,
  thinRoc,
  tprAt,
} from './roc.ts';
import { confusionAt, thresholdMetrics } from './threshold.ts';

export interface MetricWarning {
  readonly code: 'few-samples';
  readonly message: string;
}

export interface MembershipSummary {
  readonly auc: Estimate;
  /** the four threshold metrics are null when no threshold was given */
  readonly balancedAccuracy: Estimate | null;
  readonly advantage: Estimate | null;
  readonly precision: Estimate | null;
  readonly recall: Estimate | null;
  /** keyed by String(fpr): "0.1", "0.01", "0.001"; null where the non-members do not resolve the rate */
  readonly tprAtFpr: Readonly<Record<string, Estimate | null>>;
  /** thinned for storage; see thinRoc */
  readonly roc: RocCurve;
  readonly warnings: readonly MetricWarning[];
}

export interface SummariseOptions extends Scores {
  /** chosen without the target's membership labels; null for an attack that only ranks */
  readonly threshold: number | null;
  readonly rng: MetricRng;
  /** default 0.95 */
  readonly confidence?: number;
  /** default 1,000 at confidence 0.95, more at higher ones */
  readonly resamples?: number;
  /** false-positive rates for TPR at FPR; default 0.1, 0.01, 0.001 */
  readonly fprs?: readonly number[];
  /**
   * of TPR at FPR; default 'bootstrap', which finds the threshold again in each resample. 'clopper-pearson' takes the
   * threshold as fixed beforehand: exact for the members, and silent about the non-members that chose it
   */
  readonly tprInterval?: 'bootstrap' | 'clopper-pearson';
}

export const DEFAULT_FPRS: readonly number[] = [0.1, 0.01, 0.001];

/**
 * AUC and TPR at FPR get percentile intervals of the stratified bootstrap, and Clopper-Pearson where the attack has no hit
 * or only hits (every resample would agree, and claim certainty). For a TPR the trials are the members; for an AUC of 0
 * or 1 they are min(members, nonMembers) disjoint pairs, each of which is won or lost.
 */
export function summarise(o: SummariseOptions): MembershipSummary {
  return finish(summariseSlices(o));
}

/** The same in slices of a few milliseconds, for those who share the thread. */
export function* summariseSlices(o: SummariseOptions): Generator<void, MembershipSummary, void> {
  const { threshold, rng, confidence = DEFAULT_CONFIDENCE, fprs = DEFAULT_FPRS, tprInterval = 'bootstrap' } = o;
  checkConfidence(confidence);
  for (const fpr of fprs) {
    if (!(fpr > 0 && fpr < 1)) throw new RangeError(`fprs: expected rates between 0 and 1, got ${fpr}.`);
  }
  const ranking = rank(o);
  const { members, nonMembers } = ranking;
  const resolved = fprs.filter((fpr) => isResolved({ nonMembers, fpr }));
  const resamples = o.resamples ?? defaultResamples(confidence);
  const draws = yield* bootstrapSlices({ ranking, fprs: resolved, rng, resamples });

  const tprAtFpr: Record<string, Estimate | null> = {};
  const warnings: MetricWarning[] = [];
  for (const fpr of fprs) {
    const at = resolved.indexOf(fpr);
    if (at >= 0) {
      const value = tprAt(ranking, fpr);
      tprAtFpr[String(fpr)] =
        tprInterval === 'clopper-pearson'
          ? clopperPearson({ hits: Math.round(value * members), n: members, confidence })
          : intervalOf({ value, n: members, confidence, draws: draws.tprAt[at]!, pairs: members });
    } else {
      tprAtFpr[String(fpr)] = null;
      warnings.push({ code: 'few-samples', message: unresolved(fpr, ranking) });
    }
  }
  const c = { ...confusionAt({ ...o, threshold: threshold ?? Infinity }), confidence };
  const atThreshold = threshold === null ? null : thresholdMetrics(c);
  return {
    auc: intervalOf({
      value: auc(ranking),
      n: members + nonMembers,
      confidence,
      draws: draws.auc,
      pairs: Math.min(members, nonMembers),
    }),
    balancedAccuracy: atThreshold?.balancedAccuracy ?? null,
    advantage: atThreshold?.advantage ?? null,
    precision: atThreshold?.precision ?? null,
    recall: atThreshold?.recall ?? null,
    tprAtFpr,
    roc: thinRoc(rocCurve(ranking), { members, nonMembers }),
    warnings,
  };
}

/** A percentile interval that holds its value, or the exact one where there is no hit or only hits. */
export function intervalOf(o: {
  value: number;
  n: number;
  confidence: number;
  draws: Float64Array;
  /** the trials of the exact interval at 0 and 1 */
  pairs: number;
}): Estimate {
  const { value, n, confidence } = o;
  if (value === 0 || value === 1) {
    return { ...clopperPearson({ hits: value * o.pairs, n: o.pairs, confidence }), n };
  }
  const { low, high } = percentileInterval(o.draws, confidence);
  return { value, low: Math.min(low, value), high: Math.max(high, value), n, confidence, method: 'bootstrap' };
}

function unresolved(fpr: number, { nonMembers }: Ranking): string {
  const need = nonMembersNeeded(fpr).toLocaleString('en-US');
  return (
    `TPR at ${+(fpr * 100).toPrecision(6)} % FPR is not resolved: needs at least ${need} non-members ` +
    `(${MIN_FALSE_POSITIVES} expected false positives), has ${nonMembers.toLocaleString('en-US')}.`
  );
}
