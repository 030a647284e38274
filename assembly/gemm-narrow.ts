// Matrix products with few columns (10 classes) or few rows (one sample): where the 4 x 8 tile of gemm.ts would be
// half empty.
//
// narrow:   C^T = op(B)^T op(A)^T. The vectors run along the rows of C, and op(B), the small one, supplies the
//           splats, so n is rounded up to 2 instead of 8. A panel of A is transposed just before its only use, in L1.
// few_rows: one row of C at a time, 16 columns; op(B) is read where it lies unless it is transposed.
//
// Both keep gemm's order: blocks of KC from zero, in the order of k, then added to C.
import { KC } from './gemm-blocks';
import { micro1x16, micro2x8t, micro4x8t } from './gemm-micro-t';
import { packAcross, packAlong, packPanels4 } from './gemm-pack';
import { min32, roundUp } from './simd';
import { A_PANELS, B_PANELS, EDGE, WORKSPACE } from './workspace';

const NARROW = 1024; // columns whose packed panels (KC steps) fit into B_PANELS

export function narrow(
  a: usize,
  b: usize,
  c: usize,
  m: i32,
  n: i32,
  k: i32,
  transA: i32,
  transB: i32,
  aBytes: usize,
  bBytes: usize,
  cBytes: usize,
  accumulate: i32,
): void {
  const strip = WORKSPACE + A_PANELS;
  const panels = WORKSPACE + B_PANELS;
  const edge = WORKSPACE + EDGE;
  for (let j = 0; j < n; j += NARROW) {
    const nc = min32(NARROW, n - j);
    for (let p = 0; p < k; p += KC) {
      const kc = min32(KC, k - p);
      const add = accumulate | i32(p > 0);
      const bAt = transB ? b + <usize>j * bBytes + (p << 2) : b + <usize>p * bBytes + (j << 2);
      packPanels4(panels, bAt, bBytes, !transB, nc, kc);
      for (let i = 0; i < m; i += 8) {
        const rows = min32(8, m - i);
        let from = strip;
        let step: usize = 32;
        if (transA) {
          from = a + <usize>p * aBytes + (i << 2);
          step = aBytes;
          if (rows < 8) {
            packAcross(strip, 32, from, aBytes, min32(4, rows), kc);
            packAcross(strip + 16, 32, from + 16, aBytes, rows - 4, kc);
            from = strip;
            step = 32;
          }
        } else {
          const aAt = a + <usize>i * aBytes + (p << 2);
          packAlong(strip, 32, aAt, aBytes, min32(4, rows), kc);
          packAlong(strip + 16, 32, aAt + 4 * aBytes, aBytes, rows - 4, kc);
        }
        let panel = panels;
        let to = c + <usize>i * cBytes + (j << 2);
        for (let o = 0; o < nc; o += 4) {
          const columns = min32(4, nc - o);
          if (columns > 2) micro4x8t(kc, panel, from, step, to, cBytes, columns, rows, add, edge);
          else micro2x8t(kc, panel, from, step, to, cBytes, columns, rows, add, edge);
          panel += (<usize>kc) << 4;
          to += 16;
        }
      }
    }
  }
}

export function fewRows(
  a: usize,
  b: usize,
  c: usize,
  m: i32,
  n: i32,
  k: i32,
  transA: i32,
  transB: i32,
  aBytes: usize,
  bBytes: usize,
  cBytes: usize,
  accumulate: i32,
): void {
  const strip = WORKSPACE + B_PANELS;
  const edge = WORKSPACE + EDGE;
  const aLine: usize = transA ? 4 : aBytes;
  const aStep: usize = transA ? aBytes : 4;
  for (let p = 0; p < k; p += KC) {
    const kc = min32(KC, k - p);
    const add = accumulate | i32(p > 0);
    for (let j = 0; j < n; j += 16) {
      const columns = min32(16, n - j);
      let from = transB ? b + <usize>j * bBytes + (p << 2) : b + <usize>p * bBytes + (j << 2);
      let step = bBytes;
      if (transB || columns < 16) {
        for (let q = 0; q < roundUp(columns, 4); q += 4) {
          const to = strip + (q << 2);
          if (transB) packAlong(to, 64, from + <usize>q * bBytes, bBytes, min32(4, columns - q), kc);
          else packAcross(to, 64, from + (q << 2), bBytes, min32(4, columns - q), kc);
        }
        from = strip;
        step = 64;
      }
      for (let i = 0; i < m; i++) {
        const to = c + <usize>i * cBytes + (j << 2);
        micro1x16(kc, a + <usize>i * aLine + <usize>p * aStep, aStep, from, step, to, columns, add, edge);
      }
    }
  }
}
