/** Problems for the tests of support vector machines, and the optimality conditions that tell a solution. */
import { Rng } from '../../engine/index.ts';
import type { SvmModel } from '../../engine/learn/index.ts';

export interface Problem {
  readonly x: Float64Array;
  readonly y: Uint8Array;
  readonly d: number;
}

/** Two overlapping clouds in d dimensions, `flip` of the labels at random. */
export function clouds(seed: number, n: number, d: number, flip = 0.1): Problem {
  const rng = Rng.from(seed);
  const y = Uint8Array.from({ length: n }, (_, i) => i % 2);
  const x = Float64Array.from({ length: n * d }, (_, at) => rng.normal() + (y[Math.floor(at / d)]! ? 0.7 : -0.7));
  for (let i = 2; i < n; i++) if (rng.uniform() < flip) y[i] = rng.below(2);
  return { x, y, d };
}

/**
 * By how much the conditions of Karush, Kuhn and Tucker are violated, from the decision values alone: with margins
 * m_i = s_i f(x_i), m >= 1 where a = 0, m = 1 in between, m <= 1 where a = C.
 */
export function violation({ x, y }: Problem, model: SvmModel, bounds: readonly [number, number]): number {
  const alpha = new Float64Array(y.length);
  for (const [t, i] of model.supportRows.entries()) alpha[i] = Math.abs(model.coefficients[t]!);
  let [worst, balance] = [0, 0];
  for (const [i, f] of model.decisions(x).entries()) {
    const sign = y[i] ? 1 : -1;
    const bound = bounds[y[i]!]!;
    if (alpha[i]! < 0 || alpha[i]! > bound) return Infinity;
    const excess = sign * f - 1;
    if (alpha[i]! < bound) worst = Math.max(worst, -excess);
    if (alpha[i]! > 0) worst = Math.max(worst, excess);
    balance += sign * alpha[i]!;
  }
  return Math.max(worst, Math.abs(balance));
}

export const largestDifference = (a: Float64Array, b: Float64Array) =>
  a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i]!)), 0);
