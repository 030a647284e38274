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
import { runs, runVectors, setStrips, stripFloats } from './conv2d-strips';
import { conv2d_weight_grad_f32__dense } from './conv2d-weight-dense';
import { conv2d_weight_grad_f32__sparse } from './conv2d-weight-sparse';
import { roundUp } from './simd';
import { density } from './sparse-lists';

// The density below which leaving zeros out pays, from the multiplications of both ways for one element of g. The
// factors are measured: docs/decisions/sparse-gradients.md.
function sparseLimit(
  inC: i32,
  outC: i32,
  kh: i32,
  kw: i32,
  oh: i32,
  ow: i32,
  strideH: i32,
  strideW: i32,
  padTop: i32,
  padLeft: i32,
  dilH: i32,
): f64 {
  setStrips(inC, kh, kw, oh, ow, strideH, strideW, padTop, padLeft, dilH);
  const filters = <f64>outC;
  const dense = (<f64>(roundUp(kh * kw * inC, 4) * roundUp(outC, 8)) / filters) * (1 + 3 / filters);
  const once = 14 + (5 * <f64>stripFloats) / (<f64>(oh * ow) * filters);
  return (0.95 * dense - once) / (1.1 * <f64>(runs * runVectors * 4));
}

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
  const limit = sparseLimit(ci / groups, co / groups, kh, kw, oh, ow, strideH, strideW, padTop, padLeft, dilH);
  // of all filters, so that every share is computed the same way
  if (limit >= 1 || (limit > 0 && density(g, n * oh * ow, co) < limit)) {
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
