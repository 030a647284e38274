// Matrix product, row-major f32: C = op(A) op(B), or C += op(A) op(B) when accumulate is 1.
//
//   op(A) [m,k]: A is stored [m,k], or [k,m] when transA; op(B) [k,n] likewise. lda, ldb, ldc: row strides in elements.
//
// K. Goto, R. van de Geijn, "Anatomy of High-Performance Matrix Multiplication" (2008): blocks of k and n are packed
// once and reused from the cache, tiles of C stay in registers.
//
// Summation order: k is cut into blocks of KC; a block is summed from zero in the order of k and then added to C.
import { KC, NC } from './gemm-blocks';
import { microPanels } from './gemm-micro';
import { fewRows, narrow } from './gemm-narrow';
import { packPanels4, packPanels8 } from './gemm-pack';
import { SPARSE_NC, sparseBlock } from './gemm-sparse';
import { percentOfZeros } from './gemm-zeros';
import { min32 } from './simd';
import { A_PANELS, B_PANELS, EDGE, WORKSPACE } from './workspace';

// Rows of A packed at once: 96 KiB, and whole tiles of 6 and of 4.
const ROWS = 96;

export function clearRows(c: usize, m: i32, n: i32, ldc: usize): void {
  for (let i = 0; i < m; i++) {
    memory.fill(c, 0, (<usize>n) << 2);
    c += ldc;
  }
}

export function gemm_f32__packed(
  a: usize,
  b: usize,
  c: usize,
  m: i32,
  n: i32,
  k: i32,
  transA: i32,
  transB: i32,
  lda: i32,
  ldb: i32,
  ldc: i32,
  accumulate: i32,
): void {
  const aBytes = (<usize>lda) << 2;
  const bBytes = (<usize>ldb) << 2;
  const cBytes = (<usize>ldc) << 2;
  if (k <= 0) {
    if (!accumulate) clearRows(c, m, n, cBytes);
    return;
  }
  const aPanels = WORKSPACE + A_PANELS;
  const bPanels = WORKSPACE + B_PANELS;
  for (let j = 0; j < n; j += NC) {
    const nc = min32(NC, n - j);
    for (let p = 0; p < k; p += KC) {
      const kc = min32(KC, k - p);
      const add = accumulate | i32(p > 0);
      const bAt = transB ? b + <usize>j * bBytes + (p << 2) : b + <usize>p * bBytes + (j << 2);
      packPanels8(bPanels, bAt, bBytes, !transB, nc, kc);
      for (let i = 0; i < m; i += ROWS) {
        const mc = min32(ROWS, m - i);
        const aAt = transA ? a + <usize>p * aBytes + (i << 2) : a + <usize>i * aBytes + (p << 2);
        packPanels4(aPanels, aAt, aBytes, transA !== 0, mc, kc);
        microPanels(
          aPanels,
          bPanels,
          (<usize>kc) << 5,
          c + <usize>i * cBytes + (j << 2),
          mc,
          nc,
          kc,
          cBytes,
          add,
          WORKSPACE + EDGE,
        );
      }
    }
  }
}

export function gemm_f32__narrow(
  a: usize,
  b: usize,
  c: usize,
  m: i32,
  n: i32,
  k: i32,
  transA: i32,
  transB: i32,
  lda: i32,
  ldb: i32,
  ldc: i32,
  accumulate: i32,
): void {
  if (k > 0)
    narrow(a, b, c, m, n, k, transA, transB, (<usize>lda) << 2, (<usize>ldb) << 2, (<usize>ldc) << 2, accumulate);
  else if (!accumulate) clearRows(c, m, n, (<usize>ldc) << 2);
}

export function gemm_f32__few_rows(
  a: usize,
  b: usize,
  c: usize,
  m: i32,
  n: i32,
  k: i32,
  transA: i32,
  transB: i32,
  lda: i32,
  ldb: i32,
  ldc: i32,
  accumulate: i32,
): void {
  if (k > 0)
    fewRows(a, b, c, m, n, k, transA, transB, (<usize>lda) << 2, (<usize>ldb) << 2, (<usize>ldc) << 2, accumulate);
  else if (!accumulate) clearRows(c, m, n, (<usize>ldc) << 2);
}

// One operand's zeros left out, block by block; a block whose other operand is not finite is computed densely.
export function gemm_f32__sparse_a(
  a: usize,
  b: usize,
  c: usize,
  m: i32,
  n: i32,
  k: i32,
  transA: i32,
  transB: i32,
  lda: i32,
  ldb: i32,
  ldc: i32,
  accumulate: i32,
): void {
  const aBytes = (<usize>lda) << 2;
  const bBytes = (<usize>ldb) << 2;
  const cBytes = (<usize>ldc) << 2;
  if (k <= 0 && !accumulate) clearRows(c, m, n, cBytes);
  for (let j = 0; j < n; j += SPARSE_NC) {
    const nc = min32(SPARSE_NC, n - j);
    for (let p = 0; p < k; p += KC) {
      const kc = min32(KC, k - p);
      const add = accumulate | i32(p > 0);
      const aAt = transA ? a + <usize>p * aBytes : a + (p << 2);
      const bAt = transB ? b + <usize>j * bBytes + (p << 2) : b + <usize>p * bBytes + (j << 2);
      const to = c + (j << 2);
      if (!sparseBlock(aAt, aBytes, transA !== 0, bAt, bBytes, !transB, to, cBytes, m, nc, kc, add, false))
        gemm_f32__packed(aAt, bAt, to, m, nc, kc, transA, transB, lda, ldb, ldc, add);
    }
  }
}

export function gemm_f32__sparse_b(
  a: usize,
  b: usize,
  c: usize,
  m: i32,
  n: i32,
  k: i32,
  transA: i32,
  transB: i32,
  lda: i32,
  ldb: i32,
  ldc: i32,
  accumulate: i32,
): void {
  const aBytes = (<usize>lda) << 2;
  const bBytes = (<usize>ldb) << 2;
  const cBytes = (<usize>ldc) << 2;
  if (k <= 0 && !accumulate) clearRows(c, m, n, cBytes);
  for (let i = 0; i < m; i += SPARSE_NC) {
    const mc = min32(SPARSE_NC, m - i);
    for (let p = 0; p < k; p += KC) {
      const kc = min32(KC, k - p);
      const add = accumulate | i32(p > 0);
      const aAt = transA ? a + <usize>p * aBytes + (i << 2) : a + <usize>i * aBytes + (p << 2);
      const bAt = transB ? b + (p << 2) : b + <usize>p * bBytes;
      const to = c + <usize>i * cBytes;
      if (!sparseBlock(bAt, bBytes, !transB, aAt, aBytes, transA !== 0, to, cBytes, n, mc, kc, add, true))
        gemm_f32__packed(aAt, bAt, to, mc, n, kc, transA, transB, lda, ldb, ldc, add);
    }
  }
}

// A row at a time below so many rows; the 6 x 8 tile of build relaxed is better even when it is not full.
const FEW = ASC_FEATURE_RELAXED_SIMD ? 4 : 8;
// From this percentage of zeros on the lists are faster; and a small product is not worth the look.
const PAYS = ASC_FEATURE_RELAXED_SIMD ? 25 : 20;
const SMALL: f64 = 64 * 64 * 64;

// -1 or 1 when leaving out the zeros of A or of B pays, else 0.
function sparserOperand(
  a: usize,
  b: usize,
  m: i32,
  n: i32,
  k: i32,
  transA: i32,
  transB: i32,
  aBytes: usize,
  bBytes: usize,
): i32 {
  if (<f64>m * <f64>n * <f64>k < SMALL || min32(min32(m, n), k) < 32) return 0;
  const ofA = percentOfZeros(a, transA ? k : m, transA ? m : k, aBytes);
  const ofB = percentOfZeros(b, transB ? n : k, transB ? k : n, bBytes);
  if (ofA < PAYS && ofB < PAYS) return 0;
  return ofA >= ofB ? -1 : 1;
}

export function gemm_f32(
  a: usize,
  b: usize,
  c: usize,
  m: i32,
  n: i32,
  k: i32,
  transA: i32,
  transB: i32,
  lda: i32,
  ldb: i32,
  ldc: i32,
  accumulate: i32,
): void {
  // the bits are the same whichever way; the limits are where the times cross
  const rest = n & 7;
  if (m < 4 || (m < FEW && n >= 16)) gemm_f32__few_rows(a, b, c, m, n, k, transA, transB, lda, ldb, ldc, accumulate);
  else if (n < 32 && rest > 0 && rest < 7)
    gemm_f32__narrow(a, b, c, m, n, k, transA, transB, lda, ldb, ldc, accumulate);
  else {
    const sparse = sparserOperand(a, b, m, n, k, transA, transB, (<usize>lda) << 2, (<usize>ldb) << 2);
    if (sparse < 0) gemm_f32__sparse_a(a, b, c, m, n, k, transA, transB, lda, ldb, ldc, accumulate);
    else if (sparse > 0) gemm_f32__sparse_b(a, b, c, m, n, k, transA, transB, lda, ldb, ldc, accumulate);
    else gemm_f32__packed(a, b, c, m, n, k, transA, transB, lda, ldb, ldc, accumulate);
  }
}
