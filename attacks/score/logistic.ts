/** Logarithms of the logistic function and of sums of exponentials in f64, stable at both ends. */
import { exp, log, log1p } from '../../engine/math/index.ts';

/** log sigmoid(x) = -log(1 + exp(-x)): about x for very negative x, about -exp(-x) for very positive x. */
export function logSigmoid(x: number): number {
  return x >= 0 ? -log1p(exp(-x)) : x - log1p(exp(x));
}

/** log(p / (1 - p)), the inverse of sigmoid; -Infinity at 0, Infinity at 1, NaN outside [0, 1]. */
export function logit(p: number): number {
  // near 1/2 the quotient is near 1 and log would cancel: log1p of what it exceeds 1 by
  return p > 0.25 && p < 0.75 ? log1p((2 * p - 1) / (1 - p)) : log(p) - log1p(-p);
}

/** log sum_i exp(x_i), with the maximum subtracted first; x [n] -> scalar; -Infinity for n = 0. */
export function logSumExp(x: ArrayLike<number>): number {
  return logSumExpExcept(x, -1);
}

/**
 * log sum_{i != skip} exp(x_i - shift): the rest of a softmax row. Subtracting the shift here, before the sum is formed,
 * keeps differences of large logits exact: log-odds are -logSumExpExcept(z, y, z_y).
 */
export function logSumExpExcept(x: ArrayLike<number>, skip: number, shift = 0): number {
  let top = -1;
  for (let i = 0; i < x.length; i++) {
    if (Number.isNaN(x[i])) return NaN;
    if (i !== skip && (top < 0 || x[i]! > x[top]!)) top = i;
  }
  if (top < 0) return -Infinity;
  const max = x[top]!;
  if (max === Infinity || max === -Infinity) return max - shift;
  // the largest term is exp(0) = 1, so the sum of the others goes through log1p and loses nothing when it is tiny
  let others = 0;
  for (let i = 0; i < x.length; i++) if (i !== skip && i !== top) others += exp(x[i]! - max);
  return max - shift + log1p(others);
}
