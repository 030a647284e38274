/** A rate with its uncertainty, and the exact interval for a binomial proportion. */
import { betaQuantile } from '../../privacy/maths/index.ts';

/** Which construction gave the interval; the docstring of each metric says how it was applied. */
export const intervalMethods = ['clopper-pearson', 'bootstrap', 'delong', 'paired-bootstrap', 't'] as const;
export type IntervalMethod = (typeof intervalMethods)[number];

export interface Estimate {
  /** null: the data do not define it (a precision where nothing was predicted positive); low and high are then 0 and 1 */
  readonly value: number | null;
  readonly low: number;
  readonly high: number;
  /** how many scores or trials the value rests on */
  readonly n: number;
  /** e.g. 0.95: in 95 % of repeated evaluations the interval holds the true value */
  readonly confidence: number;
  readonly method: IntervalMethod;
}

export const DEFAULT_CONFIDENCE = 0.95;

export function checkConfidence(confidence: number): void {
  if (!(confidence > 0 && confidence < 1)) {
    throw new RangeError(`confidence: expected a number between 0 and 1, got ${confidence}. 0.95 is usual.`);
  }
}

/**
 * hits / n with the exact interval: the proportions p under which `hits` or fewer, and `hits` or more, successes in n
 * trials each keep probability (1 - confidence) / 2. Covers at least as often as it says for every p and n.
 *
 *   low  = Beta^-1(alpha / 2; hits, n - hits + 1),   0 when hits = 0
 *   high = Beta^-1(1 - alpha / 2; hits + 1, n - hits),   1 when hits = n
 *
 * Source: Clopper and Pearson 1934, Biometrika 26.
 */
export function clopperPearson(o: { hits: number; n: number; confidence?: number }): Estimate {
  const { hits, n, confidence = DEFAULT_CONFIDENCE } = o;
  checkConfidence(confidence);
  if (!(Number.isInteger(hits) && Number.isInteger(n) && hits >= 0 && hits <= n)) {
    throw new RangeError(`clopperPearson: expected integers 0 <= hits <= n, got hits ${hits} of n ${n}.`);
  }
  const method = 'clopper-pearson';
  if (n === 0) return { value: null, low: 0, high: 1, n, confidence, method };
  const tail = (1 - confidence) / 2;
  return {
    value: hits / n,
    low: hits === 0 ? 0 : betaQuantile(tail, hits, n - hits + 1),
    high: hits === n ? 1 : betaQuantile(1 - tail, hits + 1, n - hits),
    n,
    confidence,
    method,
  };
}
