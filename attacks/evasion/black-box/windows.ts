/**
 * Where Square changes a row: a square of an image at random, alike in no two channels; of a table, whose columns have no neighbours, as
 * many columns at random.
 *
 * In l2 a window has a shape: two halves of opposite signs, each falling off from its middle as
 *
 *   eta(r, s) = sum of 1 / m^2 for m from max(|r - h1 / 2|, |s - h2 / 2|) + 1 to h1 / 2 + 1   (halves h1 x h2, division rounded down),
 *
 * and length 1. Columns of a table get random signs instead.
 *
 * Source: Andriushchenko et al. 2020 (ECCV), Square Attack, algorithms 2 and 3, equation 4.
 */
import type { Rng, Shape } from '../../../engine/index.ts';
import type { InputSpace } from '../space.ts';

/** Rows, columns and channels of an image [height, width, channels]. */
export interface Grid {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** Numbers of the first channel; channel c is c further on. */
export interface Window {
  readonly places: Int32Array;
  /** of length 1 [places] */
  readonly shape: Float64Array;
}

/** null: rows of a table. */
export function gridOf(inputShape: Shape): Grid | null {
  if (inputShape.length !== 2 && inputShape.length !== 3) return null;
  const [height, width, channels = 1] = inputShape as readonly [number, number, number?];
  return { height, width, channels };
}

/** Share of the row in a window after some questions: halved at the times that the paper gives for 10,000. */
export function shareAt(asked: number, first: number): number {
  let share = first;
  for (const time of [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000]) if (asked > time) share /= 2;
  return share;
}

/** @param odd at least 3 wide, and odd, as in l2 */
export function sideOf(share: number, { height, width }: Grid, odd: boolean): number {
  const most = Math.min(height, width);
  const side = Math.max(Math.round(Math.sqrt(share * height * width)), odd ? 3 : 1);
  if (!odd) return Math.max(1, Math.min(side, most - 1));
  const fits = Math.min(side + (side % 2 === 0 ? 1 : 0), most);
  return fits % 2 === 0 ? fits - 1 : fits;
}

export function squareAt(grid: Grid, top: number, left: number, side: number, shape: Float64Array): Window {
  const places: number[] = [];
  const kept: number[] = [];
  for (let r = 0; r < side && top + r < grid.height; r++) {
    for (let s = 0; s < side && left + s < grid.width; s++) {
      places.push(((top + r) * grid.width + left + s) * grid.channels);
      kept.push(shape[r * side + s]!);
    }
  }
  return { places: Int32Array.from(places), shape: Float64Array.from(kept) };
}

export function randomSquare(grid: Grid, side: number, shape: Float64Array, rng: Rng): Window {
  const top = rng.below(grid.height - side + 1);
  return squareAt(grid, top, rng.below(grid.width - side + 1), side, shape);
}

export function randomColumns(share: number, { width, fixed }: InputSpace, rng: Rng): Window {
  const free = Int32Array.from(fixed.keys()).filter((j) => !fixed[j]);
  const count = Math.min(free.length, Math.max(1, Math.round(share * width)));
  const places = rng.permutation(free.length).slice(0, count).sort();
  return {
    places: Int32Array.from(places, (k) => free[k]!),
    shape: Float64Array.from(places, () => (rng.uniform() < 0.5 ? 1 : -1) / Math.sqrt(count)),
  };
}

/** The shape of a window [side, side]; the halves are one above the other, or side by side. */
export function twoBumps(side: number, sideBySide: boolean): Float64Array {
  const out = new Float64Array(side * side);
  const n = Math.floor(side / 2);
  const falls = new Float64Array(n + 2);
  for (let off = n; off >= 0; off--) falls[off] = falls[off + 1]! + 1 / ((off + 1) * (off + 1));
  let squares = 0;
  const fill = (from: number, size: number, sign: number) => {
    for (let r = 0; r < size; r++) {
      for (let s = 0; s < side; s++) {
        const value = sign * falls[Math.max(Math.abs(r - Math.floor(size / 2)), Math.abs(s - n))]!;
        out[sideBySide ? s * side + from + r : (from + r) * side + s] = value;
        squares += value * value;
      }
    }
  };
  fill(0, n, 1);
  fill(n, side - n, -1);
  return out.map((value) => value / Math.sqrt(squares));
}
