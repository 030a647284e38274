// Rows of numbers, a row for each sample: their norms, and their sums weighted by clipping factors.
//
//   norms: y[i] = |x_i|;  scale: y_i = f[i] x_i;  add: y += f[i] x_i in order of i;  x [n, d]
//
// A row whose factor is 0 is left out: it counts as zeros whatever it holds, NaN and infinities too.
import { loadUpTo, madd, storeUpTo } from '../lanes';
import { sumOfSquares } from './squares';

/** y[i] = |x[i]|, rows of d. */
export function row_norms_f32(x: usize, y: usize, n: i32, d: i32): void {
  const stride = (<usize>d) << 2;
  for (let i = 0; i < n; i++, x += stride) store<f32>(y + ((<usize>i) << 2), <f32>Math.sqrt(sumOfSquares(x, d)));
}

/** y[i, j] = f[i] x[i, j], or 0 where f[i] is 0; may run in place. */
export function scale_rows_f32(x: usize, f: usize, y: usize, n: i32, d: i32): void {
  const zero = f32x4.splat(0);
  const bytes = (<usize>d) << 2;
  for (let i = 0; i < n; i++) {
    const factor = load<f32>(f);
    f += 4;
    if (factor === 0) memory.fill(y, 0, bytes);
    else {
      const factor4 = f32x4.splat(factor);
      for (let j = 0; j < d; j += 4) {
        const o = (<usize>j) << 2;
        storeUpTo(y + o, f32x4.mul(factor4, loadUpTo(x + o, d - j, zero)), d - j);
      }
    }
    x += bytes;
    y += bytes;
  }
}

// Columns of y that stay in the first-level cache while the rows go by.
const STRIP: i32 = 2048;

/** y[j] += f[i] x[i, j], in order of i; rows of x begin ld elements apart. */
export function add_rows_f32(x: usize, f: usize, y: usize, n: i32, d: i32, ld: i32): void {
  const zero = f32x4.splat(0);
  const stride = (<usize>ld) << 2;
  for (let from = 0; from < d; from += STRIP) {
    const columns = min(STRIP, d - from);
    const to = y + ((<usize>from) << 2);
    let row = x + ((<usize>from) << 2);
    for (let i = 0; i < n; i++) {
      const factor = load<f32>(f + ((<usize>i) << 2));
      if (factor !== 0) {
        const factor4 = f32x4.splat(factor);
        let o: usize = 0;
        let left = columns;
        for (; left >= 8; left -= 8, o += 32) {
          v128.store(to + o, madd(factor4, v128.load(row + o), v128.load(to + o)));
          v128.store(to + o, madd(factor4, v128.load(row + o, 16), v128.load(to + o, 16)), 16);
        }
        for (; left > 0; left -= 4, o += 16) {
          storeUpTo(to + o, madd(factor4, loadUpTo(row + o, left, zero), loadUpTo(to + o, left, zero)), left);
        }
      }
      row += stride;
    }
  }
}
