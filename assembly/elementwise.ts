// Element-wise kernels of one array: y[i] = f(x[i]). All of them may run in place (y = x).
//
// An operation is a class without fields whose `apply` is inlined into the one loop that all of them share.
import { Relu, Sigmoid, Tanh } from './activations';
import { loadUpTo, madd, select4, storeUpTo } from './lanes';
import { F32x4 } from './math';

// Two vectors per turn: their instructions overlap, and constants are loaded once for both.
function map<Op>(x: usize, y: usize, n: i32): void {
  const op = changetype<Op>(0);
  for (; n >= 8; n -= 8) {
    const a = op.apply(v128.load(x));
    const b = op.apply(v128.load(x, 16));
    v128.store(y, a);
    v128.store(y, b, 16);
    x += 32;
    y += 32;
  }
  for (; n > 0; n -= 4) {
    storeUpTo(y, op.apply(loadUpTo(x, n, f32x4.splat(0))), n);
    x += 16;
    y += 16;
  }
}

// The same with one or two parameters: a slope, the limits of a clamp.
function mapWith<Op>(x: usize, y: usize, n: i32, p: f32, q: f32): void {
  const op = changetype<Op>(0);
  const p4 = f32x4.splat(p);
  const q4 = f32x4.splat(q);
  for (; n > 0; n -= 4) {
    storeUpTo(y, op.apply(loadUpTo(x, n, f32x4.splat(0)), p4, q4), n);
    x += 16;
    y += 16;
  }
}

/** y = max(x, 0). */
export function relu_f32(x: usize, y: usize, n: i32): void {
  map<Relu>(x, y, n);
}

@unmanaged
class Exp {
  @inline
  apply(x: v128): v128 {
    return F32x4.exp(x);
  }
}

/** y = e^x. */
export function exp_f32(x: usize, y: usize, n: i32): void {
  map<Exp>(x, y, n);
}

@unmanaged
class Log {
  @inline
  apply(x: v128): v128 {
    return F32x4.log(x);
  }
}

/** y = log x. */
export function log_f32(x: usize, y: usize, n: i32): void {
  map<Log>(x, y, n);
}

/** y = tanh x. */
export function tanh_f32(x: usize, y: usize, n: i32): void {
  map<Tanh>(x, y, n);
}

/** y = 1 / (1 + e^-x). */
export function sigmoid_f32(x: usize, y: usize, n: i32): void {
  map<Sigmoid>(x, y, n);
}

@unmanaged
class Erf {
  @inline
  apply(x: v128): v128 {
    return F32x4.erf(x);
  }
}

/** y = erf x. */
export function erf_f32(x: usize, y: usize, n: i32): void {
  map<Erf>(x, y, n);
}

@unmanaged
class Gelu {
  @inline
  apply(x: v128): v128 {
    return F32x4.gelu(x);
  }
}

/** y = x/2 (1 + erf(x / sqrt 2)). */
export function gelu_f32(x: usize, y: usize, n: i32): void {
  map<Gelu>(x, y, n);
}

@unmanaged
class Sqrt {
  @inline
  apply(x: v128): v128 {
    return f32x4.sqrt(x);
  }
}

/** y = sqrt x. */
export function sqrt_f32(x: usize, y: usize, n: i32): void {
  map<Sqrt>(x, y, n);
}

@unmanaged
class Abs {
  @inline
  apply(x: v128): v128 {
    return f32x4.abs(x);
  }
}

/** y = |x|. */
export function abs_f32(x: usize, y: usize, n: i32): void {
  map<Abs>(x, y, n);
}

// Zero and NaN are neither above nor below zero and stay what they are; everything else is 1 with the sign of x.
@unmanaged
class Sign {
  @inline
  apply(x: v128): v128 {
    const one = v128.or(v128.and(x, f32x4.splat(-0.0)), f32x4.splat(1));
    return select4(one, x, f32x4.gt(f32x4.abs(x), f32x4.splat(0)));
  }
}

/** y = -1, 0 or 1; NaN for NaN. */
export function sign_f32(x: usize, y: usize, n: i32): void {
  map<Sign>(x, y, n);
}

@unmanaged
class Step {
  @inline
  apply(x: v128): v128 {
    return v128.and(f32x4.gt(x, f32x4.splat(0)), f32x4.splat(1));
  }
}

/** y = x > 0 ? 1 : 0. */
export function step_f32(x: usize, y: usize, n: i32): void {
  map<Step>(x, y, n);
}

@unmanaged
class LeakyRelu {
  @inline
  apply(x: v128, slope: v128, _q: v128): v128 {
    return select4(f32x4.mul(x, slope), x, f32x4.lt(x, f32x4.splat(0)));
  }
}

/** y = x >= 0 ? x : slope x. */
export function leaky_relu_f32(x: usize, y: usize, n: i32, slope: f32): void {
  mapWith<LeakyRelu>(x, y, n, slope, 0);
}

@unmanaged
class Clamp {
  @inline
  apply(x: v128, low: v128, high: v128): v128 {
    return f32x4.pmin(f32x4.pmax(x, low), high);
  }
}

/** y = min(max(x, low), high); NaN for NaN. */
export function clamp_f32(x: usize, y: usize, n: i32, low: f32, high: f32): void {
  mapWith<Clamp>(x, y, n, low, high);
}

@unmanaged
class Affine {
  @inline
  apply(x: v128, mul: v128, add: v128): v128 {
    return madd(x, mul, add);
  }
}

/** y = mul x + add. */
export function affine_f32(x: usize, y: usize, n: i32, mul: f32, add: f32): void {
  mapWith<Affine>(x, y, n, mul, add);
}

/** y[i] = value. */
export function fill_f32(y: usize, n: i32, value: f32): void {
  const v = f32x4.splat(value);
  for (; n > 0; n -= 4) {
    storeUpTo(y, v, n);
    y += 16;
  }
}
