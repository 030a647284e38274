// The inner loops whose vectors run along the rows of C (8 of them), and the one for a single row. Same order of
// summation as gemm-micro: from zero in the order of p, then stored or added.
import { fma, settle, zero4 } from './simd';
import { putPart, putTransposed } from './transpose';

// C[0..7][0..3] = sum_p b[p][0..7] outer a[p][0..3]: a panel of 4 columns of op(B) against 8 rows of op(A). Of the
// tile only `columns` x `rows` are stored.
export function micro4x8t(
  k: i32,
  a: usize,
  b: usize,
  bStep: usize,
  c: usize,
  ldc: usize,
  columns: i32,
  rows: i32,
  add: i32,
  edge: usize,
): void {
  let c00 = zero4();
  let c01 = zero4();
  let c10 = zero4();
  let c11 = zero4();
  let c20 = zero4();
  let c21 = zero4();
  let c30 = zero4();
  let c31 = zero4();
  for (; k > 0; k--) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const a0 = v128.load32_splat(a);
    c00 = fma(a0, b0, c00);
    c01 = fma(a0, b1, c01);
    const a1 = v128.load32_splat(a, 4);
    c10 = fma(a1, b0, c10);
    c11 = fma(a1, b1, c11);
    const a2 = v128.load32_splat(a, 8);
    c20 = fma(a2, b0, c20);
    c21 = fma(a2, b1, c21);
    const a3 = v128.load32_splat(a, 12);
    c30 = fma(a3, b0, c30);
    c31 = fma(a3, b1, c31);
    a += 16;
    b += bStep;
  }
  if (columns === 4 && rows === 8) {
    putTransposed(c, ldc, c00, c10, c20, c30, add);
    putTransposed(c + 4 * ldc, ldc, c01, c11, c21, c31, add);
  } else {
    putTransposed(edge, 16, c00, c10, c20, c30, 0);
    putTransposed(edge + 64, 16, c01, c11, c21, c31, 0);
    putPart(edge, c, ldc, rows, columns, add);
  }
}

// The same for the last 1 or 2 columns.
export function micro2x8t(
  k: i32,
  a: usize,
  b: usize,
  bStep: usize,
  c: usize,
  ldc: usize,
  columns: i32,
  rows: i32,
  add: i32,
  edge: usize,
): void {
  let c00 = zero4();
  let c01 = zero4();
  let c10 = zero4();
  let c11 = zero4();
  for (; k > 0; k--) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const a0 = v128.load32_splat(a);
    c00 = fma(a0, b0, c00);
    c01 = fma(a0, b1, c01);
    const a1 = v128.load32_splat(a, 4);
    c10 = fma(a1, b0, c10);
    c11 = fma(a1, b1, c11);
    a += 16;
    b += bStep;
  }
  putTransposed(edge, 16, c00, c10, zero4(), zero4(), 0);
  putTransposed(edge + 64, 16, c01, c11, zero4(), zero4(), 0);
  putPart(edge, c, ldc, rows, columns, add);
}

// One row: C[0..15] = sum_p a[p] * b[p][0..15], of which `columns` are stored.
export function micro1x16(
  k: i32,
  a: usize,
  aStep: usize,
  b: usize,
  bStep: usize,
  c: usize,
  columns: i32,
  add: i32,
  edge: usize,
): void {
  let c0 = zero4();
  let c1 = zero4();
  let c2 = zero4();
  let c3 = zero4();
  for (; k > 0; k--) {
    const a0 = v128.load32_splat(a);
    c0 = fma(a0, v128.load(b), c0);
    c1 = fma(a0, v128.load(b, 16), c1);
    c2 = fma(a0, v128.load(b, 32), c2);
    c3 = fma(a0, v128.load(b, 48), c3);
    a += aStep;
    b += bStep;
  }
  v128.store(edge, settle(c0));
  v128.store(edge, settle(c1), 16);
  v128.store(edge, settle(c2), 32);
  v128.store(edge, settle(c3), 48);
  for (let j = 0; j < columns; j++) {
    const sum = load<f32>(edge + (j << 2));
    const to = c + (j << 2);
    store<f32>(to, add ? load<f32>(to) + sum : sum);
  }
}
