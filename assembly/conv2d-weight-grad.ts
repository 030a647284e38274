// Weight gradient of conv2d: what each weight multiplied, times the gradient that arrived there.
//
//   dw[ky,kx,c,o] = sum over n, oy, ox of x[n,iy,ix,c] * g[n,oy,ox,o],
//   where iy = oy*strideH + ky*dilH - padTop and ix = ox*strideW + kx*dilW - padLeft
//
//   x [n,h,wd,ci], g [n,oh,ow,co], dw [kh,kw,ci/groups,co].
//
// One call computes share `part` of `parts` of the filters, for threads; the other columns of dw stay as they are.
// After a pool or relu most of g is zero, and products with zero are then left out: where x is not finite and g is 0,
// nothing is added instead of NaN. Otherwise the bits are the same either way, and neither depends on `parts`.
import { conv2d_weight_grad_f32__dense } from './conv2d-weight-dense';
import { conv2d_weight_grad_f32__sparse } from './conv2d-weight-sparse';
import { density } from './sparse-lists';

export function conv2d_weight_grad_f32(
  x: usize,
  g: usize,
  dw: usize,
  n: i32,
  h: i32,
  wd: i32,
  ci: i32,
  kh: i32,
  kw: i32,
  co: i32,
  oh: i32,
  ow: i32,
  strideH: i32,
  strideW: i32,
  padTop: i32,
  padLeft: i32,
  dilH: i32,
  dilW: i32,
  groups: i32,
  part: i32,
  parts: i32,
): void {
  // of all filters, so that every share is computed the same way
  if (density(g, n * oh * ow, co) < 0.7) {
    conv2d_weight_grad_f32__sparse(
      x,
      g,
      dw,
      n,
      h,
      wd,
      ci,
      kh,
      kw,
      co,
      oh,
      ow,
      strideH,
      strideW,
      padTop,
      padLeft,
      dilH,
      dilW,
      groups,
      part,
      parts,
    );
  } else {
    conv2d_weight_grad_f32__dense(
      x,
      g,
      dw,
      n,
      h,
      wd,
      ci,
      kh,
      kw,
      co,
      oh,
      ow,
      strideH,
      strideW,
      padTop,
      padLeft,
      dilH,
      dilW,
      groups,
      part,
      parts,
    );
  }
}
