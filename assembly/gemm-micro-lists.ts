// The inner loop of a product whose left operand is mostly zeros: one line's list of nonzeros against a panel.
//
//   C[0..39] = sum_t values[t] * panel[offsets[t]][0..39]
//
// Ten accumulators, since eight only just hide the latency of a multiply-add; eight and four for what remains of the
// columns. The order of summation is that of gemm-micro without the products of zero, which change nothing.
//
// Sums go to a row of their own first: any arithmetic on them behind the loop, settle's or the addition to C, makes
// V8 up to 12.4 spill them within the loop (40 -> 28 GFLOP/s).
import { put } from './gemm-micro';
import { fma, settle, zero4 } from './simd';

export function microList40(count: i32, values: usize, offsets: usize, panel: usize, sums: usize): void {
  let c0 = zero4();
  let c1 = zero4();
  let c2 = zero4();
  let c3 = zero4();
  let c4 = zero4();
  let c5 = zero4();
  let c6 = zero4();
  let c7 = zero4();
  let c8 = zero4();
  let c9 = zero4();
  const end = values + ((<usize>count) << 2);
  while (values < end) {
    const row = panel + load<usize>(offsets);
    const a = v128.load32_splat(values);
    c0 = fma(a, v128.load(row), c0);
    c1 = fma(a, v128.load(row, 16), c1);
    c2 = fma(a, v128.load(row, 32), c2);
    c3 = fma(a, v128.load(row, 48), c3);
    c4 = fma(a, v128.load(row, 64), c4);
    c5 = fma(a, v128.load(row, 80), c5);
    c6 = fma(a, v128.load(row, 96), c6);
    c7 = fma(a, v128.load(row, 112), c7);
    c8 = fma(a, v128.load(row, 128), c8);
    c9 = fma(a, v128.load(row, 144), c9);
    offsets += 4;
    values += 4;
  }
  v128.store(sums, c0);
  v128.store(sums, c1, 16);
  v128.store(sums, c2, 32);
  v128.store(sums, c3, 48);
  v128.store(sums, c4, 64);
  v128.store(sums, c5, 80);
  v128.store(sums, c6, 96);
  v128.store(sums, c7, 112);
  v128.store(sums, c8, 128);
  v128.store(sums, c9, 144);
}

export function microList32(count: i32, values: usize, offsets: usize, panel: usize, sums: usize): void {
  let c0 = zero4();
  let c1 = zero4();
  let c2 = zero4();
  let c3 = zero4();
  let c4 = zero4();
  let c5 = zero4();
  let c6 = zero4();
  let c7 = zero4();
  const end = values + ((<usize>count) << 2);
  while (values < end) {
    const row = panel + load<usize>(offsets);
    const a = v128.load32_splat(values);
    c0 = fma(a, v128.load(row), c0);
    c1 = fma(a, v128.load(row, 16), c1);
    c2 = fma(a, v128.load(row, 32), c2);
    c3 = fma(a, v128.load(row, 48), c3);
    c4 = fma(a, v128.load(row, 64), c4);
    c5 = fma(a, v128.load(row, 80), c5);
    c6 = fma(a, v128.load(row, 96), c6);
    c7 = fma(a, v128.load(row, 112), c7);
    offsets += 4;
    values += 4;
  }
  v128.store(sums, c0);
  v128.store(sums, c1, 16);
  v128.store(sums, c2, 32);
  v128.store(sums, c3, 48);
  v128.store(sums, c4, 64);
  v128.store(sums, c5, 80);
  v128.store(sums, c6, 96);
  v128.store(sums, c7, 112);
}

export function microList16(count: i32, values: usize, offsets: usize, panel: usize, sums: usize): void {
  let c0 = zero4();
  let c1 = zero4();
  let c2 = zero4();
  let c3 = zero4();
  const end = values + ((<usize>count) << 2);
  while (values < end) {
    const row = panel + load<usize>(offsets);
    const a = v128.load32_splat(values);
    c0 = fma(a, v128.load(row), c0);
    c1 = fma(a, v128.load(row, 16), c1);
    c2 = fma(a, v128.load(row, 32), c2);
    c3 = fma(a, v128.load(row, 48), c3);
    offsets += 4;
    values += 4;
  }
  v128.store(sums, c0);
  v128.store(sums, c1, 16);
  v128.store(sums, c2, 32);
  v128.store(sums, c3, 48);
}

// C[0..columns-1] = or += sums.
export function putRow(c: usize, sums: usize, columns: i32, add: i32): void {
  let j = 0;
  for (; j + 4 <= columns; j += 4) put(c + (j << 2), v128.load(sums + (j << 2)), add);
  for (; j < columns; j++) {
    const at = c + (j << 2);
    const sum = f32x4.extract_lane(settle(v128.load32_zero(sums + (j << 2))), 0);
    store<f32>(at, add ? load<f32>(at) + sum : sum);
  }
}
