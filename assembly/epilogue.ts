// The end of a layer, and the beginning of its gradient: bias and activation in one pass over the rows of a product.
//
//   y = f(x + bias);  dz = g f'(x + bias), from y, and db = the sum of dz over the rows;  all [rows, cols], bias [cols]
//
// f by number: 0 none, 1 relu, 2 tanh, 3 sigmoid. The bits are those of the add and activation kernels, one after the other.
import { Identity, Relu, Sigmoid, Tanh } from './activations';
import { copyWords } from './copy';
import { relu_f32, sigmoid_f32, tanh_f32 } from './elementwise';
import { highHalf, loadTail, loadUpTo, lowHalf, storeTail, storeUpTo } from './lanes';
import { demote, sum_f32 } from './reduce';
import { A_PANELS, WORKSPACE } from './workspace';

// y = x + bias, or max(x + bias, 0), row by row.
function addBias<Op>(x: usize, bias: usize, y: usize, rows: i32, cols: i32, ldBytes: usize): void {
  const op = changetype<Op>(0);
  const zero = f32x4.splat(0);
  for (; rows > 0; rows--) {
    let o: usize = 0;
    let left = cols;
    for (; left >= 8; left -= 8, o += 32) {
      const a = op.apply(f32x4.add(v128.load(x + o), v128.load(bias + o)));
      const b = op.apply(f32x4.add(v128.load(x + o, 16), v128.load(bias + o, 16)));
      v128.store(y + o, a);
      v128.store(y + o, b, 16);
    }
    for (; left > 0; left -= 4, o += 16) {
      storeUpTo(y + o, op.apply(f32x4.add(loadUpTo(x + o, left, zero), loadUpTo(bias + o, left, zero))), left);
    }
    x += ldBytes;
    y += ldBytes;
  }
}

function activate(x: usize, y: usize, n: i32, activation: i32): void {
  if (activation === 1) relu_f32(x, y, n);
  else if (activation === 2) tanh_f32(x, y, n);
  else if (activation === 3) sigmoid_f32(x, y, n);
  else if (x !== y) copyWords(x, y, n);
}

// Elements that go through the bias and then the activation while they are in the first-level cache.
const CACHED: i32 = 2048;

/** y = f(x + bias) on rows of `cols` elements that begin ldBytes apart; may run in place. bias 0: none. */
function finish(x: usize, bias: usize, y: usize, rows: i32, cols: i32, ldBytes: usize, activation: i32): void {
  if (bias && activation <= 1) {
    if (activation) addBias<Relu>(x, bias, y, rows, cols, ldBytes);
    else addBias<Identity>(x, bias, y, rows, cols, ldBytes);
    return;
  }
  const together = ldBytes === (<usize>cols) << 2;
  const step = together ? max(1, CACHED / max(1, cols)) : 1;
  for (; rows > 0; rows -= step) {
    const some = min(step, rows);
    if (bias) addBias<Identity>(x, bias, y, some, cols, ldBytes);
    activate(bias ? y : x, y, some * cols, activation);
    x += <usize>some * ldBytes;
    y += <usize>some * ldBytes;
  }
}

/** c = f(c + bias) in place on rows of `cols` elements that begin ldBytes apart; bias 0: none. */
export function finishRows(c: usize, rows: i32, cols: i32, ldBytes: usize, bias: usize, activation: i32): void {
  if (bias || activation) finish(c, bias, c, rows, cols, ldBytes, activation);
}

/** y = f(x + bias); may run in place. bias 0: none. */
export function bias_activation_f32(x: usize, bias: usize, y: usize, rows: i32, cols: i32, activation: i32): void {
  finish(x, bias, y, rows, cols, (<usize>cols) << 2, activation);
}

// As in reduce.ts: a lane adds 32 numbers in f32 before the partial sum moves into f64.
const BLOCK: i32 = 32;

// Columns whose sums are kept in the workspace, for one block in f32 and for all in f64.
const CHUNK: i32 = 4096;

// dz of up to BLOCK rows, added up in `sums`: four rows at a time, so that the sums are loaded and stored less.
function gradBlock<Op>(g: usize, y: usize, dz: usize, sums: usize, rows: i32, cols: i32, stride: usize): void {
  const op = changetype<Op>(0);
  const whole = (<usize>(cols & ~3)) << 2;
  const second = stride;
  const third = stride + stride;
  const fourth = third + stride;
  for (; rows >= 4; rows -= 4) {
    for (let o: usize = 0; o < whole; o += 16) {
      const d0 = op.back(v128.load(g + o), v128.load(y + o));
      const d1 = op.back(v128.load(g + o + second), v128.load(y + o + second));
      const d2 = op.back(v128.load(g + o + third), v128.load(y + o + third));
      const d3 = op.back(v128.load(g + o + fourth), v128.load(y + o + fourth));
      v128.store(dz + o, d0);
      v128.store(dz + o + second, d1);
      v128.store(dz + o + third, d2);
      v128.store(dz + o + fourth, d3);
      const sum = f32x4.add(f32x4.add(f32x4.add(f32x4.add(v128.load(sums + o), d0), d1), d2), d3);
      v128.store(sums + o, sum);
    }
    if (cols & 3) {
      for (let r = 0; r < 4; r++) gradTail<Op>(g, y, dz, sums, whole, <usize>r * stride, cols & 3);
    }
    g += 4 * stride;
    y += 4 * stride;
    dz += 4 * stride;
  }
  for (; rows > 0; rows--) {
    for (let o: usize = 0; o < whole; o += 16) {
      const d = op.back(v128.load(g + o), v128.load(y + o));
      v128.store(dz + o, d);
      v128.store(sums + o, f32x4.add(v128.load(sums + o), d));
    }
    if (cols & 3) gradTail<Op>(g, y, dz, sums, whole, 0, cols & 3);
    g += stride;
    y += stride;
    dz += stride;
  }
}

// The last one to three columns of a row.
function gradTail<Op>(g: usize, y: usize, dz: usize, sums: usize, o: usize, row: usize, left: i32): void {
  const op = changetype<Op>(0);
  const zero = f32x4.splat(0);
  const d = op.back(loadTail(g + o + row, left, zero), loadTail(y + o + row, left, zero));
  storeTail(dz + o + row, d, left);
  v128.store(sums + o, f32x4.add(v128.load(sums + o), d));
}

// dz of all rows and their sums in `cols` columns.
function gradSums<Op>(g: usize, y: usize, dz: usize, db: usize, rows: i32, cols: i32, stride: usize): void {
  const sums = WORKSPACE + A_PANELS;
  const totals = sums + ((<usize>CHUNK) << 2);
  const zero = f32x4.splat(0);
  for (let c = 0; c < cols; c += 4) {
    v128.store(sums + ((<usize>c) << 2), zero);
    v128.store(totals + ((<usize>c) << 3), zero);
    v128.store(totals + ((<usize>c) << 3), zero, 16);
  }
  for (; rows > 0; rows -= BLOCK) {
    gradBlock<Op>(g, y, dz, sums, min(BLOCK, rows), cols, stride);
    for (let c = 0; c < cols; c += 4) {
      const sum = v128.load(sums + ((<usize>c) << 2));
      const total = totals + ((<usize>c) << 3);
      v128.store(total, f64x2.add(v128.load(total), lowHalf(sum)));
      v128.store(total, f64x2.add(v128.load(total, 16), highHalf(sum)), 16);
      v128.store(sums + ((<usize>c) << 2), zero);
    }
    g += <usize>BLOCK * stride;
    y += <usize>BLOCK * stride;
    dz += <usize>BLOCK * stride;
  }
  for (let c = 0; c < cols; c += 4) {
    const total = totals + ((<usize>c) << 3);
    storeUpTo(db + ((<usize>c) << 2), demote(v128.load(total), v128.load(total, 16)), cols - c);
  }
}

/**
 * dz = g f'(x + bias) from y = f(x + bias), and its sums over the rows; without an activation only the sums of g.
 *
 * db [ceil(rows / each), cols], at least one row, holds the sums of `each` rows. So rows may be split anywhere at a multiple
 * of `each` without changing a bit.
 */
export function bias_activation_grad_f32(
  g: usize,
  y: usize,
  dz: usize,
  db: usize,
  rows: i32,
  cols: i32,
  activation: i32,
  each: i32,
): void {
  const stride = (<usize>cols) << 2;
  do {
    const some = min(each, rows);
    if (activation === 0) sum_f32(g, db, 1, some, cols);
    else
      for (let c = 0; c < cols; c += CHUNK) {
        const o = (<usize>c) << 2;
        const columns = min(CHUNK, cols - c);
        if (activation === 1) gradSums<Relu>(g + o, y + o, dz + o, db + o, some, columns, stride);
        else if (activation === 2) gradSums<Tanh>(g + o, y + o, dz + o, db + o, some, columns, stride);
        else gradSums<Sigmoid>(g + o, y + o, dz + o, db + o, some, columns, stride);
      }
    const step = <usize>some * stride;
    g += step;
    y += step;
    dz += step;
    db += stride;
    rows -= some;
  } while (rows > 0);
}
