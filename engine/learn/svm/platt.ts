/**
 * Probabilities from decision values: P(class 1 | f) = 1 / (1 + exp(A f + B)), A and B of greatest likelihood against
 * labels moved in from 0 and 1 to 1 / (n0 + 2) and (n1 + 1) / (n1 + 2).
 *
 * Platt 1999; Lin, Lin, Weng 2007, A note on Platt's probabilistic outputs, algorithm 1: Newton's method with backtracking,
 * in terms that neither overflow nor cancel.
 */
import { exp, log, log1p, sigmoid } from '../../math/index.ts';

export interface Sigmoid {
  readonly slope: number;
  readonly offset: number;
}

export const probabilityOf = ({ slope, offset }: Sigmoid, decision: number) => sigmoid(-(slope * decision + offset));

const ITERATIONS = 100;
const LEAST_STEP = 1e-10;
const RIDGE = 1e-12;
const GRADIENT = 1e-5;

/** -log of the likelihood of t at z = A f + B. */
const loss = (t: number, z: number) => (z >= 0 ? t * z + log1p(exp(-z)) : (t - 1) * z + log1p(exp(z)));

/** @param f decision values [n] of rows that their model was not fitted on; y their labels, 0 or 1 */
export function fitSigmoid(f: Float64Array, y: ArrayLike<number>): Sigmoid {
  const n = f.length;
  let ones = 0;
  for (let i = 0; i < n; i++) ones += y[i]!;
  const [high, low] = [(ones + 1) / (ones + 2), 1 / (n - ones + 2)];
  const target = Float64Array.from(f, (_, i) => (y[i] ? high : low));
  const total = (a: number, b: number) => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += loss(target[i]!, a * f[i]! + b);
    return sum;
  };
  let [a, b] = [0, -log((ones + 1) / (n - ones + 1))];
  let value = total(a, b);
  for (let k = 0; k < ITERATIONS; k++) {
    let [haa, hbb, hab, ga, gb] = [RIDGE, RIDGE, 0, 0, 0];
    for (let i = 0; i < n; i++) {
      const p = sigmoid(-(a * f[i]! + b));
      const [w, r] = [p * (1 - p), target[i]! - p];
      haa += f[i]! * f[i]! * w;
      hbb += w;
      hab += f[i]! * w;
      ga += f[i]! * r;
      gb += r;
    }
    if (Math.abs(ga) < GRADIENT && Math.abs(gb) < GRADIENT) break;
    const determinant = haa * hbb - hab * hab;
    const [da, db] = [-(hbb * ga - hab * gb) / determinant, -(haa * gb - hab * ga) / determinant];
    const slope = ga * da + gb * db;
    let step = 1;
    while (step >= LEAST_STEP) {
      const next = total(a + step * da, b + step * db);
      if (next < value + 0.0001 * step * slope) {
        [a, b, value] = [a + step * da, b + step * db, next];
        break;
      }
      step /= 2;
    }
    if (step < LEAST_STEP) break;
  }
  return { slope: a, offset: b };
}
