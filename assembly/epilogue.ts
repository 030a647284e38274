// The end of a layer, and the beginning of its gradient: bias and activation in one pass over the rows of a product.
//
//   y = f(x + bias);  dz = g f'(x + bias), from y, and db = the sum of dz over the rows;  all [rows, cols], bias [cols]
//
// f by number: 0 none, 1 relu, 2 tanh, 3 sigmoid. The bits are those of the add and activation kernels, one after the other.
import { Identity, Relu, Sigmoid, Tanh } from './activations';
import { copyWords } from './copy';
import { relu_f32, sigmoid_f32, tanh_f32 } from './elementwise';
import { highHalf, loadUpTo, lowHalf, storeUpTo } from './lanes';
import { demote, sum_f32 } from './reduce';

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

// Rows that are added up before the sum is written: as many as stay in the cache, by the number of columns alone.
function rowsPerSum(cols: i32): i32 {
  return max(32, min(1024, 65536 / max(1, cols)));
}

// As in reduce.ts: a lane adds 32 numbers in f32 before the partial sum moves into f64.
const BLOCK: i32 = 32;

// Eight columns, then four by four, each down all rows.
function gradSums<Op>(g: usize, y: usize, dz: usize, db: usize, rows: i32, cols: i32): void {
  const op = changetype<Op>(0);
  const stride = (<usize>cols) << 2;
  const zero = f32x4.splat(0);
  const none = f64x2.splat(0);
  let c = 0;
  for (; c + 8 <= cols; c += 8) {
    let o = (<usize>c) << 2;
    let l0 = none,
      l1 = none,
      h0 = none,
      h1 = none;
    for (let r = 0; r < rows; r += BLOCK) {
      let a0 = zero,
        a1 = zero;
      for (let steps = min(BLOCK, rows - r); steps > 0; steps--, o += stride) {
        const d0 = op.back(v128.load(g + o), v128.load(y + o));
        const d1 = op.back(v128.load(g + o, 16), v128.load(y + o, 16));
        v128.store(dz + o, d0);
        v128.store(dz + o, d1, 16);
        a0 = f32x4.add(a0, d0);
        a1 = f32x4.add(a1, d1);
      }
      l0 = f64x2.add(l0, lowHalf(a0));
      h0 = f64x2.add(h0, highHalf(a0));
      l1 = f64x2.add(l1, lowHalf(a1));
      h1 = f64x2.add(h1, highHalf(a1));
    }
    const to = db + ((<usize>c) << 2);
    v128.store(to, demote(l0, h0));
    v128.store(to, demote(l1, h1), 16);
  }
  for (; c < cols; c += 4) {
    let o = (<usize>c) << 2;
    const left = cols - c;
    let low = none,
      high = none;
    for (let r = 0; r < rows; r += BLOCK) {
      let a = zero;
      for (let steps = min(BLOCK, rows - r); steps > 0; steps--, o += stride) {
        const d = op.back(loadUpTo(g + o, left, zero), loadUpTo(y + o, left, zero));
        storeUpTo(dz + o, d, left);
        a = f32x4.add(a, d);
      }
      low = f64x2.add(low, lowHalf(a));
      high = f64x2.add(high, highHalf(a));
    }
    storeUpTo(db + ((<usize>c) << 2), demote(low, high), left);
  }
}

/**
 * dz = g f'(x + bias) from y = f(x + bias), and its sums over the rows; without an activation only the sums of g.
 *
 * db [ceil(rows / R), cols], at least one row, holds the sums of R rows each, R = rowsPerSum(cols): who wants their sum
 * adds them in order. So rows may be split anywhere at a multiple of R without changing a bit.
 */
export function bias_activation_grad_f32(
  g: usize,
  y: usize,
  dz: usize,
  db: usize,
  rows: i32,
  cols: i32,
  activation: i32,
): void {
  const stride = (<usize>cols) << 2;
  const most = rowsPerSum(cols);
  do {
    const some = min(most, rows);
    if (activation === 1) gradSums<Relu>(g, y, dz, db, some, cols);
    else if (activation === 2) gradSums<Tanh>(g, y, dz, db, some, cols);
    else if (activation === 3) gradSums<Sigmoid>(g, y, dz, db, some, cols);
    else sum_f32(g, db, 1, some, cols);
    const step = <usize>some * stride;
    g += step;
    y += step;
    dz += step;
    db += stride;
    rows -= some;
  } while (rows > 0);
}
