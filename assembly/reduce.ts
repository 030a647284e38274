// Reductions over the middle of x [outer, n, inner] into y [outer, inner].
//
// The order of every sum is fixed by the shape alone. A lane adds at most BLOCK numbers in f32 before the partial sum moves
// into an f64 total, so for numbers of one sign the relative error stays below BLOCK roundings, 2e-6, for any n; a million
// equal numbers, whose roundings all go the same way, measure 3.3e-7 and random ones 3e-8.
import { highHalf, laneMax, laneSum, loadUpTo, lowHalf, madd, storeUpTo } from './lanes';

const BLOCK: i32 = 32;
const CACHED: i32 = 1 << 16; // elements that stay in the second-level cache while strip after strip of columns is summed

/** What a sum adds: the elements, */
@unmanaged
export class Plain {
  apply(acc: v128, v: v128): v128 {
    return f32x4.add(acc, v);
  }
}
/** or their squares. */
@unmanaged
export class Square {
  apply(acc: v128, v: v128): v128 {
    return madd(v, v, acc);
  }
}

// Contiguous row: four accumulators of four lanes.
function sumRow<Op>(x: usize, n: i32): f64 {
  const op = changetype<Op>(0);
  const zero = f32x4.splat(0);
  let total: f64 = 0;
  while (n >= 16) {
    const steps = min(n >> 4, BLOCK);
    let a0 = zero,
      a1 = zero,
      a2 = zero,
      a3 = zero;
    for (let i = 0; i < steps; i++) {
      a0 = op.apply(a0, v128.load(x));
      a1 = op.apply(a1, v128.load(x, 16));
      a2 = op.apply(a2, v128.load(x, 32));
      a3 = op.apply(a3, v128.load(x, 48));
      x += 64;
    }
    total += laneSum(f32x4.add(f32x4.add(a0, a1), f32x4.add(a2, a3)));
    n -= steps << 4;
  }
  let rest = zero;
  for (; n > 0; n -= 4) {
    rest = op.apply(rest, loadUpTo(x, n, zero));
    x += 16;
  }
  return total + laneSum(rest);
}

/** The sum of n contiguous numbers. */
export function rowSum(x: usize, n: i32): f64 {
  return sumRow<Plain>(x, n);
}

/** The largest of n contiguous numbers: -Infinity for none, NaN when one is NaN. */
// pmax is one x86 instruction where max is seven, but drops a NaN that comes second: those are kept track of on the side.
export function rowMax(x: usize, n: i32): f32 {
  const lowest = f32x4.splat(-Infinity);
  let m0 = lowest;
  let m1 = lowest;
  let unordered = f32x4.splat(0);
  for (; n >= 8; n -= 8) {
    const a = v128.load(x);
    const b = v128.load(x, 16);
    m0 = f32x4.pmax(m0, a);
    m1 = f32x4.pmax(m1, b);
    unordered = v128.or(unordered, v128.or(f32x4.ne(a, a), f32x4.ne(b, b)));
    x += 32;
  }
  for (; n > 0; n -= 4) {
    const a = loadUpTo(x, n, lowest);
    m0 = f32x4.pmax(m0, a);
    unordered = v128.or(unordered, f32x4.ne(a, a));
    x += 16;
  }
  return laneMax(v128.or(f32x4.pmax(m0, m1), unordered)); // all bits set is a NaN
}

/** y = sum, or y += sum when `more`, in the first `left` lanes. */
export function put(y: usize, sum: v128, left: i32, more: bool): void {
  storeUpTo(y, more ? f32x4.add(loadUpTo(y, left, sum), sum) : sum, left);
}

// Up to four columns of a matrix with n rows, `stride` bytes apart.
function sumColumns<Op>(x: usize, y: usize, n: i32, stride: usize, left: i32, more: bool): void {
  const op = changetype<Op>(0);
  const zero = f32x4.splat(0);
  let low = f64x2.splat(0),
    high = f64x2.splat(0);
  while (n > 0) {
    const steps = min(n, BLOCK);
    let acc = zero;
    for (let i = 0; i < steps; i++) {
      acc = op.apply(acc, loadUpTo(x, left, zero));
      x += stride;
    }
    low = f64x2.add(low, lowHalf(acc));
    high = f64x2.add(high, highHalf(acc));
    n -= steps;
  }
  put(y, demote(low, high), left, more);
}

// Sixteen columns: a cache line of every row at a time.
function sumColumns16<Op>(x: usize, y: usize, n: i32, stride: usize, more: bool): void {
  const op = changetype<Op>(0);
  const zero = f32x4.splat(0);
  const none = f64x2.splat(0);
  let l0 = none,
    l1 = none,
    l2 = none,
    l3 = none;
  let h0 = none,
    h1 = none,
    h2 = none,
    h3 = none;
  while (n > 0) {
    const steps = min(n, BLOCK);
    let a0 = zero,
      a1 = zero,
      a2 = zero,
      a3 = zero;
    for (let i = 0; i < steps; i++) {
      a0 = op.apply(a0, v128.load(x));
      a1 = op.apply(a1, v128.load(x, 16));
      a2 = op.apply(a2, v128.load(x, 32));
      a3 = op.apply(a3, v128.load(x, 48));
      x += stride;
    }
    l0 = f64x2.add(l0, lowHalf(a0));
    h0 = f64x2.add(h0, highHalf(a0));
    l1 = f64x2.add(l1, lowHalf(a1));
    h1 = f64x2.add(h1, highHalf(a1));
    l2 = f64x2.add(l2, lowHalf(a2));
    h2 = f64x2.add(h2, highHalf(a2));
    l3 = f64x2.add(l3, lowHalf(a3));
    h3 = f64x2.add(h3, highHalf(a3));
    n -= steps;
  }
  put(y, demote(l0, h0), 4, more);
  put(y + 16, demote(l1, h1), 4, more);
  put(y + 32, demote(l2, h2), 4, more);
  put(y + 48, demote(l3, h3), 4, more);
}

/** Four f64 as four f32. */
export function demote(low: v128, high: v128): v128 {
  return v128.shuffle<i64>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2);
}

function reduceSum<Op>(x: usize, y: usize, outer: i32, n: i32, inner: i32): void {
  const stride = (<usize>inner) << 2;
  const rows = max(BLOCK, inner > 0 ? CACHED / inner : 0);
  for (let o = 0; o < outer; o++) {
    if (inner === 1) {
      store<f32>(y, <f32>sumRow<Op>(x, n));
    } else {
      // the first block of rows is stored, the others are added; there is a first one even for n = 0
      for (let i = 0; i === 0 || i < n; i += rows) {
        const px = x + <usize>i * stride;
        const some = min(rows, n - i);
        let j = 0;
        for (; j + 16 <= inner; j += 16) {
          sumColumns16<Op>(px + ((<usize>j) << 2), y + ((<usize>j) << 2), some, stride, i > 0);
        }
        for (; j < inner; j += 4) {
          sumColumns<Op>(px + ((<usize>j) << 2), y + ((<usize>j) << 2), some, stride, inner - j, i > 0);
        }
      }
    }
    x += <usize>n * stride;
    y += stride;
  }
}

/** y[o, j] = sum over i of x[o, i, j]. */
export function sum_f32(x: usize, y: usize, outer: i32, n: i32, inner: i32): void {
  reduceSum<Plain>(x, y, outer, n, inner);
}

/** y[o, j] = sum over i of x[o, i, j]^2. */
export function sum_squares_f32(x: usize, y: usize, outer: i32, n: i32, inner: i32): void {
  reduceSum<Square>(x, y, outer, n, inner);
}

/** y[o, j] = max over i of x[o, i, j]; -Infinity for n = 0, NaN when one is NaN. */
export function max_reduce_f32(x: usize, y: usize, outer: i32, n: i32, inner: i32): void {
  const stride = (<usize>inner) << 2;
  const lowest = f32x4.splat(-Infinity);
  for (let o = 0; o < outer; o++) {
    if (inner === 1) {
      store<f32>(y, rowMax(x, n));
    } else {
      for (let j = 0; j < inner; j += 4) {
        let best = lowest;
        let p = x + ((<usize>j) << 2);
        for (let i = 0; i < n; i++) {
          best = f32x4.max(best, loadUpTo(p, inner - j, lowest));
          p += stride;
        }
        storeUpTo(y + ((<usize>j) << 2), best, inner - j);
      }
    }
    x += <usize>n * stride;
    y += stride;
  }
}

/** Lanes where v takes the place of best: larger, or the first NaN. */
export function beats(v: v128, best: v128): v128 {
  return v128.andnot(f32x4.eq(best, best), f32x4.le(v, best));
}

/** Where the largest of n contiguous numbers stands: the first of equals, the first NaN before everything; 0 for n = 0. */
export function rowArgmax(x: usize, n: i32): i32 {
  let best = f32x4.splat(-Infinity);
  let at = i32x4(0, 1, 2, 3);
  let here = at;
  if (n >= 4) best = v128.load(x);
  for (let i = 0; i < n; i += 4) {
    const v = loadUpTo(x + ((<usize>i) << 2), n - i, f32x4.splat(-Infinity));
    const win = beats(v, best);
    best = v128.bitselect(v, best, win);
    at = v128.bitselect(here, at, win);
    here = i32x4.add(here, i32x4.splat(4));
  }
  // the lanes hold the first winner of each residue modulo 4: fold the upper half onto the lower, then lane 1 onto lane 0
  for (let half = 0; half < 2; half++) {
    const v = half ? v128.shuffle<i32>(best, best, 1, 0, 3, 2) : v128.shuffle<i32>(best, best, 2, 3, 0, 1);
    const there = half ? v128.shuffle<i32>(at, at, 1, 0, 3, 2) : v128.shuffle<i32>(at, at, 2, 3, 0, 1);
    const equal = v128.not(v128.or(beats(v, best), beats(best, v)));
    const win = v128.or(beats(v, best), v128.and(equal, i32x4.lt_s(there, at)));
    best = v128.bitselect(v, best, win);
    at = v128.bitselect(there, at, win);
  }
  return i32x4.extract_lane(at, 0);
}

/** y[o, j] = the first i with the largest x[o, i, j]; a NaN counts as the largest. */
export function argmax_f32(x: usize, y: usize, outer: i32, n: i32, inner: i32): void {
  const stride = (<usize>inner) << 2;
  const lowest = f32x4.splat(-Infinity);
  for (let o = 0; o < outer; o++) {
    if (inner === 1) {
      store<i32>(y, rowArgmax(x, n));
    } else {
      for (let j = 0; j < inner; j += 4) {
        let best = lowest;
        let at = i32x4.splat(0);
        let p = x + ((<usize>j) << 2);
        for (let i = 0; i < n; i++) {
          const v = loadUpTo(p, inner - j, lowest);
          const win = beats(v, best);
          best = v128.bitselect(v, best, win);
          at = v128.bitselect(i32x4.splat(i), at, win);
          p += stride;
        }
        storeUpTo(y + ((<usize>j) << 2), at, inner - j);
      }
    }
    x += <usize>n * stride;
    y += stride;
  }
}
