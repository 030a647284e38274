// Small helpers shared by the kernels, inlined wherever they are used.

// a * b + c in four lanes. Build `relaxed` fuses the two roundings into one; build `base` rounds twice, the same
// everywhere.
export function fma(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(c, f32x4.mul(a, b));
}

// The sum with +0 for -0. A fused negative product below every f32 turns a sum of +0 into -0, and adding 0 * y later
// turns it back: with this last step a product of zero can be left out without changing a bit. In build `base` the
// product is rounded to -0 first, so a sum that starts at +0 is never -0.
export function settle(sum: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.add(sum, zero4());
  return sum;
}

// Four zeros: a global v128 constant does not compile, so it is spelled out at each use.
export function zero4(): v128 {
  return f32x4.splat(0);
}

export function min32(a: i32, b: i32): i32 {
  return a < b ? a : b;
}

export function max32(a: i32, b: i32): i32 {
  return a > b ? a : b;
}

// The smallest multiple of `step` (a power of two) that is >= n.
export function roundUp(n: i32, step: i32): i32 {
  return (n + step - 1) & -step;
}
