/**
 * The metrics of one decision rule "score >= threshold: member". The threshold comes from elsewhere (shadow models, a
 * population); chosen on the target's own membership labels it would make any attack look better than chance.
 */
import { clopperPearson, DEFAULT_CONFIDENCE, type Estimate } from './estimate.ts';
import type { Scores } from './ranking.ts';

export interface Confusion {
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly members: number;
  readonly nonMembers: number;
}

export interface ThresholdMetrics {
  /** (TPR + 1 - FPR) / 2: 0.5 is chance, whatever the shares of members and non-members */
  readonly balancedAccuracy: Estimate;
  /** TPR - FPR: 0 is chance (Yeom et al. 2018, definition 4) */
  readonly advantage: Estimate;
  /** of the records called members, the share that are; depends on the shares in the evaluation */
  readonly precision: Estimate;
  /** of the members, the share found: TPR at this threshold */
  readonly recall: Estimate;
}

export function confusionAt({ members, nonMembers, threshold }: Scores & { threshold: number }): Confusion {
  if (Number.isNaN(threshold)) throw new RangeError('confusionAt: expected a threshold, got NaN.');
  const count = (scores: Float64Array) => scores.reduce((sum, s) => sum + (s >= threshold ? 1 : 0), 0);
  return {
    truePositives: count(members),
    falsePositives: count(nonMembers),
    members: members.length,
    nonMembers: nonMembers.length,
  };
}

/**
 * TPR and FPR are independent binomials, each with its Clopper-Pearson interval [l, u]. Their difference gets
 *
 *   low  = d - sqrt((TPR - l1)^2 + (u0 - FPR)^2),   high = d + sqrt((u1 - TPR)^2 + (FPR - l0)^2),
 *
 * the square-and-add construction of Newcombe 1998 (Statistics in Medicine 17, method 10, there with Wilson limits): exact
 * limits make it slightly wide, never degenerate at 0 or all hits, and it needs no random numbers. Precision is binomial
 * given the number of records called members; with fixed group sizes Clopper-Pearson is conservative for it.
 */
export function thresholdMetrics(c: Confusion & { confidence?: number }): ThresholdMetrics {
  const { truePositives, falsePositives, members, nonMembers, confidence = DEFAULT_CONFIDENCE } = c;
  const tpr = clopperPearson({ hits: truePositives, n: members, confidence });
  const fpr = clopperPearson({ hits: falsePositives, n: nonMembers, confidence });
  const precision = clopperPearson({ hits: truePositives, n: truePositives + falsePositives, confidence });
  const common = { n: members + nonMembers, confidence, method: 'clopper-pearson' } as const;
  if (tpr.value === null || fpr.value === null) {
    throw new RangeError(`thresholdMetrics: expected members and non-members, got ${members} and ${nonMembers}.`);
  }
  const d = tpr.value - fpr.value;
  const low = Math.max(-1, d - Math.hypot(tpr.value - tpr.low, fpr.high - fpr.value));
  const high = Math.min(1, d + Math.hypot(tpr.high - tpr.value, fpr.value - fpr.low));
  return {
    advantage: { value: d, low, high, ...common },
    balancedAccuracy: { value: (1 + d) / 2, low: (1 + low) / 2, high: (1 + high) / 2, ...common },
    precision,
    recall: tpr,
  };
}
