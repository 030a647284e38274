/**
 * The nearest point, in a norm, where a linear function has a given value, within bounds: the smallest d with
 *
 *   w . d = c,   low <= x + d <= high.
 *
 * Each number moves towards c only: d_j = sign(c w_j) u_j, 0 <= u_j <= m_j (the room it has), sum |w_j| u_j = |c|. Then linf:
 * u_j = min(m_j, t); l2: u_j = min(m_j, t |w_j|); l1: the numbers of the largest |w_j| first, each as far as it can. The t solves a
 * concave, increasing, piecewise linear equation; Newton's method from the left reaches it in finitely many steps, without sorting.
 * Where the bounds leave too little room, every number goes as far as it helps.
 *
 * Source: Croce & Hein 2020 (ICML), Minimally distorted adversarial examples with a fast adaptive boundary attack, section 2.1.
 */
import type { Norm, Row } from '../norms.ts';
import type { InputSpace } from '../space.ts';

export type HyperplaneNorm = Exclude<Norm, 'l0'>;

/** @returns d [width], with zeros for numbers that are fixed */
export function toHyperplane(
  norm: HyperplaneNorm,
  w: Float64Array,
  c: number,
  x: Row,
  space: InputSpace,
): Float64Array {
  const { width, low, high, fixed } = space;
  const weights = new Float64Array(width);
  const room = new Float64Array(width);
  const d = new Float64Array(width);
  let reach = 0;
  for (let j = 0; j < width; j++) {
    const weight = w[j]!;
    if (fixed[j] || !Number.isFinite(weight)) continue;
    const value = x.values[x.at + j]!;
    weights[j] = Math.abs(weight);
    room[j] = Math.max(0, weight * c > 0 ? high[j]! - value : value - low[j]!);
    reach += weights[j]! * room[j]!;
  }
  const gap = Math.abs(c);
  if (!(reach > gap)) for (let j = 0; j < width; j++) d[j] = weights[j] === 0 ? 0 : room[j]!;
  else if (norm === 'l1') largestFirst(weights, room, gap, d);
  else levelled(weights, room, gap, norm, d);
  for (let j = 0; j < width; j++) if (w[j]! * c < 0) d[j] = -d[j]!;
  return d;
}

function levelled(weights: Float64Array, room: Float64Array, gap: number, norm: 'linf' | 'l2', u: Float64Array): void {
  // how far each number goes at t = 1, what that brings, and what it brings at its bound
  const speed = norm === 'linf' ? weights.map((weight) => (weight === 0 ? 0 : 1)) : weights;
  const rates = weights.map((weight, j) => weight * speed[j]!);
  const ends = weights.map((weight, j) => weight * room[j]!);
  for (let t = 0; ; ) {
    // what is at its bound at t gives all that it has, the others share the rest
    let [rest, rate] = [gap, 0];
    for (let j = 0; j < u.length; j++) {
      if (t * speed[j]! >= room[j]!) rest -= ends[j]!;
      else rate += rates[j]!;
    }
    const next = rest / rate;
    if (!(next > t && rate > 0)) {
      for (let j = 0; j < u.length; j++) u[j] = Math.min(room[j]!, t * speed[j]!);
      return;
    }
    t = next;
  }
}

function largestFirst(weights: Float64Array, room: Float64Array, gap: number, u: Float64Array): void {
  const order = Int32Array.from(weights.keys()).sort((a, b) => weights[b]! - weights[a]! || a - b);
  let left = gap;
  for (const j of order) {
    if (!(left > 0 && weights[j]! > 0)) return;
    u[j] = Math.min(room[j]!, left / weights[j]!);
    left -= weights[j]! * u[j]!;
  }
}

/** Size of d. */
export function sizeOfMove(norm: HyperplaneNorm, d: Float32Array | Float64Array): number {
  let [sum, most] = [0, 0];
  for (const value of d) {
    const size = Math.abs(value);
    most = Math.max(most, size);
    sum += norm === 'l2' ? size * size : size;
  }
  return norm === 'linf' ? most : norm === 'l2' ? Math.sqrt(sum) : sum;
}

/** Size in the dual norm: |c| over it is the distance to a hyperplane where there are no bounds. */
export function dualSize(norm: HyperplaneNorm, w: Float32Array | Float64Array): number {
  return sizeOfMove(norm === 'linf' ? 'l1' : norm === 'l1' ? 'linf' : 'l2', w);
}
