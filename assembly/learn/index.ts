// Rows of kernel matrices for support vector machines, in f64: one row of features against many.
//
//   squares: out[j] = |q - x_j|^2;  products: out[j] = q . x_j;  then in place  exp: e^(scale v)  or  power: (scale v + shift)^degree
//
// The many lie in panels of four rows, feature after feature, so that four sums advance together and each adds its features
// in their order: no result depends on where its row stands, and plain TypeScript has the same bits (engine/learn/svm/rows.ts).
// Nothing is fused, so there is one build.
import { F64x2 } from './exp';

export { advance_f64, partner_f64 } from './smo';

export function squares_f64(panels: usize, q: usize, out: usize, n: i32, d: i32): void {
  for (; n > 0; n -= 4, out += 32) {
    let a = f64x2.splat(0);
    let b = f64x2.splat(0);
    for (let f: usize = 0, end = (<usize>d) << 3; f < end; f += 8, panels += 32) {
      const v = v128.load_splat<f64>(q + f);
      const p = f64x2.sub(v, v128.load(panels));
      const r = f64x2.sub(v, v128.load(panels, 16));
      a = f64x2.add(a, f64x2.mul(p, p));
      b = f64x2.add(b, f64x2.mul(r, r));
    }
    v128.store(out, a);
    v128.store(out, b, 16);
  }
}

export function products_f64(panels: usize, q: usize, out: usize, n: i32, d: i32): void {
  for (; n > 0; n -= 4, out += 32) {
    let a = f64x2.splat(0);
    let b = f64x2.splat(0);
    for (let f: usize = 0, end = (<usize>d) << 3; f < end; f += 8, panels += 32) {
      const v = v128.load_splat<f64>(q + f);
      a = f64x2.add(a, f64x2.mul(v, v128.load(panels)));
      b = f64x2.add(b, f64x2.mul(v, v128.load(panels, 16)));
    }
    v128.store(out, a);
    v128.store(out, b, 16);
  }
}

/** v = e^(scale v), n rounded up to a multiple of four. */
export function exp_f64(v: usize, n: i32, scale: f64): void {
  const s = f64x2.splat(scale);
  for (; n > 0; n -= 4, v += 32) {
    v128.store(v, F64x2.exp(f64x2.mul(s, v128.load(v))));
    v128.store(v, F64x2.exp(f64x2.mul(s, v128.load(v, 16))), 16);
  }
}

/** v = (scale v + shift)^degree by squaring, n rounded up to a multiple of two. */
export function power_f64(v: usize, n: i32, scale: f64, shift: f64, degree: i32): void {
  const s = f64x2.splat(scale);
  const t = f64x2.splat(shift);
  for (; n > 0; n -= 2, v += 16) {
    let base = f64x2.add(f64x2.mul(s, v128.load(v)), t);
    let power = f64x2.splat(1);
    for (let k = degree; k > 0; k >>= 1) {
      if (k & 1) power = f64x2.mul(power, base);
      base = f64x2.mul(base, base);
    }
    v128.store(v, power);
  }
}
