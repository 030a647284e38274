// Rows of a table by index: embedding look-up, batches by permutation, one-hot labels.
import { copyWords, zeroWords } from './copy';
import { loadUpTo, storeUpTo } from './lanes';

/** y[i] = table[index[i]], rows of d. */
export function gather_rows_f32(table: usize, index: usize, y: usize, n: i32, d: i32): void {
  const stride = (<usize>d) << 2;
  for (let i = 0; i < n; i++) {
    copyWords(table + <usize>load<i32>(index + (i << 2)) * stride, y, d);
    y += stride;
  }
}

/** table [rows, d] = 0, then table[index[i]] += g[i], in order of i; an index outside 0 .. rows - 1 is skipped. */
export function scatter_add_rows_f32(g: usize, index: usize, table: usize, n: i32, d: i32, rows: i32): void {
  const stride = (<usize>d) << 2;
  const zero = f32x4.splat(0);
  zeroWords(table, rows * d);
  for (let i = 0; i < n; i++, g += stride) {
    const at = load<i32>(index + (i << 2));
    if (<u32>at >= <u32>rows) continue;
    const row = table + <usize>at * stride;
    for (let j = 0; j < d; j += 4) {
      const o = (<usize>j) << 2;
      storeUpTo(row + o, f32x4.add(loadUpTo(row + o, d - j, zero), loadUpTo(g + o, d - j, zero)), d - j);
    }
  }
}

/** y [n, classes] = 1 at each row's label, else 0; a label outside 0 .. classes - 1 gives a row of zeros. */
export function one_hot_f32(labels: usize, y: usize, n: i32, classes: i32): void {
  zeroWords(y, n * classes);
  for (let i = 0; i < n; i++) {
    const label = load<i32>(labels + (i << 2));
    if (<u32>label < <u32>classes) store<f32>(y + ((<usize>(i * classes + label)) << 2), 1);
  }
}
