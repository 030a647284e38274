// Fused gradients of element-wise functions: dx[i] = g[i] f'(x[i]), from x or from y = f(x). dx may be g, x or y.
import { Relu, Sigmoid, Tanh } from './activations';
import { loadUpTo, select4, storeUpTo } from './lanes';
import { F32x4 } from './math';

function zip<Op>(g: usize, x: usize, dx: usize, n: i32, p: f32 = 0, q: f32 = 0): void {
  const op = changetype<Op>(0);
  const p4 = f32x4.splat(p);
  const q4 = f32x4.splat(q);
  const zero = f32x4.splat(0);
  for (; n > 0; n -= 4) {
    storeUpTo(dx, op.apply(loadUpTo(g, n, zero), loadUpTo(x, n, zero), p4, q4), n);
    g += 16;
    x += 16;
    dx += 16;
  }
}

@unmanaged
class ReluGrad {
  @inline
  apply(g: v128, y: v128, _p: v128, _q: v128): v128 {
    return changetype<Relu>(0).back(g, y);
  }
}

/** dx = g where y > 0, else 0. */
export function relu_grad_f32(g: usize, y: usize, dx: usize, n: i32): void {
  zip<ReluGrad>(g, y, dx, n);
}

@unmanaged
class LeakyReluGrad {
  @inline
  apply(g: v128, x: v128, slope: v128, _q: v128): v128 {
    return select4(f32x4.mul(g, slope), g, f32x4.lt(x, f32x4.splat(0)));
  }
}

/** dx = x >= 0 ? g : slope g. */
export function leaky_relu_grad_f32(g: usize, x: usize, dx: usize, n: i32, slope: f32): void {
  zip<LeakyReluGrad>(g, x, dx, n, slope);
}

@unmanaged
class TanhGrad {
  @inline
  apply(g: v128, y: v128, _p: v128, _q: v128): v128 {
    return changetype<Tanh>(0).back(g, y);
  }
}

/** dx = g (1 - y^2). */
export function tanh_grad_f32(g: usize, y: usize, dx: usize, n: i32): void {
  zip<TanhGrad>(g, y, dx, n);
}

@unmanaged
class SigmoidGrad {
  @inline
  apply(g: v128, y: v128, _p: v128, _q: v128): v128 {
    return changetype<Sigmoid>(0).back(g, y);
  }
}

/** dx = g y (1 - y). */
export function sigmoid_grad_f32(g: usize, y: usize, dx: usize, n: i32): void {
  zip<SigmoidGrad>(g, y, dx, n);
}

@unmanaged
class GeluGrad {
  @inline
  apply(g: v128, x: v128, _p: v128, _q: v128): v128 {
    return f32x4.mul(g, F32x4.geluSlope(x));
  }
}

/** dx = g (Phi(x) + x phi(x)). */
export function gelu_grad_f32(g: usize, x: usize, dx: usize, n: i32): void {
  zip<GeluGrad>(g, x, dx, n);
}

@unmanaged
class ClampGrad {
  @inline
  apply(g: v128, x: v128, low: v128, high: v128): v128 {
    return v128.and(g, v128.and(f32x4.ge(x, low), f32x4.le(x, high)));
  }
}

/** dx = g where low <= x <= high, else 0. */
export function clamp_grad_f32(g: usize, x: usize, dx: usize, n: i32, low: f32, high: f32): void {
  zip<ClampGrad>(g, x, dx, n, low, high);
}
