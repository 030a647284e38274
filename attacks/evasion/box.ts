/**
 * The linf ball inside the bounds is a box for each row, and a step of signs with its projection one pass without branches: where a
 * branch depends on the sign of a gradient, a processor guesses wrongly half of the time, and that costs more than the arithmetic.
 */
import { floorF32, type Row, viewOf } from './norms.ts';
import type { InputSpace } from './space.ts';

export interface Box {
  /** least and greatest f32 of each number that are in the ball and in the bounds [n, width] */
  readonly low: Float32Array;
  readonly high: Float32Array;
}

export function boxAround({ width, low, high, fixed }: InputSpace, epsilon: number, x: Float32Array): Box {
  const box = { low: x.slice(), high: x.slice() };
  for (let i = 0; i < x.length; i++) {
    const j = i % width;
    if (fixed[j]) continue;
    box.low[i] = Math.max(low[j]!, -floorF32(epsilon - x[i]!));
    box.high[i] = Math.min(high[j]!, floorF32(x[i]! + epsilon));
  }
  return box;
}

/** Makes |g| of zero a divisor; too small to change any other f32. */
const TINY = 1e-300;

/**
 * x_j <- clamp(x_j + size sign(g_j), low_j, high_j), with sign(g) = g / (|g| + tiny) and
 * clamp(v, l, h) = (|v - l| - |v - h| + l + h) / 2: in f64 exact enough that the f32 result is in the box.
 * @param origin place of the row's box
 */
export function signStep(size: number, gradient: Row, x: Row, box: Box, origin: number, width: number): void {
  const [g, values] = [viewOf(gradient, width), viewOf(x, width)];
  const low = viewOf({ values: box.low, at: origin }, width);
  const high = viewOf({ values: box.high, at: origin }, width);
  for (let j = 0; j < width; j++) {
    const slope = g[j]!;
    const v = values[j]! + (size * slope) / (Math.abs(slope) + TINY);
    const l = low[j]!;
    const h = high[j]!;
    values[j] = 0.5 * (Math.abs(v - l) - Math.abs(v - h) + l + h);
  }
}

/**
 * The same with momentum, as Auto-PGD steps; with clamp as above, b the point before x, whose place the one after x takes:
 *
 *   z = clamp(x + size sign(g));  b <- clamp(x + keep (z - x) + (1 - keep) (x - b))
 *
 * @param gradient at the same places as x
 * @param before at the same places as x
 */
export function momentumStep(
  size: number,
  keep: number,
  gradient: Float32Array,
  { values, at }: Row,
  before: Float32Array,
  { low, high }: Box,
  origin: number,
  width: number,
): void {
  const rest = 1 - keep;
  for (let a = at, c = origin; a < at + width; a++, c++) {
    const slope = gradient[a]!;
    const here = values[a]!;
    const l = low[c]!;
    const h = high[c]!;
    const up = here + (size * slope) / (Math.abs(slope) + TINY);
    const z = 0.5 * (Math.abs(up - l) - Math.abs(up - h) + l + h);
    const v = here + keep * (z - here) + rest * (here - before[a]!);
    before[a] = 0.5 * (Math.abs(v - l) - Math.abs(v - h) + l + h);
  }
}
