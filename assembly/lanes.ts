// Four f32 lanes at a time, and what to do with the last one to three elements of a row.
//
// A tail is loaded into a padded vector and goes through the same instructions as every full vector. So an element's
// result never depends on where it stands, and each kernel has one formula, not two.

/** The last r (1 to 3) elements at p; the lanes behind them keep `rest`. */
export function loadTail(p: usize, r: i32, rest: v128): v128 {
  if (r === 1) return v128.load_lane<f32>(p, rest, 0);
  const two = v128.load_lane<f64>(p, rest, 0);
  return r === 2 ? two : v128.load_lane<f32>(p, two, 2, 8);
}

/** Writes the first r (1 to 3) lanes of v to p. */
export function storeTail(p: usize, v: v128, r: i32): void {
  if (r === 1) {
    v128.store_lane<f32>(p, v, 0);
  } else {
    v128.store_lane<f64>(p, v, 0);
    if (r === 3) v128.store_lane<f32>(p, v, 2, 8);
  }
}

/** Lanes i, i + 1, … of a row of n: a full vector, or its tail padded with `rest`. */
export function loadUpTo(p: usize, left: i32, rest: v128): v128 {
  return left >= 4 ? v128.load(p) : loadTail(p, left, rest);
}

/** Writes min(4, left) lanes. */
export function storeUpTo(p: usize, v: v128, left: i32): void {
  if (left >= 4) v128.store(p, v);
  else storeTail(p, v, left);
}

/** Constant number i of a table made by memory.data, in every lane. */
// Loads inside a loop cost almost nothing; V8 rebuilds a vector immediate from four instructions in every iteration.
export function constant(table: usize, i: i32): v128 {
  return v128.load_splat<f32>(table + (i << 2));
}

/** a * b + c: rounded once where the build has relaxed SIMD, twice in the base build. */
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** c - a * b. */
export function nmadd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_nmadd(a, b, c);
  return f32x4.sub(c, f32x4.mul(a, b));
}

/** mask ? a : b, lane by lane; a mask lane is all ones or all zeros. */
export function select4(a: v128, b: v128, mask: v128): v128 {
  return v128.bitselect(a, b, mask);
}

/** Lanes 0 and 1, as two f64. */
export function lowHalf(v: v128): v128 {
  return f64x2.promote_low_f32x4(v);
}

/** Lanes 2 and 3, as two f64. */
export function highHalf(v: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<i32>(v, v, 2, 3, 2, 3));
}

/** The sum of four f32 lanes, added in f64. */
export function laneSum(v: v128): f64 {
  const pair = f64x2.add(lowHalf(v), highHalf(v));
  return f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1);
}

/** The largest of four lanes; NaN when a lane is NaN. */
export function laneMax(v: v128): f32 {
  const pair = f32x4.max(v, v128.shuffle<i32>(v, v, 2, 3, 0, 1));
  return max<f32>(f32x4.extract_lane(pair, 0), f32x4.extract_lane(pair, 1));
}
