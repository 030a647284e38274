/**
 * One attack on several targets, trained alike on different data or with different seeds: the mean of a metric over
 * targets, with the interval that their spread gives. The targets are the sample here, so the interval says what another
 * target would give; the interval of a single target says what other records of it would give.
 *
 * Scores of different targets are never pooled: a threshold that is right for one is wrong for another, and the TPR of
 * pooled scores at a low FPR is that of the targets whose scores happen to lie highest.
 */
import { betaQuantile } from '../../privacy/maths/index.ts';
import { defaultResamples, percentileInterval } from './bootstrap.ts';
import { checkConfidence, DEFAULT_CONFIDENCE, type Estimate } from './estimate.ts';
import { rank, type Scores } from './ranking.ts';
import type { MetricRng } from './rng.ts';
import { auc, isResolved, tprAt } from './roc.ts';
import { DEFAULT_FPRS } from './summarise.ts';

export interface SpreadOptions {
  readonly confidence?: number;
  /** 't' assumes that the targets' values are roughly normal; 'bootstrap' resamples targets, and wants ten of them */
  readonly method?: 't' | 'bootstrap';
  /** of the bootstrap over targets */
  readonly rng?: MetricRng;
  readonly resamples?: number;
}

/**
 * The mean of one value per target; `n` counts the targets. With a single one nothing is known of the spread: low and
 * high are the ends of `range`, which also cuts the interval.
 * @throws RangeError without values, or for the bootstrap without a generator
 */
export function meanOverTargets(
  o: SpreadOptions & { values: readonly number[]; range?: readonly [low: number, high: number] },
): Estimate {
  const { values, confidence = DEFAULT_CONFIDENCE, method = 't', range: [least, most] = [0, 1] } = o;
  checkConfidence(confidence);
  const n = values.length;
  if (n === 0) throw new RangeError('meanOverTargets: expected a value for at least one target, got none.');
  const value = values.reduce((sum, x) => sum + x, 0) / n;
  const common = { value, n, confidence, method } as const;
  if (n === 1) return { ...common, low: least, high: most };
  if (method === 'bootstrap') {
    const { low, high } = resampledMeans(values, o, confidence);
    return { ...common, low: Math.min(low, value), high: Math.max(high, value) };
  }
  const variance = values.reduce((sum, x) => sum + (x - value) ** 2, 0) / (n - 1);
  const half = studentQuantile((1 + confidence) / 2, n - 1) * Math.sqrt(variance / n);
  return { ...common, low: Math.max(least, value - half), high: Math.min(most, value + half) };
}

function resampledMeans(values: readonly number[], { rng, resamples }: SpreadOptions, confidence: number) {
  if (!rng) throw new RangeError('meanOverTargets: expected a generator for the bootstrap, got none. Pass rng.');
  const means = new Float64Array(resamples ?? defaultResamples(confidence));
  const scale = values.length / 2 ** 32;
  for (let b = 0; b < means.length; b++) {
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += values[Math.floor(rng.uint32() * scale)]!;
    means[b] = sum / values.length;
  }
  return percentileInterval(means, confidence);
}

/** t with P(T <= t) = p for Student's t with so many degrees of freedom, p >= 1/2: T^2 = df (1 - X) / X, X ~ Beta(df/2, 1/2). */
export function studentQuantile(p: number, degrees: number): number {
  if (p === 0.5) return 0;
  const x = betaQuantile(2 * (1 - p), degrees / 2, 0.5);
  return Math.sqrt((degrees * (1 - x)) / x);
}

export interface TargetSpread {
  readonly targets: number;
  readonly auc: Estimate;
  /** the mean of the targets' TPRs, each at its own threshold; null unless every target's non-members resolve the rate */
  readonly tprAtFpr: Readonly<Record<string, Estimate | null>>;
}

/** @param o.targets the scores of one attack on each target */
export function overTargets(o: SpreadOptions & { targets: readonly Scores[]; fprs?: readonly number[] }): TargetSpread {
  const { targets, fprs = DEFAULT_FPRS } = o;
  const rankings = targets.map(rank);
  const tpr = (fpr: number) =>
    rankings.every(({ nonMembers }) => isResolved({ nonMembers, fpr }))
      ? meanOverTargets({ ...o, values: rankings.map((r) => tprAt(r, fpr)) })
      : null;
  return {
    targets: targets.length,
    auc: meanOverTargets({ ...o, values: rankings.map(auc) }),
    tprAtFpr: Object.fromEntries(fprs.map((fpr) => [String(fpr), tpr(fpr)])),
  };
}
