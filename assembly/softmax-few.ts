// Softmax and cross-entropy of rows of few classes, four rows at a time, a row in each lane: rows shorter than a few vectors
// spend their time on ends and horizontal sums. Which rows lie beside a row changes no bit of it.
//
// The last rows of a batch are met by repeating the last one, so that every row takes the same way.
import { highHalf, loadUpTo, lowHalf, storeUpTo } from './lanes';
import { F32x4 } from './math';
import { beats, demote } from './reduce';
import { ROW, WORKSPACE } from './workspace';

/** The most classes that are computed this way. */
export const FEW: i32 = 32;

// In the workspace: for each class four rows' x - max, then e^(x - max), then of the rows themselves
const SHIFTED: usize = 0;
const EXPS: usize = (<usize>FEW) << 4;
const MAX: usize = 2 * EXPS;
const ARGMAX: usize = MAX + 16;
const OTHERS: usize = MAX + 32; // the sum of e^(x - max) over all classes but the first maximum

function scratch(): usize {
  return WORKSPACE + ROW;
}

/** t[c] = element c of four rows: 4 x 4 blocks, transposed in registers. */
function gatherRows(x0: usize, x1: usize, x2: usize, x3: usize, t: usize, cols: i32): void {
  const zero = f32x4.splat(0);
  for (let c = 0; c < cols; c += 4) {
    const left = cols - c;
    const a = loadUpTo(x0, left, zero);
    const b = loadUpTo(x1, left, zero);
    const d = loadUpTo(x2, left, zero);
    const e = loadUpTo(x3, left, zero);
    const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
    const de = v128.shuffle<i32>(d, e, 0, 4, 1, 5);
    v128.store(t, v128.shuffle<i64>(ab, de, 0, 2));
    v128.store(t, v128.shuffle<i64>(ab, de, 1, 3), 16);
    const ab2 = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
    const de2 = v128.shuffle<i32>(d, e, 2, 6, 3, 7);
    v128.store(t, v128.shuffle<i64>(ab2, de2, 0, 2), 32);
    v128.store(t, v128.shuffle<i64>(ab2, de2, 1, 3), 48);
    x0 += 16;
    x1 += 16;
    x2 += 16;
    x3 += 16;
    t += 64;
  }
}

/** The other way: element c of four rows = t[c]. */
function scatterRows(t: usize, y0: usize, y1: usize, y2: usize, y3: usize, cols: i32): void {
  for (let c = 0; c < cols; c += 4) {
    const left = cols - c;
    const a = v128.load(t);
    const b = v128.load(t, 16);
    const d = v128.load(t, 32);
    const e = v128.load(t, 48);
    const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
    const de = v128.shuffle<i32>(d, e, 0, 4, 1, 5);
    storeUpTo(y0, v128.shuffle<i64>(ab, de, 0, 2), left);
    storeUpTo(y1, v128.shuffle<i64>(ab, de, 1, 3), left);
    const ab2 = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
    const de2 = v128.shuffle<i32>(d, e, 2, 6, 3, 7);
    storeUpTo(y2, v128.shuffle<i64>(ab2, de2, 0, 2), left);
    storeUpTo(y3, v128.shuffle<i64>(ab2, de2, 1, 3), left);
    y0 += 16;
    y1 += 16;
    y2 += 16;
    y3 += 16;
    t += 64;
  }
}

/** Row r and the next three, or the last row again: its distance in bytes from row r. */
function distance(r: i32, by: i32, rows: i32, stride: usize): usize {
  return <usize>min(by, rows - 1 - r) * stride;
}

/** Fills the scratch for the four rows from row r on. */
function expOfRows(x: usize, r: i32, rows: i32, cols: i32): void {
  const at = scratch();
  const stride = (<usize>cols) << 2;
  const x1 = x + distance(r, 1, rows, stride);
  const x2 = x + distance(r, 2, rows, stride);
  gatherRows(x, x1, x2, x + distance(r, 3, rows, stride), at + SHIFTED, cols);
  let best = v128.load(at);
  let argmax = i32x4.splat(0);
  for (let c = 1; c < cols; c++) {
    const v = v128.load(at + ((<usize>c) << 4));
    const win = beats(v, best);
    best = v128.bitselect(v, best, win);
    argmax = v128.bitselect(i32x4.splat(c), argmax, win);
  }
  let low = f64x2.splat(0),
    high = f64x2.splat(0);
  for (let c = 0; c < cols; c++) {
    const p = at + ((<usize>c) << 4);
    const shifted = f32x4.sub(v128.load(p), best);
    const e = F32x4.exp(shifted);
    const other = v128.andnot(e, i32x4.eq(i32x4.splat(c), argmax));
    low = f64x2.add(low, lowHalf(other));
    high = f64x2.add(high, highHalf(other));
    v128.store(p, shifted);
    v128.store(p, e, EXPS);
  }
  v128.store(at, best, MAX);
  v128.store(at, argmax, ARGMAX);
  v128.store(at, demote(low, high), OTHERS);
}

/** Writes the softmax of the four rows from the scratch. */
function writeSoftmax(y: usize, r: i32, rows: i32, cols: i32): void {
  const at = scratch();
  const stride = (<usize>cols) << 2;
  const sum = f32x4.add(f32x4.splat(1), v128.load(at, OTHERS));
  for (let c = 0; c < cols; c++) {
    const p = at + ((<usize>c) << 4);
    v128.store(p, f32x4.div(v128.load(p, EXPS), sum), EXPS);
  }
  const y1 = y + distance(r, 1, rows, stride);
  const y2 = y + distance(r, 2, rows, stride);
  scatterRows(at + EXPS, y, y1, y2, y + distance(r, 3, rows, stride), cols);
}

/** y = e^(x - max) / sum of e^(x - max). */
export function softmaxOfFew(x: usize, y: usize, rows: i32, cols: i32): void {
  const step = (<usize>cols) << 4;
  for (let r = 0; r < rows; r += 4, x += step, y += step) {
    expOfRows(x, r, rows, cols);
    writeSoftmax(y, r, rows, cols);
  }
}

/** y = (x - max) - log1p(others). */
export function logSoftmaxOfFew(x: usize, y: usize, rows: i32, cols: i32): void {
  const at = scratch();
  const stride = (<usize>cols) << 2;
  for (let r = 0; r < rows; r += 4, x += 4 * stride, y += 4 * stride) {
    expOfRows(x, r, rows, cols);
    const log = F32x4.log1p(v128.load(at, OTHERS));
    for (let c = 0; c < cols; c++) {
      const p = at + ((<usize>c) << 4);
      v128.store(p, f32x4.sub(v128.load(p), log));
    }
    const y1 = y + distance(r, 1, rows, stride);
    const y2 = y + distance(r, 2, rows, stride);
    scatterRows(at + SHIFTED, y, y1, y2, y + distance(r, 3, rows, stride), cols);
  }
}

/** loss = (z_max - z_label) + log1p(others), and the softmax. */
export function crossEntropyOfFew(z: usize, labels: usize, loss: usize, probs: usize, rows: i32, cols: i32): void {
  const at = scratch();
  const step = (<usize>cols) << 4;
  for (let r = 0; r < rows; r += 4, z += step, probs += step) {
    expOfRows(z, r, rows, cols);
    const log = F32x4.log1p(v128.load(at, OTHERS));
    v128.store(at, log, OTHERS + 16);
    for (let i = 0; i < min(4, rows - r); i++) {
      const label = load<i32>(labels + ((r + i) << 2));
      const row = (<usize>i) << 2;
      const gap = -load<f32>(at + ((<usize>label) << 4) + row);
      store<f32>(loss + ((r + i) << 2), gap + load<f32>(at + row, OTHERS + 16));
    }
    writeSoftmax(probs, r, rows, cols);
  }
}

/** loss = sum_c t_c ((z_max - z_c) + log1p(others)), and the softmax. */
export function softCrossEntropyOfFew(z: usize, targets: usize, loss: usize, probs: usize, rows: i32, cols: i32): void {
  const at = scratch();
  const stride = (<usize>cols) << 2;
  for (let r = 0; r < rows; r += 4, z += 4 * stride, probs += 4 * stride, targets += 4 * stride) {
    expOfRows(z, r, rows, cols);
    const log = F32x4.log1p(v128.load(at, OTHERS));
    writeSoftmax(probs, r, rows, cols);
    // the exponentials are not needed any more: the targets take their place
    const t1 = targets + distance(r, 1, rows, stride);
    const t2 = targets + distance(r, 2, rows, stride);
    gatherRows(targets, t1, t2, targets + distance(r, 3, rows, stride), at + EXPS, cols);
    let low = f64x2.splat(0),
      high = f64x2.splat(0);
    for (let c = 0; c < cols; c++) {
      const p = at + ((<usize>c) << 4);
      const part = f32x4.mul(v128.load(p, EXPS), f32x4.sub(log, v128.load(p)));
      low = f64x2.add(low, lowHalf(part));
      high = f64x2.add(high, highHalf(part));
    }
    storeUpTo(loss + (r << 2), demote(low, high), rows - r);
  }
}
