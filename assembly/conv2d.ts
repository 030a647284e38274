// Two-dimensional convolution (cross-correlation), NHWC images and HWIO weights, f32.
//
//   y[n,oy,ox,o] = sum over ky, kx, c of x[n,iy,ix,c] * w[ky,kx,c,o],
//   where iy = oy*strideH + ky*dilH - padTop and ix = ox*strideW + kx*dilW - padLeft
//
//   x [n,h,wd,ci], w [kh,kw,ci/groups,co], y [n,oh,ow,co]. Reads outside x are zeros, so oh and ow imply the padding
//   at the right and the bottom. Group g reads its ci/groups channels and writes its co/groups.
//
// Then y = f(y + bias), bias [co] or none (0), f by number as in epilogue.ts, while a block of y is in the cache.
//
// Variant patches: an implicit matrix product, patches [n*oh*ow, kh*kw*ci/groups] times weights [kh*kw*ci/groups,
// co/groups], with the patches gathered panel by panel and the weights packed once. A pixel's sum depends on its own
// patch only.
//
// Variant planes: for few input channels, whose taps are too short to gather: the sample is copied into zero-bordered
// planes, and vectors run along the pixels of a row. The same products are summed in the same order and blocks of k.
//
// conv2d_f32 takes the cheaper of these, or tiles (winograd.ts) where they cost less: other sums, hence other bits, but
// the choice depends on the shape of one sample only.
import { gatherPanels, setGather } from './conv2d-gather';
import { copyPlanes, listOffsets, planeStepY, setPlanes } from './conv2d-planes';
import { tapsByPixels } from './conv2d-taps';
import { finishRows } from './epilogue';
import { KC, MC } from './gemm-blocks';
import { microPanels } from './gemm-micro';
import { packPanels4, packPanels8 } from './gemm-pack';
import { min32, roundUp } from './simd';
import { convolveTiles, winogradCost } from './winograd';
import { A_PANELS, B_PANELS, B_PANELS_BYTES, EDGE, PLANES, PLANES_BYTES, WORKSPACE } from './workspace';

// How many steps of k fit into B_PANELS for n columns: a multiple of KC, so that blocks of k stay where they are.
export function stepsThatFit(n: i32): i32 {
  const steps = (<i32>B_PANELS_BYTES >> 2) / roundUp(n, 8);
  return (steps / KC) * KC;
}

// Columns of the result that are packed at once: at least 2 blocks of k fit beside each other.
export const COLUMNS = 1024;

export function conv2d_f32__patches(
  x: usize,
  w: usize,
  y: usize,
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
  bias: usize,
  activation: i32,
): void {
  const rows = n * oh * ow;
  const inC = ci / groups;
  const outC = co / groups;
  const k = kh * kw * inC;
  const yBytes = (<usize>co) << 2;
  if (rows === 0 || outC === 0) return;
  if (k === 0) {
    memory.fill(y, 0, <usize>rows * yBytes);
    finishRows(y, rows, co, yBytes, bias, activation);
    return;
  }
  const aPanels = WORKSPACE + A_PANELS;
  const bPanels = WORKSPACE + B_PANELS;
  for (let g = 0; g < groups; g++) {
    const from = x + ((<usize>(g * inC)) << 2);
    setGather(from, h, wd, ci, inC, oh, ow, strideH, strideW, -padTop, -padLeft, dilH, dilW, kw);
    for (let j = 0; j < outC; j += COLUMNS) {
      const columns = min32(COLUMNS, outC - j);
      const to = y + ((<usize>(g * outC + j)) << 2);
      const weights = w + ((<usize>(g * outC + j)) << 2);
      const columnBias = bias ? bias + ((<usize>(g * outC + j)) << 2) : 0;
      const steps = stepsThatFit(columns);
      for (let s = 0; s < k; s += steps) {
        const end = min32(s + steps, k);
        const bPanel = (<usize>(end - s)) << 5;
        packPanels8(bPanels, weights + <usize>s * yBytes, yBytes, true, columns, end - s);
        for (let i = 0; i < rows; i += MC) {
          const mc = min32(MC, rows - i);
          for (let p = s; p < end; p += KC) {
            const kc = min32(KC, end - p);
            gatherPanels(aPanels, i, i + mc, p, p + kc);
            const b = bPanels + ((<usize>(p - s)) << 5);
            microPanels(
              aPanels,
              b,
              bPanel,
              to + <usize>i * yBytes,
              mc,
              columns,
              kc,
              yBytes,
              i32(p > 0),
              WORKSPACE + EDGE,
            );
          }
          if (end === k) finishRows(to + <usize>i * yBytes, mc, columns, yBytes, columnBias, activation);
        }
      }
    }
  }
}

// The same, one sample at a time from planes; by patches when planes or weights do not fit into the workspace.
export function conv2d_f32__planes(
  x: usize,
  w: usize,
  y: usize,
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
  bias: usize,
  activation: i32,
): void {
  const inC = ci / groups;
  const outC = co / groups;
  const k = kh * kw * inC;
  const offsets = WORKSPACE + PLANES;
  const planes = offsets + <usize>roundUp(k << 2, 64);
  const need = setPlanes(inC, kh, kw, oh, ow, strideH, strideW, padTop, padLeft, dilH, dilW) + <f64>k * 4 + 64;
  const weightBytes = <f64>k * <f64>roundUp(outC, 4) * 4;
  if (n * oh * ow === 0 || k === 0 || outC === 0 || need > <f64>PLANES_BYTES || weightBytes > <f64>B_PANELS_BYTES) {
    conv2d_f32__patches(
      x,
      w,
      y,
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
      bias,
      activation,
    );
    return;
  }
  const pixelBytes = (<usize>ci) << 2;
  const yBytes = (<usize>co) << 2;
  const panels = WORKSPACE + B_PANELS;
  listOffsets(offsets, kh, kw, dilH, dilW);
  memory.fill(planes, 0, <usize>need - (planes - offsets));
  for (let g = 0; g < groups; g++) {
    for (let p = 0; p < k; p += KC) {
      const from = w + <usize>p * yBytes + ((<usize>(g * outC)) << 2);
      const to = panels + ((<usize>p * roundUp(outC, 4)) << 2);
      packPanels4(to, from, yBytes, true, outC, min32(KC, k - p));
    }
    const groupBias = bias ? bias + ((<usize>(g * outC)) << 2) : 0;
    for (let i = 0; i < n; i++) {
      copyPlanes(planes, x + <usize>(i * h * wd) * pixelBytes + ((<usize>(g * inC)) << 2), h, wd, pixelBytes, 0);
      const sample = y + <usize>(i * oh * ow) * yBytes + ((<usize>(g * outC)) << 2);
      for (let p = 0; p < k; p += KC) {
        const weights = panels + ((<usize>p * roundUp(outC, 4)) << 2);
        const taps = min32(KC, k - p);
        mapFromPlanes(
          planes,
          offsets + ((<usize>p) << 2),
          weights,
          taps,
          sample,
          oh,
          ow,
          outC,
          yBytes,
          strideH,
          i32(p > 0),
        );
      }
      finishRows(sample, oh * ow, outC, yBytes, groupBias, activation);
    }
  }
}

// One sample's [oh, ow] outputs, two groups of 4 neighbouring pixels of a row at a time.
function mapFromPlanes(
  planes: usize,
  offsets: usize,
  weights: usize,
  taps: i32,
  y: usize,
  oh: i32,
  ow: i32,
  channels: i32,
  yBytes: usize,
  strideH: i32,
  add: i32,
): void {
  const stepY = planeStepY(strideH);
  const edge = WORKSPACE + EDGE;
  let oy = 0;
  let ox = 0;
  while (oy < oh) {
    const b0 = planes + <usize>oy * stepY + (ox << 2);
    const y0 = y + <usize>(oy * ow + ox) * yBytes;
    const count0 = min32(4, ow - ox);
    ox += 4;
    if (ox >= ow) {
      ox = 0;
      oy++;
    }
    if (oy === oh) {
      tapsByPixels(taps, weights, offsets, b0, b0, y0, y0, channels, yBytes, count0, 0, add, edge);
      return;
    }
    const b1 = planes + <usize>oy * stepY + (ox << 2);
    const y1 = y + <usize>(oy * ow + ox) * yBytes;
    const count1 = min32(4, ow - ox);
    ox += 4;
    if (ox >= ow) {
      ox = 0;
      oy++;
    }
    tapsByPixels(taps, weights, offsets, b0, b1, y0, y1, channels, yBytes, count0, count1, add, edge);
  }
}

export function conv2d_f32(
  x: usize,
  w: usize,
  y: usize,
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
  bias: usize,
  activation: i32,
): void {
  const plain = strideH === 1 && strideW === 1 && dilH === 1 && dilW === 1 && groups === 1;
  const direct = <f64>(oh * ow) * <f64>(kh * kw * ci) * <f64>roundUp(co, 8);
  if (plain && winogradCost(kh, kw, ci, co, oh, ow) < direct) {
    convolveTiles(x, w, y, n, h, wd, ci, kh, co, oh, ow, padTop, padLeft, false);
    finishRows(y, n * oh * ow, co, (<usize>co) << 2, bias, activation);
    return;
  }
  const inC = ci / groups;
  // the bits are the same either way. Planes fill a row up to 4 pixels; patches want runs of channels to gather
  const few = inC < 8 || (inC < 16 && roundUp(ow, 4) * 7 <= ow * 8) || (inC < ci && inC < 32);
  if (few)
    conv2d_f32__planes(
      x,
      w,
      y,
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
      bias,
      activation,
    );
  else
    conv2d_f32__patches(
      x,
      w,
      y,
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
      bias,
      activation,
    );
}
