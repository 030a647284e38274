// Two-dimensional convolution (cross-correlation), NHWC images and HWIO weights, f32.
//
//   y[n,oy,ox,o] = sum over ky, kx, c of x[n, oy*strideH + ky*dilH - padTop, ox*strideW + kx*dilW - padLeft, c] * w[ky,kx,c,o]
//
//   x [n,h,wd,ci], w [kh,kw,ci/groups,co], y [n,oh,ow,co]. Reads outside x are zeros, so oh and ow imply the padding at the
//   right and the bottom. Group g reads its ci/groups channels and writes its co/groups.
//
// Implicit matrix product: patches [n*oh*ow, kh*kw*ci/groups] times weights [kh*kw*ci/groups, co/groups], with the patches
// gathered panel by panel and the weights packed once. A pixel's sum depends on nothing but its own patch.
import { gatherPanels, setGather } from './conv2d-gather';
import { KC, MC } from './gemm';
import { microPanels } from './gemm-micro';
import { packPanels8 } from './gemm-pack';
import { min32, roundUp } from './simd';
import { A_PANELS, B_PANELS, B_PANELS_BYTES, EDGE, WORKSPACE } from './workspace';

// How many steps of k fit into B_PANELS for n columns: a multiple of KC, so that blocks of k stay where they are.
export function stepsThatFit(n: i32): i32 {
  const steps = (<i32>B_PANELS_BYTES >> 2) / roundUp(n, 8);
  return (steps / KC) * KC;
}

// Columns of the result that are packed at once: at least 2 blocks of k fit beside each other.
export const COLUMNS = 1024;

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
): void {
  const rows = n * oh * ow;
  const inC = ci / groups;
  const outC = co / groups;
  const k = kh * kw * inC;
  const yBytes = (<usize>co) << 2;
  if (rows === 0 || outC === 0) return;
  if (k === 0) {
    memory.fill(y, 0, <usize>rows * yBytes);
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
        }
      }
    }
  }
}
