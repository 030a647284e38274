// Element-wise kernels: y[i] = f(x[i]) and dx[i] = f(g[i], x[i]). All of them may run in place (y or dx on an input).
//
// An operation is a class without fields whose `apply` is inlined into the one loop that all of them share; p and q are
// the operation's parameters (a slope, the limits of a clamp), or nothing.
import { loadTail, madd, select4, storeTail } from './lanes';
import { erf4, exp4, gelu4, geluSlope4, log4, sigmoid4, tanh4 } from './math';

// @ts-ignore: decorator
@inline
function map<Op>(x: usize, y: usize, n: i32, p: f32 = 0, q: f32 = 0): void {
  const op = changetype<Op>(0);
  const p4 = f32x4.splat(p);
  const q4 = f32x4.splat(q);
  const end = n & ~3;
  for (let i = 0; i < end; i += 4) v128.store(y + (i << 2), op.apply(v128.load(x + (i << 2)), p4, q4));
  const r = n & 3;
  if (r) {
    const o = <usize>end << 2;
    storeTail(y + o, op.apply(loadTail(x + o, r, f32x4.splat(0)), p4, q4), r);
  }
}

// @ts-ignore: decorator
@inline
function zip<Op>(g: usize, x: usize, dx: usize, n: i32, p: f32 = 0, q: f32 = 0): void {
  const op = changetype<Op>(0);
  const p4 = f32x4.splat(p);
  const q4 = f32x4.splat(q);
  const end = n & ~3;
  for (let i = 0; i < end; i += 4) {
    const o = <usize>i << 2;
    v128.store(dx + o, op.apply(v128.load(g + o), v128.load(x + o), p4, q4));
  }
  const r = n & 3;
  if (r) {
    const o = <usize>end << 2;
    const zero = f32x4.splat(0);
    storeTail(dx + o, op.apply(loadTail(g + o, r, zero), loadTail(x + o, r, zero), p4, q4), r);
  }
}

// pmax(x, 0) is one x86 instruction where max is several, and keeps a NaN in x.
@unmanaged class Relu {
  // @ts-ignore: decorator
  @inline apply(x: v128, p: v128, q: v128): v128 { return f32x4.pmax(x, f32x4.splat(0)); }
}
@unmanaged class LeakyRelu {
  // @ts-ignore: decorator
  @inline apply(x: v128, slope: v128, q: v128): v128 {
    return select4(f32x4.mul(x, slope), x, f32x4.lt(x, f32x4.splat(0)));
  }
}
@unmanaged class Exp {
  // @ts-ignore: decorator
  @inline apply(x: v128, p: v128, q: v128): v128 { return exp4(x); }
}
@unmanaged class Log {
  // @ts-ignore: decorator
  @inline apply(x: v128, p: v128, q: v128): v128 { return log4(x); }
}
@unmanaged class Tanh {
  // @ts-ignore: decorator
  @inline apply(x: v128, p: v128, q: v128): v128 { return tanh4(x); }
}
@unmanaged class Sigmoid {
  // @ts-ignore: decorator
  @inline apply(x: v128, p: v128, q: v128): v128 { return sigmoid4(x); }
}
@unmanaged class Erf {
  // @ts-ignore: decorator
  @inline apply(x: v128, p: v128, q: v128): v128 { return erf4(x); }
}
@unmanaged class Gelu {
  // @ts-ignore: decorator
  @inline apply(x: v128, p: v128, q: v128): v128 { return gelu4(x); }
}
@unmanaged class Sqrt {
  // @ts-ignore: decorator
  @inline apply(x: v128, p: v128, q: v128): v128 { return f32x4.sqrt(x); }
}
@unmanaged class Abs {
  // @ts-ignore: decorator
  @inline apply(x: v128, p: v128, q: v128): v128 { return f32x4.abs(x); }
}
// Zero and NaN are neither above nor below zero and stay what they are; everything else is 1 with the sign of x.
@unmanaged class Sign {
  // @ts-ignore: decorator
  @inline apply(x: v128, p: v128, q: v128): v128 {
    const one = v128.or(v128.and(x, f32x4.splat(-0.0)), f32x4.splat(1));
    return select4(one, x, f32x4.gt(f32x4.abs(x), f32x4.splat(0)));
  }
}
@unmanaged class Step {
  // @ts-ignore: decorator
  @inline apply(x: v128, p: v128, q: v128): v128 { return v128.and(f32x4.gt(x, f32x4.splat(0)), f32x4.splat(1)); }
}
@unmanaged class Clamp {
  // @ts-ignore: decorator
  @inline apply(x: v128, low: v128, high: v128): v128 { return f32x4.pmin(f32x4.pmax(x, low), high); }
}
@unmanaged class Affine {
  // @ts-ignore: decorator
  @inline apply(x: v128, mul: v128, add: v128): v128 { return madd(x, mul, add); }
}

/** y = max(x, 0). */
export function relu_f32(x: usize, y: usize, n: i32): void { map<Relu>(x, y, n); }
/** y = x >= 0 ? x : slope x. */
export function leaky_relu_f32(x: usize, y: usize, n: i32, slope: f32): void { map<LeakyRelu>(x, y, n, slope); }
export function exp_f32(x: usize, y: usize, n: i32): void { map<Exp>(x, y, n); }
export function log_f32(x: usize, y: usize, n: i32): void { map<Log>(x, y, n); }
export function tanh_f32(x: usize, y: usize, n: i32): void { map<Tanh>(x, y, n); }
export function sigmoid_f32(x: usize, y: usize, n: i32): void { map<Sigmoid>(x, y, n); }
export function erf_f32(x: usize, y: usize, n: i32): void { map<Erf>(x, y, n); }
/** y = x/2 (1 + erf(x / sqrt 2)). */
export function gelu_f32(x: usize, y: usize, n: i32): void { map<Gelu>(x, y, n); }
export function sqrt_f32(x: usize, y: usize, n: i32): void { map<Sqrt>(x, y, n); }
export function abs_f32(x: usize, y: usize, n: i32): void { map<Abs>(x, y, n); }
/** y = -1, 0 or 1. */
export function sign_f32(x: usize, y: usize, n: i32): void { map<Sign>(x, y, n); }
/** y = x > 0 ? 1 : 0. */
export function step_f32(x: usize, y: usize, n: i32): void { map<Step>(x, y, n); }
/** y = min(max(x, low), high). */
export function clamp_f32(x: usize, y: usize, n: i32, low: f32, high: f32): void { map<Clamp>(x, y, n, low, high); }
/** y = mul x + add. */
export function affine_f32(x: usize, y: usize, n: i32, mul: f32, add: f32): void { map<Affine>(x, y, n, mul, add); }

/** y[i] = value. */
export function fill_f32(y: usize, n: i32, value: f32): void {
  const v = f32x4.splat(value);
  const end = n & ~3;
  for (let i = 0; i < end; i += 4) v128.store(y + (i << 2), v);
  if (n & 3) storeTail(y + (end << 2), v, n & 3);
}

@unmanaged class ReluGrad {
  // @ts-ignore: decorator
  @inline apply(g: v128, y: v128, p: v128, q: v128): v128 { return v128.and(g, f32x4.gt(y, f32x4.splat(0))); }
}
@unmanaged class LeakyReluGrad {
  // @ts-ignore: decorator
  @inline apply(g: v128, x: v128, slope: v128, q: v128): v128 {
    return select4(f32x4.mul(g, slope), g, f32x4.lt(x, f32x4.splat(0)));
  }
}
@unmanaged class TanhGrad {
  // @ts-ignore: decorator
  @inline apply(g: v128, y: v128, p: v128, q: v128): v128 {
    const one = f32x4.splat(1); // (1 - y)(1 + y): 1 - y^2 would cancel near 1
    return f32x4.mul(g, f32x4.mul(f32x4.sub(one, y), f32x4.add(one, y)));
  }
}
@unmanaged class SigmoidGrad {
  // @ts-ignore: decorator
  @inline apply(g: v128, y: v128, p: v128, q: v128): v128 {
    return f32x4.mul(g, f32x4.mul(y, f32x4.sub(f32x4.splat(1), y)));
  }
}
@unmanaged class GeluGrad {
  // @ts-ignore: decorator
  @inline apply(g: v128, x: v128, p: v128, q: v128): v128 { return f32x4.mul(g, geluSlope4(x)); }
}
@unmanaged class ClampGrad {
  // @ts-ignore: decorator
  @inline apply(g: v128, x: v128, low: v128, high: v128): v128 {
    return v128.and(g, v128.and(f32x4.ge(x, low), f32x4.le(x, high)));
  }
}

/** dx = g where y > 0, else 0. */
export function relu_grad_f32(g: usize, y: usize, dx: usize, n: i32): void { zip<ReluGrad>(g, y, dx, n); }
/** dx = x >= 0 ? g : slope g. */
export function leaky_relu_grad_f32(g: usize, x: usize, dx: usize, n: i32, slope: f32): void {
  zip<LeakyReluGrad>(g, x, dx, n, slope);
}
/** dx = g (1 - y^2). */
export function tanh_grad_f32(g: usize, y: usize, dx: usize, n: i32): void { zip<TanhGrad>(g, y, dx, n); }
/** dx = g y (1 - y). */
export function sigmoid_grad_f32(g: usize, y: usize, dx: usize, n: i32): void { zip<SigmoidGrad>(g, y, dx, n); }
/** dx = g (Phi(x) + x phi(x)). */
export function gelu_grad_f32(g: usize, x: usize, dx: usize, n: i32): void { zip<GeluGrad>(g, x, dx, n); }
/** dx = g where low <= x <= high, else 0. */
export function clamp_grad_f32(g: usize, x: usize, dx: usize, n: i32, low: f32, high: f32): void {
  zip<ClampGrad>(g, x, dx, n, low, high);
}
