// Optimiser steps, fused and in place: one pass over parameters, gradients and state.
//
// State that decays without new gradients (a dead unit's, an input's that is always 0) would end as a subnormal number and
// stay one, since rounding stops its decay: processors take some hundred cycles for each. It becomes 0 instead.
import { loadUpTo, madd, nmadd, storeUpTo } from './lanes';

const EXPONENT: usize = memory.data<i32>([0x7f800000]);

/** v with 0 in place of subnormal numbers, whose exponent bits are 0. */
function withoutSubnormals(v: v128): v128 {
  const exponent = v128.and(v, v128.load_splat<i32>(EXPONENT));
  return v128.andnot(v, i32x4.eq(exponent, i32x4.splat(0)));
}

/**
 * Stochastic gradient descent by PyTorch's rule: g' = g + weightDecay p; v = momentum v + g'; the step is v, or
 * g' + momentum v (Nesterov), or g' when there is no v (pointer 0); p -= lr step.
 */
export function sgd_f32(
  p: usize,
  g: usize,
  v: usize,
  n: i32,
  lr: f32,
  momentum: f32,
  weightDecay: f32,
  nesterov: i32,
): void {
  const zero = f32x4.splat(0);
  const lr4 = f32x4.splat(lr);
  const momentum4 = f32x4.splat(momentum);
  const decay4 = f32x4.splat(weightDecay);
  let i = 0;
  if (v && !nesterov) {
    // the usual case, two vectors per turn
    for (; i + 8 <= n; i += 8) {
      const o = (<usize>i) << 2;
      const w0 = v128.load(p + o);
      const w1 = v128.load(p + o, 16);
      const s0 = madd(decay4, w0, v128.load(g + o));
      const s1 = madd(decay4, w1, v128.load(g + o, 16));
      const v0 = withoutSubnormals(madd(momentum4, v128.load(v + o), s0));
      const v1 = withoutSubnormals(madd(momentum4, v128.load(v + o, 16), s1));
      v128.store(v + o, v0);
      v128.store(v + o, v1, 16);
      v128.store(p + o, nmadd(lr4, v0, w0));
      v128.store(p + o, nmadd(lr4, v1, w1), 16);
    }
  }
  for (; i < n; i += 4) {
    const o = (<usize>i) << 2;
    const left = n - i;
    const weight = loadUpTo(p + o, left, zero);
    const slope = madd(decay4, weight, loadUpTo(g + o, left, zero));
    let step = slope;
    if (v) {
      const velocity = withoutSubnormals(madd(momentum4, loadUpTo(v + o, left, zero), slope));
      storeUpTo(v + o, velocity, left);
      step = nesterov ? madd(momentum4, velocity, slope) : velocity;
    }
    storeUpTo(p + o, nmadd(lr4, step, weight), left);
  }
}

/**
 * Adam (Kingma & Ba 2015), AdamW (Loshchilov & Hutter 2019) when decoupled: m = beta1 m + (1 - beta1) g, v = beta2 v +
 * (1 - beta2) g^2, p -= lr (m / correction1) / (sqrt(v / correction2) + eps), where correction = 1 - beta^t. Weight decay
 * adds weightDecay p to g, or, decoupled, first multiplies p by 1 - lr weightDecay.
 */
export function adam_f32(
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  n: i32,
  lr: f64,
  beta1: f64,
  beta2: f64,
  eps: f64,
  weightDecay: f64,
  decoupled: i32,
  correction1: f64,
  correction2: f64,
): void {
  const zero = f32x4.splat(0);
  const b1 = f32x4.splat(<f32>beta1);
  const b2 = f32x4.splat(<f32>beta2);
  const a1 = f32x4.splat(<f32>(1 - beta1)); // from the f64 argument: in f32, 1 - 0.999 would be off by 1e-5
  const a2 = f32x4.splat(<f32>(1 - beta2));
  const c1 = f32x4.splat(<f32>correction1);
  const c2 = f32x4.splat(<f32>correction2);
  const eps4 = f32x4.splat(<f32>eps);
  const lr4 = f32x4.splat(<f32>lr);
  const shrink = f32x4.splat(decoupled ? <f32>(1 - lr * weightDecay) : 1);
  const decay = f32x4.splat(decoupled ? 0 : <f32>weightDecay);
  for (let i = 0; i < n; i += 4) {
    const o = (<usize>i) << 2;
    const left = n - i;
    const weight = loadUpTo(p + o, left, zero);
    const slope = madd(decay, weight, loadUpTo(g + o, left, zero));
    const first = withoutSubnormals(madd(a1, slope, f32x4.mul(b1, loadUpTo(m + o, left, zero))));
    const second = withoutSubnormals(madd(f32x4.mul(a2, slope), slope, f32x4.mul(b2, loadUpTo(v + o, left, zero))));
    storeUpTo(m + o, first, left);
    storeUpTo(v + o, second, left);
    const root = f32x4.add(f32x4.sqrt(f32x4.div(second, c2)), eps4);
    const step = f32x4.div(f32x4.mul(lr4, f32x4.div(first, c1)), root);
    storeUpTo(p + o, f32x4.sub(f32x4.mul(weight, shrink), step), left);
  }
}
