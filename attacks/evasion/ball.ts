/**
 * A step with momentum in the l2 ball inside the bounds, as Auto-PGD takes it; b is the point before x, x_0 the row:
 *
 *   z = clip(x_0 + min(1, epsilon / |a|_2) a),  a = x + size g / |g|_2 - x_0
 *   b <- project(x + keep (z - x) + (1 - keep) (x - b)),  the point after x in the place of the one before it
 *
 * The point ahead, z, need not be inside to the last bit, as the one that is asked about must. The projection is that of `project`, bit
 * for bit, in fewer passes over the row: each measures what it writes.
 */
import type { Row } from './norms.ts';
import { HAIR } from './norms.ts';
import type { InputSpace } from './space.ts';

export interface BallStep {
  readonly size: number;
  readonly keep: number;
  readonly epsilon: number;
  /** |g|_2^2 */
  readonly squares: number;
}

/**
 * @param gradient at the same places as x; zero where a number cannot change
 * @param before at the same places as x
 * @param ahead scratch [width]
 */
export function ballStep(
  { size, keep, epsilon, squares }: BallStep,
  gradient: Float32Array,
  { values, at }: Row,
  before: Float32Array,
  origin: Row,
  { width, low, high }: InputSpace,
  ahead: Float64Array,
): void {
  const x = origin.values;
  const by = squares > 0 ? size / Math.sqrt(squares) : 0;
  const rest = 1 - keep;
  let sum = 0;
  for (let j = 0, a = at, c = origin.at; j < width; j++, a++, c++) {
    const delta = values[a]! + by * gradient[a]! - x[c]!;
    ahead[j] = delta;
    sum += delta * delta;
  }
  const back = Math.min(1, epsilon / Math.sqrt(sum));
  sum = 0;
  for (let j = 0, a = at, c = origin.at; j < width; j++, a++, c++) {
    const here = values[a]!;
    const own = x[c]!;
    const l = low[j]!;
    const h = high[j]!;
    const z = Math.min(h, Math.max(l, own + back * ahead[j]!));
    const next = Math.fround(here + keep * (z - here) + rest * (here - before[a]!));
    before[a] = next < l ? l : next > h ? h : next;
    ahead[j] = next;
    const d = next - own;
    sum += d * d;
  }
  let shrink = epsilon / Math.sqrt(sum);
  // rounding to f32 may leave it a hair outside, and round a hair away again
  for (let hair = HAIR; Math.sqrt(sum) > epsilon; shrink = 1 - hair, hair *= 2) {
    sum = 0;
    for (let j = 0, a = at, c = origin.at; j < width; j++, a++, c++) {
      const own = x[c]!;
      const l = low[j]!;
      const h = high[j]!;
      const next = Math.fround(own + shrink * (ahead[j]! - own));
      before[a] = next < l ? l : next > h ? h : next;
      ahead[j] = next;
      const d = next - own;
      sum += d * d;
    }
  }
}
