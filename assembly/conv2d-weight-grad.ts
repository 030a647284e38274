// Weight gradient of conv2d: what each weight multiplied, times the gradient that arrived there.
//
//   dw[ky,kx,c,o] = sum over n, oy, ox of x[n, oy*strideH + ky*dilH - padTop, ox*strideW + kx*dilW - padLeft, c] * g[n,oy,ox,o]
//
//   x [n,h,wd,ci], g [n,oh,ow,co], dw [kh,kw,ci/groups,co].
//
// Implicit matrix product: patches^T [kh*kw*ci/groups, n*oh*ow] times g [n*oh*ow, co/groups]; the pixels are summed in
// blocks of KC in their order.
import { gatherColumns, setGather } from './conv2d-gather';
import { clearRows, KC, MC, NC } from './gemm';
import { microPanels } from './gemm-micro';
import { packPanels8 } from './gemm-pack';
import { min32 } from './simd';
import { A_PANELS, B_PANELS, EDGE, ROW, WORKSPACE } from './workspace';

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
): void {
  const pixels = n * oh * ow;
  const inC = ci / groups;
  const outC = co / groups;
  const k = kh * kw * inC;
  const gBytes = (<usize>co) << 2;
  if (k === 0 || outC === 0) return;
  if (pixels === 0) {
    clearRows(dw, k, co, gBytes);
    return;
  }
  const aPanels = WORKSPACE + A_PANELS;
  const bPanels = WORKSPACE + B_PANELS;
  for (let group = 0; group < groups; group++) {
    const from = x + ((<usize>(group * inC)) << 2);
    setGather(from, h, wd, ci, inC, oh, ow, strideH, strideW, -padTop, -padLeft, dilH, dilW, kw);
    for (let j = 0; j < outC; j += NC) {
      const columns = min32(NC, outC - j);
      const first = (<usize>(group * outC + j)) << 2;
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
