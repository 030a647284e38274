// Random numbers from Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3").
//
// The generator is a keyed bijection of a 128-bit counter, so any part of a stream can be computed on its own. A stream is
// a key (key0, key1); its position is a block number (counter0 low, counter1 high), the other two counter words are 0. A
// block gives four words: element i comes from word i % 4 of block position + floor(i / 4).
import { constant, madd, nmadd, storeUpTo } from './lanes';
import { F32x4 } from './math';

const M0: u32 = 0xd2511f53;
const M1: u32 = 0xcd9e8d57;
const W0: u32 = 0x9e3779b9; // the golden ratio
const W1: u32 = 0xbb67ae85; // sqrt 3 - 1

// What becomes of the words.
const BITS = 0;
const UNIFORM = 1;
const NORMAL = 2;
const MASK = 3;

/** High words of the four products x m. */
function mulHigh(x: v128, m: v128): v128 {
  return v128.shuffle<i32>(i64x2.extmul_low_i32x4_u(x, m), i64x2.extmul_high_i32x4_u(x, m), 1, 3, 5, 7);
}

/** u = (word >>> 8) 2^-24: a multiple of 2^-24 in [0, 1). */
function unit(words: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_u(words, 8)), f32x4.splat(5.9604644775390625e-8));
}

/** One word to one element: as it is, low + (high - low) u, or u < keep ? 1 / keep : 0. */
function element(kind: i32, words: v128, p: v128, q: v128): v128 {
  // never fused: uniform numbers are the same bits in every build
  if (kind === UNIFORM) return f32x4.add(p, f32x4.mul(q, unit(words)));
  if (kind === MASK) return v128.and(f32x4.lt(unit(words), p), q);
  return words;
}

const TURN: usize = memory.data<f32>([
  1.4629180792671596e-9, // 2 pi / 2^32
  -0.0001951697777,
  0.008332176134,
  -0.1666665524,
  2.443809171e-5,
  -0.001388736418,
  0.04166664556,
  0.5,
  1.0,
]);

/** sqrt(-2 log u) for u = (word + 1) 2^-32 in (0, 1]: all 32 bits, so the largest radius is sqrt(64 ln 2) = 6.66. */
function radius(words: v128): v128 {
  const u = f32x4.mul(f32x4.add(f32x4.convert_i32x4_u(words), f32x4.splat(1)), f32x4.splat(2.3283064365386963e-10));
  return f32x4.sqrt(f32x4.mul(f32x4.splat(-2), F32x4.logNormal(u)));
}

/** The quarter turn nearest to the angle 2 pi word / 2^32, as a number 0 .. 4. */
function quarters(words: v128): v128 {
  return i32x4.shr_u(i32x4.add(words, i32x4.splat(0x20000000)), 30);
}

/** What the quarter turns leave, -pi/4 .. pi/4: an exact integer, rounded once. */
function remainder(words: v128, quarter: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(i32x4.sub(words, i32x4.shl(quarter, 30))), constant(TURN, 0));
}

function sinSmall(a: v128): v128 {
  const z = f32x4.mul(a, a);
  const p = madd(madd(constant(TURN, 1), z, constant(TURN, 2)), z, constant(TURN, 3));
  return madd(f32x4.mul(p, z), a, a);
}

function cosSmall(a: v128): v128 {
  const z = f32x4.mul(a, a);
  const p = madd(madd(constant(TURN, 4), z, constant(TURN, 5)), z, constant(TURN, 6));
  return madd(p, f32x4.mul(z, z), nmadd(z, constant(TURN, 7), constant(TURN, 8)));
}

/** sin(a + quarter pi / 2) from sin a and cos a: odd quarters swap the two, quarters 2 and 3 turn the sign. */
function turned(sin: v128, cos: v128, quarter: v128): v128 {
  const swap = i32x4.shr_s(i32x4.shl(quarter, 31), 31);
  const sign = i32x4.shl(i32x4.shr_u(quarter, 1), 31);
  return v128.xor(v128.bitselect(cos, sin, swap), sign);
}

/** n elements from block number (counter0, counter1) on: four blocks at a time, one in each lane. */
function stream(kind: i32, y: usize, n: i32, key0: u32, key1: u32, counter0: u32, counter1: u32, p: f32, q: f32): void {
  const p4 = f32x4.splat(p);
  const q4 = f32x4.splat(q);
  const m0 = i32x4.splat(M0);
  const m1 = i32x4.splat(M1);
  let block = ((<u64>counter1) << 32) | <u64>counter0;
  for (let left = n; left > 0; left -= 16) {
    let x0 = i32x4.add(i32x4.splat(<i32>block), i32x4(0, 1, 2, 3));
    let x1 = i32x4(<i32>(block >> 32), <i32>((block + 1) >> 32), <i32>((block + 2) >> 32), <i32>((block + 3) >> 32));
    let x2 = i32x4.splat(0);
    let x3 = i32x4.splat(0);
    let k0 = key0;
    let k1 = key1;
    for (let round = 0; round < 10; round++) {
      const high0 = mulHigh(x0, m0);
      const high1 = mulHigh(x2, m1);
      const low0 = i32x4.mul(x0, m0);
      const low1 = i32x4.mul(x2, m1);
      x0 = v128.xor(v128.xor(high1, x1), i32x4.splat(k0));
      x1 = low1;
      x2 = v128.xor(v128.xor(high0, x3), i32x4.splat(k1));
      x3 = low0;
      k0 += W0;
      k1 += W1;
    }
    if (kind === NORMAL) {
      // Box-Muller: two uniform numbers make a radius and an angle, two independent normal coordinates
      const ra = f32x4.mul(radius(x0), q4);
      const rb = f32x4.mul(radius(x2), q4);
      const qa = quarters(x1);
      const qb = quarters(x3);
      const ta = remainder(x1, qa);
      const tb = remainder(x3, qb);
      const one = i32x4.splat(1);
      const sa = sinSmall(ta),
        ca = cosSmall(ta);
      const sb = sinSmall(tb),
        cb = cosSmall(tb);
      x0 = madd(ra, turned(sa, ca, i32x4.add(qa, one)), p4);
      x1 = madd(ra, turned(sa, ca, qa), p4);
      x2 = madd(rb, turned(sb, cb, i32x4.add(qb, one)), p4);
      x3 = madd(rb, turned(sb, cb, qb), p4);
    } else {
      x0 = element(kind, x0, p4, q4);
      x1 = element(kind, x1, p4, q4);
      x2 = element(kind, x2, p4, q4);
      x3 = element(kind, x3, p4, q4);
    }
    // word w of block b is lane b of vector w: transpose into stream order
    const a = v128.shuffle<i32>(x0, x1, 0, 4, 1, 5);
    const b = v128.shuffle<i32>(x0, x1, 2, 6, 3, 7);
    const c = v128.shuffle<i32>(x2, x3, 0, 4, 1, 5);
    const d = v128.shuffle<i32>(x2, x3, 2, 6, 3, 7);
    storeUpTo(y, v128.shuffle<i64>(a, c, 0, 2), left);
    if (left > 4) storeUpTo(y + 16, v128.shuffle<i64>(a, c, 1, 3), left - 4);
    if (left > 8) storeUpTo(y + 32, v128.shuffle<i64>(b, d, 0, 2), left - 8);
    if (left > 12) storeUpTo(y + 48, v128.shuffle<i64>(b, d, 1, 3), left - 12);
    y += 64;
    block += 4;
  }
}

/** The words themselves. */
export function philox_bits_f32(y: usize, n: i32, key0: u32, key1: u32, counter0: u32, counter1: u32): void {
  stream(BITS, y, n, key0, key1, counter0, counter1, 0, 0);
}

/** y = low + (high - low) u, u = (word >>> 8) 2^-24. In [low, high), save that the last addition may round up to high. */
export function uniform_f32(
  y: usize,
  n: i32,
  low: f32,
  high: f32,
  key0: u32,
  key1: u32,
  counter0: u32,
  counter1: u32,
): void {
  stream(UNIFORM, y, n, key0, key1, counter0, counter1, low, high - low);
}

/** Normal numbers, |y - mean| <= 6.67 std: words 0 and 1 of a block make elements 0 and 1, words 2 and 3 the others. */
export function normal_f32(
  y: usize,
  n: i32,
  mean: f32,
  std: f32,
  key0: u32,
  key1: u32,
  counter0: u32,
  counter1: u32,
): void {
  stream(NORMAL, y, n, key0, key1, counter0, counter1, mean, std);
}

/** y = 1 / keep with probability keep, else 0. */
export function dropout_mask_f32(
  y: usize,
  n: i32,
  keep: f32,
  key0: u32,
  key1: u32,
  counter0: u32,
  counter1: u32,
): void {
  stream(MASK, y, n, key0, key1, counter0, counter1, keep, 1 / keep);
}

/** One block: the four words of block number `block`. */
function philoxBlock(key0: u32, key1: u32, block: u64): v128 {
  let x0 = <u32>block,
    x1 = <u32>(block >> 32),
    x2: u32 = 0,
    x3: u32 = 0;
  for (let round = 0; round < 10; round++) {
    const a = <u64>M0 * <u64>x0;
    const b = <u64>M1 * <u64>x2;
    x0 = <u32>(b >> 32) ^ x1 ^ key0;
    x1 = <u32>b;
    x2 = <u32>(a >> 32) ^ x3 ^ key1;
    x3 = <u32>a;
    key0 += W0;
    key1 += W1;
  }
  let words = i32x4.splat(x0);
  words = i32x4.replace_lane(words, 1, x1);
  words = i32x4.replace_lane(words, 2, x2);
  return i32x4.replace_lane(words, 3, x3);
}

/**
 * A uniform permutation of 0 .. n - 1: Fisher-Yates from the end, y[i] with y[j], j uniform in 0 .. i. Bounded integers by
 * Lemire (2019, "Fast random integer generation in an interval"): the high word of word * s, unless the low word is under
 * 2^32 mod s; then the next word is tried. So there is no bias, and a word is used per try, in stream order.
 */
export function permutation_f32(y: usize, n: i32, key0: u32, key1: u32, counter0: u32, counter1: u32): void {
  let block = ((<u64>counter1) << 32) | <u64>counter0;
  let words = i32x4.splat(0);
  let unused = 0;
  for (let i = 0; i < n; i++) store<i32>(y + ((<usize>i) << 2), i);
  for (let i = n - 1; i > 0; i--) {
    const s = <u32>(i + 1);
    let product: u64;
    do {
      if (unused === 0) {
        words = philoxBlock(key0, key1, block++);
        unused = 4;
      }
      product = <u64>(<u32>i32x4.extract_lane(words, 0)) * <u64>s;
      words = v128.shuffle<i32>(words, words, 1, 2, 3, 0);
      unused--;
    } while (<u32>product < s && <u32>product < (0 - s) % s);
    const p = y + ((<usize>i) << 2);
    const q = y + ((<usize>(product >> 32)) << 2);
    const t = load<i32>(p);
    store<i32>(p, load<i32>(q));
    store<i32>(q, t);
  }
}
