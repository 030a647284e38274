/**
 * A step with momentum in the l2 ball inside the bounds, as Auto-PGD takes it; b is the point before x, x_0 the row:
 *
 *   z = clip(x_0 + min(1, epsilon / |a|_2) a),  a = x + size g / |g|_2 - x_0
 *   b <- project(x + keep (z - x) + (1 - keep) (x - b)),  the point after x in the place of the one before it
 *
 * The point ahead, z, need not be inside to the last bit, as the one that is asked about must. The projection is that of `project`, bit
 * for bit, in fewer passes over the row: each measures what it writes.
 */
import { HAIR, type Row, viewOf } from './norms.ts';
import type { InputSpace } from './space.ts';

export interface BallStep {
  readonly size: number;
  readonly keep: number;
  readonly epsilon: number;
  /** |g|_2^2 */
  readonly squares: number;
}

/**
 * @param gradient zero where a number cannot change
 * @param before at the same place as x
 * @param ahead scratch [width]
 */
export function ballStep(
  { size, keep, epsilon, squares }: BallStep,
  gradient: Row,
  x: Row,
  before: Float32Array,
  origin: Row,
  { width, low, high }: InputSpace,
  ahead: Float64Array,
): void {
  const [g, now, own] = [viewOf(gradient, width), viewOf(x, width), viewOf(origin, width)];
  const next = viewOf({ values: before, at: x.at }, width);
  const by = squares > 0 ? size / Math.sqrt(squares) : 0;
  const rest = 1 - keep;
  let sum = 0;
  for (let j = 0; j < width; j++) {
    const delta = now[j]! + by * g[j]! - own[j]!;
    ahead[j] = delta;
    sum += delta * delta;
  }
  const back = Math.min(1, epsilon / Math.sqrt(sum));
  sum = 0;
  for (let j = 0; j < width; j++) {
    const here = now[j]!;
    const from = own[j]!;
    const l = low[j]!;
    const h = high[j]!;
    const far = from + back * ahead[j]!;
    const z = far < l ? l : far > h ? h : far;
    const value = Math.fround(here + keep * (z - here) + rest * (here - next[j]!));
    next[j] = value < l ? l : value > h ? h : value;
    ahead[j] = value;
    const d = value - from;
    sum += d * d;
  }
  let shrink = epsilon / Math.sqrt(sum);
  // rounding to f32 may leave it a hair outside, and round a hair away again
  for (let hair = HAIR; Math.sqrt(sum) > epsilon; shrink = 1 - hair, hair *= 2) {
    sum = 0;
    for (let j = 0; j < width; j++) {
      const from = own[j]!;
      const l = low[j]!;
      const h = high[j]!;
      const value = Math.fround(from + shrink * (ahead[j]! - from));
      next[j] = value < l ? l : value > h ? h : value;
      ahead[j] = value;
      const d = value - from;
      sum += d * d;
    }
  }
}
