// The inner loop of a product whose left operand is mostly zeros: one line's list of nonzeros against a panel of 32
// columns.
//
//   C[0..31] = sum_t values[t] * panel[offsets[t]][0..31]
//
// The order is that of gemm-micro without the products of zero, which change nothing in a sum that starts at +0.
import { put } from './gemm-micro';
import { fma, zero4 } from './simd';

export function microList32(count: i32, values: usize, offsets: usize, panel: usize, c: usize, add: i32): void {
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
  put(c, c0, add);
  put(c + 16, c1, add);
  put(c + 32, c2, add);
  put(c + 48, c3, add);
  put(c + 64, c4, add);
  put(c + 80, c5, add);
  put(c + 96, c6, add);
  put(c + 112, c7, add);
}

// The first 16 columns of a panel.
export function microList16(count: i32, values: usize, offsets: usize, panel: usize, c: usize, add: i32): void {
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
  put(c, c0, add);
  put(c + 16, c1, add);
  put(c + 32, c2, add);
  put(c + 48, c3, add);
}
