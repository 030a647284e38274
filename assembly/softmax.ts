// Softmax over the last axis of x [rows, cols], cross-entropy on top of it, and their gradients.
//
// log sum_c e^(z_c) is written as z_max + log1p(others), others = the sum of e^(z_c - z_max) over all c but the first
// maximum. When one class dominates, `others` is tiny and log1p keeps its relative accuracy: for z = [20, 0, 0] the loss
// of class 0 is 4.1e-9, where log(1 + 4.1e-9) in f32 would say 0. Membership attacks rank exactly such losses.
import { highHalf, loadUpTo, lowHalf, nmadd, storeUpTo } from './lanes';
import { F32x4 } from './math';
import { rowArgmax, rowMax, rowSum } from './reduce';
import { crossEntropyOfFew, FEW, logSoftmaxOfFew, softCrossEntropyOfFew, softmaxOfFew } from './softmax-few';

/** y = e^(x - m) for a row; returns the sum over all elements but number `skip`, added in f64. May run in place. */
function expRow(x: usize, y: usize, cols: i32, m: f32, skip: i32, write: bool): f64 {
  const shift = f32x4.splat(m);
  const skipped = i32x4.splat(skip);
  let here = i32x4(0, 1, 2, 3);
  let low = f64x2.splat(0),
    high = f64x2.splat(0);
  for (let c = 0; c < cols; c += 4) {
    const e = F32x4.exp(f32x4.sub(loadUpTo(x, cols - c, f32x4.splat(-Infinity)), shift));
    if (write) storeUpTo(y, e, cols - c);
    const others = v128.andnot(e, i32x4.eq(here, skipped));
    low = f64x2.add(low, lowHalf(others));
    high = f64x2.add(high, highHalf(others));
    here = i32x4.add(here, i32x4.splat(4));
    x += 16;
    y += 16;
  }
  const pair = f64x2.add(low, high);
  return f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1);
}

function divideRow(y: usize, cols: i32, by: f32): void {
  const d = f32x4.splat(by);
  for (let c = 0; c < cols; c += 4) {
    const left = cols - c;
    storeUpTo(y, f32x4.div(loadUpTo(y, left, f32x4.splat(0)), d), left);
    y += 16;
  }
}

/** The sum of a[i] b[i], added in f64. */
function rowDot(a: usize, b: usize, n: i32): f64 {
  let low = f64x2.splat(0),
    high = f64x2.splat(0);
  const zero = f32x4.splat(0);
  for (; n > 0; n -= 4) {
    const v = f32x4.mul(loadUpTo(a, n, zero), loadUpTo(b, n, zero));
    low = f64x2.add(low, lowHalf(v));
    high = f64x2.add(high, highHalf(v));
    a += 16;
    b += 16;
  }
  const pair = f64x2.add(low, high);
  return f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1);
}

/** y = e^(x - max) / sum of e^(x - max). */
export function softmax_f32(x: usize, y: usize, rows: i32, cols: i32): void {
  if (cols <= FEW) {
    softmaxOfFew(x, y, rows, cols);
    return;
  }
  const stride = (<usize>cols) << 2;
  for (let r = 0; r < rows; r++) {
    const sum = expRow(x, y, cols, rowMax(x, cols), -1, true);
    divideRow(y, cols, <f32>sum);
    x += stride;
    y += stride;
  }
}

/** y = (x - max) - log1p(others). */
export function log_softmax_f32(x: usize, y: usize, rows: i32, cols: i32): void {
  if (cols === 0) return;
  if (cols <= FEW) {
    logSoftmaxOfFew(x, y, rows, cols);
    return;
  }
  const stride = (<usize>cols) << 2;
  for (let r = 0; r < rows; r++) {
    const at = rowArgmax(x, cols);
    const m = load<f32>(x + ((<usize>at) << 2));
    const m4 = f32x4.splat(m);
    const log = F32x4.log1p(f32x4.splat(<f32>expRow(x, y, cols, m, at, false)));
    for (let c = 0; c < cols; c += 4) {
      const o = (<usize>c) << 2;
      const left = cols - c;
      storeUpTo(y + o, f32x4.sub(f32x4.sub(loadUpTo(x + o, left, m4), m4), log), left);
    }
    x += stride;
    y += stride;
  }
}

/** dx = y (g - sum_c g_c y_c), y = softmax(x). */
export function softmax_grad_f32(g: usize, y: usize, dx: usize, rows: i32, cols: i32): void {
  const stride = (<usize>cols) << 2;
  const zero = f32x4.splat(0);
  for (let r = 0; r < rows; r++) {
    const dot = f32x4.splat(<f32>rowDot(g, y, cols));
    for (let c = 0; c < cols; c += 4) {
      const o = (<usize>c) << 2;
      const left = cols - c;
      storeUpTo(dx + o, f32x4.mul(loadUpTo(y + o, left, zero), f32x4.sub(loadUpTo(g + o, left, zero), dot)), left);
    }
    g += stride;
    y += stride;
    dx += stride;
  }
}

/** dx = g - e^y sum_c g_c, y = log_softmax(x). */
export function log_softmax_grad_f32(g: usize, y: usize, dx: usize, rows: i32, cols: i32): void {
  const stride = (<usize>cols) << 2;
  const zero = f32x4.splat(0);
  for (let r = 0; r < rows; r++) {
    const sum = f32x4.splat(<f32>rowSum(g, cols));
    for (let c = 0; c < cols; c += 4) {
      const o = (<usize>c) << 2;
      const left = cols - c;
      storeUpTo(dx + o, nmadd(F32x4.exp(loadUpTo(y + o, left, zero)), sum, loadUpTo(g + o, left, zero)), left);
    }
    g += stride;
    y += stride;
    dx += stride;
  }
}

/** probs = softmax of one row; returns log1p(others), which is log sum e^z - z_max. `at` is the row's first maximum. */
function softmaxRow(z: usize, probs: usize, cols: i32, at: i32): f32 {
  const others = expRow(z, probs, cols, load<f32>(z + ((<usize>at) << 2)), at, true);
  divideRow(probs, cols, <f32>(1 + others));
  return f32x4.extract_lane(F32x4.log1p(f32x4.splat(<f32>others)), 0);
}

/** loss = log sum_c e^(z_c) - z_label = (z_max - z_label) + log1p(others): two terms that are never negative. */
export function cross_entropy_f32(logits: usize, labels: usize, loss: usize, probs: usize, rows: i32, cols: i32): void {
  if (cols <= FEW) {
    crossEntropyOfFew(logits, labels, loss, probs, rows, cols);
    return;
  }
  const stride = (<usize>cols) << 2;
  for (let r = 0; r < rows; r++) {
    const at = rowArgmax(logits, cols);
    const top = load<f32>(logits + ((<usize>at) << 2));
    const label = load<i32>(labels + (r << 2));
    const z = load<f32>(logits + ((<usize>label) << 2));
    store<f32>(loss + (r << 2), top - z + softmaxRow(logits, probs, cols, at));
    logits += stride;
    probs += stride;
  }
}

/** dx = g[r] (probs - onehot(label)). */
export function cross_entropy_grad_f32(g: usize, probs: usize, labels: usize, dx: usize, rows: i32, cols: i32): void {
  for (let r = 0; r < rows; r++) {
    const gr = load<f32>(g + (r << 2));
    const g4 = f32x4.splat(gr);
    const label = (<usize>load<i32>(labels + (r << 2))) << 2;
    const atLabel = gr * (load<f32>(probs + label) - 1);
    for (let c = 0; c < cols; c += 4) {
      const o = (<usize>c) << 2;
      storeUpTo(dx + o, f32x4.mul(g4, loadUpTo(probs + o, cols - c, g4)), cols - c);
    }
    if (cols > 0) store<f32>(dx + label, atLabel);
    probs += (<usize>cols) << 2;
    dx += (<usize>cols) << 2;
  }
}

/** loss = sum_c t_c (log sum e^z - z_c) = sum_c t_c ((z_max - z_c) + log1p(others)). */
export function soft_cross_entropy_f32(
  logits: usize,
  targets: usize,
  loss: usize,
  probs: usize,
  rows: i32,
  cols: i32,
): void {
  if (cols <= FEW) {
    softCrossEntropyOfFew(logits, targets, loss, probs, rows, cols);
    return;
  }
  const stride = (<usize>cols) << 2;
  const zero = f32x4.splat(0);
  for (let r = 0; r < rows; r++) {
    const at = rowArgmax(logits, cols);
    const top = f32x4.splat(load<f32>(logits + ((<usize>at) << 2)));
    const log = f32x4.splat(softmaxRow(logits, probs, cols, at));
    let low = f64x2.splat(0),
      high = f64x2.splat(0);
    for (let c = 0; c < cols; c += 4) {
      const o = (<usize>c) << 2;
      const gap = f32x4.add(f32x4.sub(top, loadUpTo(logits + o, cols - c, top)), log);
      const part = f32x4.mul(loadUpTo(targets + o, cols - c, zero), gap);
      low = f64x2.add(low, lowHalf(part));
      high = f64x2.add(high, highHalf(part));
    }
    const pair = f64x2.add(low, high);
    store<f32>(loss + (r << 2), <f32>(f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1)));
    logits += stride;
    targets += stride;
    probs += stride;
  }
}

/** dx = g[r] (probs sum_c t_c - t). */
export function soft_cross_entropy_grad_f32(
  g: usize,
  probs: usize,
  targets: usize,
  dx: usize,
  rows: i32,
  cols: i32,
): void {
  const zero = f32x4.splat(0);
  for (let r = 0; r < rows; r++) {
    const g4 = v128.load_splat<f32>(g + (r << 2));
    const mass = f32x4.splat(<f32>rowSum(targets, cols));
    for (let c = 0; c < cols; c += 4) {
      const o = (<usize>c) << 2;
      const left = cols - c;
      const p = loadUpTo(probs + o, left, zero);
      storeUpTo(dx + o, f32x4.mul(g4, f32x4.sub(f32x4.mul(p, mass), loadUpTo(targets + o, left, zero))), left);
    }
    probs += (<usize>cols) << 2;
    targets += (<usize>cols) << 2;
    dx += (<usize>cols) << 2;
  }
}
