// Input gradient of conv2d: each input pixel collects from the output pixels whose patches it was in.
//
//   dx[n,iy,ix,c] = sum over ky, kx, o of g[n,oy,ox,o] * w[ky,kx,c,o],
//   where oy*strideH + ky*dilH - padTop = iy and ox*strideW + kx*dilW - padLeft = ix
//
//   g [n,oh,ow,co], w [kh,kw,ci/groups,co], dx [n,h,wd,ci].
//
// Four ways, whose costs depend on the shape of one sample only, so a sample has the same bits in any batch. A fifth
// for samples whose g is mostly zero, as after a pool or relu: it leaves out the products with zero, so that a w that
// is not finite does not make NaN with them.
import { inputGradFromMaps, mapsFit } from './conv2d-input-maps';
import { inputGradFromPatches } from './conv2d-input-patches';
import { inputGradByScatter, scatterFits } from './conv2d-input-scatter';
import { sparseInputGrad, sparseInputGradLimit } from './conv2d-input-sparse';
import { runFloats } from './conv2d-strips';
import { roundUp } from './simd';
import { allFinite, density } from './sparse-lists';
import { convolveTiles, winogradCost } from './winograd';

// The multiplications of each way for one sample, idle lanes included, and its additions in the same unit.
let patches: f64 = 0;
let maps: f64 = 0;
let scatter: f64 = 0;
let tiles: f64 = 0;

function countCosts(
  h: i32,
  wd: i32,
  ci: i32,
  co: i32,
  kh: i32,
  kw: i32,
  oh: i32,
  ow: i32,
  strideH: i32,
  strideW: i32,
  dilH: i32,
  dilW: i32,
  groups: i32,
): void {
  const inC = ci / groups;
  const outC = co / groups;
  const taps = <f64>(kh * kw);
  patches = (<f64>(h * wd) / <f64>(strideH * strideW)) * taps * <f64>(roundUp(inC, 8) + 2) * <f64>outC;
  maps = <f64>(oh * roundUp(ow, 4)) * <f64>roundUp(kh * kw * inC, 4) * <f64>(outC + 6);
  scatter = <f64>roundUp(oh * ow, 4) * <f64>roundUp(kh * kw * inC, 8) * <f64>(outC + 8);
  const plain = strideH === 1 && strideW === 1 && dilH === 1 && dilW === 1 && groups === 1;
  tiles = plain ? winogradCost(kh, kw, co, ci, h, wd) : Infinity;
}

function denseInputGrad(
  g: usize,
  w: usize,
  dx: usize,
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
): void {
  const inC = ci / groups;
  const outC = co / groups;
  const nothing = kh === 0 || kw === 0 || outC === 0 || oh === 0 || ow === 0;
  if (nothing) memory.fill(dx, 0, (<usize>(n * h * wd) * ci) << 2);
  if (nothing || n === 0 || inC === 0) return;
  countCosts(h, wd, ci, co, kh, kw, oh, ow, strideH, strideW, dilH, dilW, groups);
  if (tiles < scatter && tiles < patches && tiles < maps) {
    convolveTiles(g, w, dx, n, oh, ow, co, kh, ci, h, wd, kh - 1 - padTop, kh - 1 - padLeft, true);
  } else if (scatter < patches && scatter < maps && scatterFits(inC, outC, kh, kw)) {
    inputGradByScatter(
      g,
      w,
      dx,
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
    );
  } else if (maps < patches && mapsFit(inC, outC, kh, kw, oh, ow, strideH, strideW, dilH, dilW)) {
    inputGradFromMaps(
      g,
      w,
      dx,
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
    );
  } else {
    inputGradFromPatches(
      g,
      w,
      dx,
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
    );
  }
}

// Lanes behind a run that is no whole number of vectors add g * 0 to the pixel there: nothing, if g is finite.
function isSparse(g: usize, pixels: i32, channels: i32, limit: f64): bool {
  return (
    (limit >= 1 || density(g, pixels, channels) < limit) && ((runFloats & 3) === 0 || allFinite(g, pixels * channels))
  );
}

export function conv2d_input_grad_f32(
  g: usize,
  w: usize,
  dx: usize,
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
): void {
  const gBytes = (<usize>(oh * ow * co)) << 2;
  const dxBytes = (<usize>(h * wd * ci)) << 2;
  countCosts(h, wd, ci, co, kh, kw, oh, ow, strideH, strideW, dilH, dilW, groups);
  const limit = sparseInputGradLimit(
    min(min(patches, tiles), min(maps, scatter)),
    ci / groups,
    co / groups,
    kh,
    kw,
    oh,
    ow,
    strideH,
    strideW,
    padTop,
    padLeft,
    dilH,
    dilW,
  );
  for (let i = 0; i < n; ) {
    const from = g + <usize>i * gBytes;
    const to = dx + <usize>i * dxBytes;
    // as many samples at once as go the same way
    const sparse = limit > 0 && isSparse(from, oh * ow, co, limit);
    let count = 1;
    while (i + count < n && (limit > 0 && isSparse(from + <usize>count * gBytes, oh * ow, co, limit)) === sparse)
      count++;
    i += count;
    if (sparse)
      sparseInputGrad(
        from,
        w,
        to,
        count,
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
        groups,
      );
    else
      denseInputGrad(
        from,
        w,
        to,
        count,
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
      );
  }
}
