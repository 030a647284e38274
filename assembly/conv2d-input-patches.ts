// Input gradient of conv2d, the implicit matrix product: patches of g times flipped weights.
//
// With stride 1 this is a convolution of g with the flipped kernel. With a larger stride, input pixels whose
// coordinates leave the same remainders (ry, rx) share one set of taps, and each such phase is a stride-1
// convolution of g with that subset: no zero of a dilated g is ever multiplied.
import { COLUMNS, stepsThatFit } from './conv2d';
import { copyFloats, gatherPanels, setGather } from './conv2d-gather';
import { KC, MC } from './gemm-blocks';
import { microPanels } from './gemm-micro';
import { packAlong } from './gemm-pack';
import { min32 } from './simd';
import { A_PANELS, B_PANELS, EDGE, PLANES, WORKSPACE } from './workspace';

function gcd(a: i32, b: i32): i32 {
  while (b !== 0) {
    const r = a % b;
    a = b;
    b = r;
  }
  return a;
}

// The last tap of one axis that reaches inputs with remainder r, or -1 when none does; the others lie `period` apart.
function lastTap(r: i32, pad: i32, taps: i32, dilation: i32, stride: i32, period: i32): i32 {
  for (let tap = taps - 1; tap >= 0 && tap >= taps - period; tap--) {
    if ((r + pad - tap * dilation) % stride === 0) return tap;
  }
  return -1;
}

// Panels of 8 input channels: step (ty, tx, o) of channel c is w[lastY - ty*periodY, lastX - tx*periodX, c, o]. Steps
// s .. end-1.
function packFlipped(
  dst: usize,
  w: usize,
  s: i32,
  end: i32,
  columns: i32,
  outC: i32,
  tapsX: i32,
  lastY: i32,
  lastX: i32,
  periodY: i32,
  periodX: i32,
  rowBytes: usize,
  tapBytes: usize,
  channelBytes: usize,
): void {
  for (let c = 0; c < columns; c += 8) {
    for (let k = s; k < end; ) {
      const t = k / outC;
      const o = k - t * outC;
      const ty = t / tapsX;
      const tx = t - ty * tapsX;
      const length = min32(outC - o, end - k);
      const src =
        w +
        <usize>(lastY - ty * periodY) * rowBytes +
        <usize>(lastX - tx * periodX) * tapBytes +
        <usize>c * channelBytes +
        (o << 2);
      packAlong(dst, 32, src, channelBytes, min32(4, columns - c), length);
      packAlong(dst + 16, 32, src + 4 * channelBytes, channelBytes, min32(4, columns - c - 4), length);
      dst += (<usize>length) << 5;
      k += length;
    }
  }
}

export function inputGradFromPatches(
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
  const whole = strideH === 1 && strideW === 1;
  // a phase without taps stays zero
  if (!whole) memory.fill(dx, 0, (<usize>(n * h * wd) * ci) << 2);
  const periodY = strideH / gcd(dilH, strideH);
  const periodX = strideW / gcd(dilW, strideW);
  const tapBytes = (<usize>(inC * co)) << 2;
  const aPanels = WORKSPACE + A_PANELS;
  const bPanels = WORKSPACE + B_PANELS;
  const tile = WORKSPACE + PLANES;
  for (let ry = 0; ry < min32(strideH, h); ry++) {
    const lastY = lastTap(ry, padTop, kh, dilH, strideH, periodY);
    if (lastY < 0) continue;
    const tapsY = lastY / periodY + 1;
    const gridH = (h - ry + strideH - 1) / strideH;
    for (let rx = 0; rx < min32(strideW, wd); rx++) {
      const lastX = lastTap(rx, padLeft, kw, dilW, strideW, periodX);
      if (lastX < 0) continue;
      const tapsX = lastX / periodX + 1;
      const gridW = (wd - rx + strideW - 1) / strideW;
      const fromY = (ry + padTop - lastY * dilH) / strideH;
      const fromX = (rx + padLeft - lastX * dilW) / strideW;
      const spaceY = (dilH * periodY) / strideH;
      const spaceX = (dilW * periodX) / strideW;
      const rows = n * gridH * gridW;
      const k = tapsY * tapsX * outC;
      for (let group = 0; group < groups; group++) {
        const from = g + ((<usize>(group * outC)) << 2);
        setGather(from, oh, ow, co, outC, gridH, gridW, 1, 1, fromY, fromX, spaceY, spaceX, tapsX);
        for (let j = 0; j < inC; j += COLUMNS) {
          const columns = min32(COLUMNS, inC - j);
          const to = dx + ((<usize>(group * inC + j)) << 2);
          const weights = w + ((<usize>(j * co + group * outC)) << 2);
          const steps = stepsThatFit(columns);
          for (let s = 0; s < k; s += steps) {
            const end = min32(s + steps, k);
            const bPanel = (<usize>(end - s)) << 5;
            packFlipped(
              bPanels,
              weights,
              s,
              end,
              columns,
              outC,
              tapsX,
              lastY,
              lastX,
              periodY,
              periodX,
              <usize>kw * tapBytes,
              tapBytes,
              (<usize>co) << 2,
            );
            for (let i = 0; i < rows; i += MC) {
              const mc = min32(MC, rows - i);
              const c = whole ? to + ((<usize>i * ci) << 2) : tile;
              const ldc = (<usize>(whole ? ci : columns)) << 2;
              for (let p = s; p < end; p += KC) {
                const kc = min32(KC, end - p);
                gatherPanels(aPanels, i, i + mc, p, p + kc);
                const b = bPanels + ((<usize>(p - s)) << 5);
                const add = i32(whole ? p > 0 : p > s);
                microPanels(aPanels, b, bPanel, c, mc, columns, kc, ldc, add, WORKSPACE + EDGE);
              }
              if (!whole)
                scatter(tile, to, i, i + mc, columns, h, wd, ci, ry, rx, gridH, gridW, strideH, strideW, s > 0);
            }
          }
        }
      }
    }
  }
}

// Rows q0 .. q1-1 of one phase's result go to the input pixels they belong to.
function scatter(
  tile: usize,
  dx: usize,
  q0: i32,
  q1: i32,
  columns: i32,
  h: i32,
  wd: i32,
  ci: i32,
  ry: i32,
  rx: i32,
  gridH: i32,
  gridW: i32,
  strideH: i32,
  strideW: i32,
  add: bool,
): void {
  const perSample = gridH * gridW;
  for (let q = q0; q < q1; q++) {
    const sample = q / perSample;
    const p = q - sample * perSample;
    const y = p / gridW;
    const x = p - y * gridW;
    const pixel = (sample * h + ry + y * strideH) * wd + rx + x * strideW;
    const to = dx + ((<usize>pixel * ci) << 2);
    if (add) {
      for (let c = 0; c < columns; c++) {
        const at = to + (c << 2);
        store<f32>(at, load<f32>(at) + load<f32>(tile + (c << 2)));
      }
    } else copyFloats(to, tile, columns);
    tile += (<usize>columns) << 2;
  }
}
