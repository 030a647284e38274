// Weight gradient of conv2d, variant dense: an implicit matrix product.
//
//   dw [kh*kw*ci/groups, co/groups] = patches^T [kh*kw*ci/groups, n*oh*ow] times g [n*oh*ow, co/groups]
//
// The patches of a block of pixels are gathered from the image, or with few channels from planes.
import { gatherColumns, setGather } from './conv2d-gather';
import { copyPlanes, listOffsets, packTaps, planeStepY, setPlanes } from './conv2d-planes';
import { firstFilter, rowsOfBlock } from './conv2d-weight-blocks';
import { clearRows } from './gemm';
import { KC, MC, NC } from './gemm-blocks';
import { microPanels } from './gemm-micro';
import { packPanels8 } from './gemm-pack';
import { max32, min32, roundUp } from './simd';
import { A_PANELS, B_PANELS, EDGE, PLANES, ROW, WORKSPACE } from './workspace';

export function conv2d_weight_grad_f32__dense(
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
  const pixels = n * oh * ow;
  const inC = ci / groups;
  const outC = co / groups;
  const k = kh * kw * inC;
  const gBytes = (<usize>co) << 2;
  const start = firstFilter(part, parts, outC, groups);
  const end = firstFilter(part + 1, parts, outC, groups);
  if (k === 0 || start === end) return;
  if (pixels === 0) {
    clearRows(dw + ((<usize>start) << 2), k, end - start, gBytes);
    return;
  }
  const rows = rowsOfBlock(inC, kh, kw, oh, ow, strideH, strideW, padTop, padLeft, dilH, dilW);
  if (rows > 0) {
    weightGradFromPlanes(
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
      start,
      end,
      rows,
    );
    return;
  }
  const aPanels = WORKSPACE + A_PANELS;
  const bPanels = WORKSPACE + B_PANELS;
  for (let group = start / outC; group * outC < end; group++) {
    const last = min32(end, (group + 1) * outC);
    const from = x + ((<usize>(group * inC)) << 2);
    setGather(from, h, wd, ci, inC, oh, ow, strideH, strideW, -padTop, -padLeft, dilH, dilW, kw);
    for (let j = max32(start, group * outC); j < last; j += NC) {
      const columns = min32(NC, last - j);
      const first = (<usize>j) << 2;
      for (let p = 0; p < pixels; p += KC) {
        const kc = min32(KC, pixels - p);
        packPanels8(bPanels, g + first + <usize>p * gBytes, gBytes, true, columns, kc);
        for (let i = 0; i < k; i += MC) {
          const mc = min32(MC, k - i);
          gatherColumns(aPanels, WORKSPACE + ROW, p, p + kc, i, i + mc);
          const to = dw + first + <usize>i * gBytes;
          microPanels(aPanels, bPanels, (<usize>kc) << 5, to, mc, columns, kc, gBytes, i32(p > 0), WORKSPACE + EDGE);
        }
      }
    }
  }
}

function weightGradFromPlanes(
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
  start: i32,
  end: i32,
  rows: i32,
): void {
  const inC = ci / groups;
  const outC = co / groups;
  const k = kh * kw * inC;
  const pixelBytes = (<usize>ci) << 2;
  const gBytes = (<usize>co) << 2;
  const planesBytes = <usize>setPlanes(inC, kh, kw, oh, ow, strideH, strideW, padTop, padLeft, dilH, dilW);
  const offsets = WORKSPACE + PLANES;
  const planes = offsets + <usize>roundUp(k << 2, 64);
  const aPanels = WORKSPACE + A_PANELS;
  const bPanels = WORKSPACE + B_PANELS;
  const stepY = planeStepY(strideH);
  listOffsets(offsets, kh, kw, dilH, dilW);
  memory.fill(planes, 0, planesBytes);
  for (let group = start / outC; group * outC < end; group++) {
    const last = min32(end, (group + 1) * outC);
    for (let i = 0; i < n; i++) {
      copyPlanes(planes, x + <usize>(i * h * wd) * pixelBytes + ((<usize>(group * inC)) << 2), h, wd, pixelBytes, 0);
      for (let oy = 0; oy < oh; oy += rows) {
        const lastY = min32(oy + rows, oh);
        const kc = (lastY - oy) * ow;
        const add = i32(i > 0 || oy > 0);
        for (let j = max32(start, group * outC); j < last; j += NC) {
          const columns = min32(NC, last - j);
          const first = (<usize>j) << 2;
          packPanels8(bPanels, g + first + <usize>((i * oh + oy) * ow) * gBytes, gBytes, true, columns, kc);
          for (let t = 0; t < k; t += MC) {
            const mc = min32(MC, k - t);
            packTaps(aPanels, planes, offsets + ((<usize>t) << 2), mc, oy, lastY, ow, stepY);
            const to = dw + first + <usize>t * gBytes;
            microPanels(aPanels, bPanels, (<usize>kc) << 5, to, mc, columns, kc, gBytes, add, WORKSPACE + EDGE);
          }
        }
      }
    }
  }
}
