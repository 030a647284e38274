/**
 * From a point across a decision boundary towards a row, by halving: along the line between them (L2), or over balls around the row
 * onto which the point is projected (L-inf).
 *
 * Source: Chen, Jordan & Wainwright 2020, HopSkipJumpAttack (S&P), algorithm 1.
 */
import type { Samples } from '../target/index.ts';
import { askLabels, type LabelQuestions } from './ask.ts';

export interface AcrossQuestions extends LabelQuestions {
  /** rows that points are near to [n, width] */
  readonly x: Samples;
  readonly norm: 'l2' | 'linf';
  /** whether a point with this label is across the boundary for row i */
  across(label: number, i: number): boolean;
  /** moves a point of row i, `width` numbers from `at` on, to what inputs may be; default: it may be anything */
  fit?(values: Float32Array, at: number, i: number): void;
  /** questions about each row [n]; counted on */
  readonly asked: Int32Array;
}

/** Until the interval is d^-3/2 (L2) or d^-2 (L-inf) of the way, as in the paper's appendix, or less. */
export function bisections(norm: 'l2' | 'linf', width: number): number {
  const power = norm === 'l2' ? width * width * width : width * width * width * width;
  let count = 1;
  for (let fourths = 1; fourths < power; fourths *= 4) count++;
  return count;
}

/** 1 for each point made by `write` for one of the rows that is across. */
export async function crosses(
  o: AcrossQuestions,
  rows: Int32Array,
  write: (k: number, into: Float32Array, at: number) => void,
): Promise<Int32Array> {
  const labels = await askLabels(o, rows.length, write);
  for (const row of rows) o.asked[row]!++;
  return labels.map((label, k) => (o.across(label, rows[k]!) ? 1 : 0));
}

/** From row i to the point at `at`. */
export function distanceTo({ x, width, norm }: AcrossQuestions, i: number, points: Float32Array, at: number): number {
  let [squares, most] = [0, 0];
  for (let j = 0; j < width; j++) {
    const d = Math.abs(points[at + j]! - x[i * width + j]!);
    squares += d * d;
    most = Math.max(most, d);
  }
  return norm === 'l2' ? Math.sqrt(squares) : most;
}

/** Moves each point [rows, width] towards its row in place, as far as it is known to stay across. */
export async function bisect(o: AcrossQuestions, rows: Int32Array, points: Float32Array): Promise<void> {
  const { x, width, norm } = o;
  const low = new Float64Array(rows.length);
  const high = new Float64Array(rows.length).fill(1);
  const whole = Float64Array.from(rows, (row, k) => distanceTo(o, row, points, k * width));
  const between = (k: number, share: number, into: Float32Array, at: number) => {
    const reach = share * whole[k]!;
    for (let j = 0; j < width; j++) {
      const own = x[rows[k]! * width + j]!;
      const way = points[k * width + j]! - own;
      into[at + j] = own + (norm === 'l2' ? share * way : Math.max(-reach, Math.min(reach, way)));
    }
    o.fit?.(into, at, rows[k]!);
  };
  for (let step = bisections(norm, width); step > 0; step--) {
    const middle = low.map((value, k) => (value + high[k]!) / 2);
    const found = await crosses(o, rows, (k, into, at) => between(k, middle[k]!, into, at));
    for (const [k, other] of found.entries()) (other ? high : low)[k] = middle[k]!;
  }
  for (const k of rows.keys()) if (high[k]! < 1) between(k, high[k]!, points, k * width);
}
