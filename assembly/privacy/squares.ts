// Sums of squares of f32 numbers.
//
// Four or eight squares of a lane are added in f32 and the rest in f64: an error of 6 * 2^-24 of the sum at most, so half as
// much of the norm. Where the sum is so large or so small that squares leave f32, all are taken again in f64, in which a
// product of two f32 is exact: no order of magnitude is lost.
import { highHalf, loadUpTo, lowHalf, madd } from '../lanes';

// Below, squares under the smallest f32 could matter.
const SMALL: f64 = 1e-20;

// biome-ignore lint/complexity/noStaticOnlyClass: methods may be decorated, functions may not
export class Squares {
  /** Four sums, in f32. */
  @inline
  static four(s0: v128, s1: v128, s2: v128, s3: v128): v128 {
    return madd(s3, s3, madd(s2, s2, madd(s1, s1, f32x4.mul(s0, s0))));
  }

  /** sum + those of four lanes, a pair of f64. */
  @inline
  static add(sum: v128, lanes: v128): v128 {
    return f64x2.add(sum, f64x2.add(lowHalf(lanes), highHalf(lanes)));
  }
}

/** Whether a sum of squares taken by `Squares` is as exact as it says. */
export function inRange(sum: f64): bool {
  return sum > SMALL && sum < Infinity;
}

/** The sum of the squares of n numbers at x, in f64. */
export function exactSquares(x: usize, n: i32): f64 {
  const zero = f32x4.splat(0);
  let sum = f64x2.splat(0);
  for (; n > 0; n -= 4) {
    const v = loadUpTo(x, n, zero);
    const p = lowHalf(v),
      q = highHalf(v);
    sum = f64x2.add(sum, f64x2.add(f64x2.mul(p, p), f64x2.mul(q, q)));
    x += 16;
  }
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** The sum of the squares of n numbers at x. */
export function sumOfSquares(x: usize, n: i32): f64 {
  const zero = f32x4.splat(0);
  let pair = f64x2.splat(0);
  const end = n & 31;
  let at = x;
  for (let left = n; left >= 32; left -= 32) {
    const a = Squares.four(v128.load(at), v128.load(at, 16), v128.load(at, 32), v128.load(at, 48));
    const b = Squares.four(v128.load(at, 64), v128.load(at, 80), v128.load(at, 96), v128.load(at, 112));
    pair = Squares.add(pair, f32x4.add(a, b));
    at += 128;
  }
  let rest = zero;
  for (let left = end; left > 0; left -= 4) {
    const v = loadUpTo(at, left, zero);
    rest = madd(v, v, rest);
    at += 16;
  }
  pair = Squares.add(pair, rest);
  const sum = f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1);
  return inRange(sum) ? sum : exactSquares(x, n);
}
