// Weight gradient of conv2d: what each weight multiplied, times the gradient that arrived there.
//
//   dw[ky,kx,c,o] = sum over n, oy, ox of x[n,iy,ix,c] * g[n,oy,ox,o],
//   where iy = oy*strideH + ky*dilH - padTop and ix = ox*strideW + kx*dilW - padLeft
//
//   x [n,h,wd,ci], g [n,oh,ow,co], dw [kh,kw,ci/groups,co].
//
// Implicit matrix product: patches^T [kh*kw*ci/groups, n*oh*ow] times g [n*oh*ow, co/groups], the pixels in blocks
// of at most KC: consecutive pixels of the batch, or with few channels (whose patches are cheaper to read from
// planes) whole rows of one sample. A block is summed from zero in the order of its pixels, then added to dw. Where it
// costs less, in tiles (winograd-weight-grad.ts).
//
// One call computes share `part` of `parts` of the filters, for threads; the other columns of dw stay as they are.
import { gatherColumns, setGather } from './conv2d-gather';
import { copyPlanes, listOffsets, packTaps, planeStepY, setPlanes } from './conv2d-planes';
import { clearRows } from './gemm';
import { KC, MC, NC } from './gemm-blocks';
import { microPanels } from './gemm-micro';
import { packPanels8 } from './gemm-pack';
import { max32, min32, roundUp } from './simd';
import { weightGradCost, weightGradFromTiles } from './winograd-weight-grad';
import { A_PANELS, B_PANELS, EDGE, PLANES, PLANES_BYTES, ROW, WORKSPACE } from './workspace';

// Where share `part` begins: the filters are dealt out in panels of 8 that lie within one group.
function firstFilter(part: i32, parts: i32, outC: i32, groups: i32): i32 {
  const panels = (outC + 7) >> 3; // of one group
  const panel = <i32>((<i64>(panels * groups) * part) / parts);
  return part === parts || panels === 0 ? outC * groups : (panel / panels) * outC + (panel % panels) * 8;
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
  const plain = strideH === 1 && strideW === 1 && dilH === 1 && dilW === 1 && groups === 1;
  const direct = <f64>pixels * <f64>k * <f64>roundUp(co, 8);
  if (plain && weightGradCost(n, kh, kw, ci, co, oh, ow) < direct) {
    weightGradFromTiles(x, g, dw, n, h, wd, ci, kh, co, oh, ow, padTop, padLeft, start, end);
    return;
  }
  const planes = setPlanes(inC, kh, kw, oh, ow, strideH, strideW, padTop, padLeft, dilH, dilW);
  if (inC < 8 && ow <= KC && planes + <f64>k * 4 + 64 <= <f64>PLANES_BYTES) {
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
  // as few blocks of at most KC pixels as possible, of nearly equal numbers of rows
  const most = KC / ow;
  const blocks = (oh + most - 1) / most;
  const rows = (oh + blocks - 1) / blocks;
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
