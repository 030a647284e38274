// The inner loops of the gradients that skip zeros: a sum of rows of floats, each times a number of its own.
//
//   dst[0 .. 4V-1] += sum over entries (offset, value) of value * src[offset .. offset + 4V-1],   V = 1 .. 7 vectors
//
// An entry is 8 bytes: the offset in bytes, then the value. The sum runs from zero in the order of the entries and is
// then added, as in the dense products. V accumulators, V loads and a splat: 15 live vectors at V = 7, and one more
// of each would spill where all loads of a basic block are hoisted (V8 up to 12.4).
import { fma, zero4 } from './simd';

export const MOST_VECTORS = 7;

function add(dst: usize, sum: v128): void {
  v128.store(dst, f32x4.add(v128.load(dst), sum));
}

function sum1(list: usize, end: usize, src: usize, dst: usize): void {
  let s0 = zero4();
  for (; list < end; list += 8) {
    const at = src + load<usize>(list);
    const v = v128.load32_splat(list, 4);
    s0 = fma(v, v128.load(at), s0);
  }
  add(dst, s0);
}

function sum2(list: usize, end: usize, src: usize, dst: usize): void {
  let s0 = zero4();
  let s1 = zero4();
  for (; list < end; list += 8) {
    const at = src + load<usize>(list);
    const v = v128.load32_splat(list, 4);
    s0 = fma(v, v128.load(at), s0);
    s1 = fma(v, v128.load(at, 16), s1);
  }
  add(dst, s0);
  add(dst + 16, s1);
}

function sum3(list: usize, end: usize, src: usize, dst: usize): void {
  let s0 = zero4();
  let s1 = zero4();
  let s2 = zero4();
  for (; list < end; list += 8) {
    const at = src + load<usize>(list);
    const v = v128.load32_splat(list, 4);
    s0 = fma(v, v128.load(at), s0);
    s1 = fma(v, v128.load(at, 16), s1);
    s2 = fma(v, v128.load(at, 32), s2);
  }
  add(dst, s0);
  add(dst + 16, s1);
  add(dst + 32, s2);
}

function sum4(list: usize, end: usize, src: usize, dst: usize): void {
  let s0 = zero4();
  let s1 = zero4();
  let s2 = zero4();
  let s3 = zero4();
  for (; list < end; list += 8) {
    const at = src + load<usize>(list);
    const v = v128.load32_splat(list, 4);
    s0 = fma(v, v128.load(at), s0);
    s1 = fma(v, v128.load(at, 16), s1);
    s2 = fma(v, v128.load(at, 32), s2);
    s3 = fma(v, v128.load(at, 48), s3);
  }
  add(dst, s0);
  add(dst + 16, s1);
  add(dst + 32, s2);
  add(dst + 48, s3);
}

function sum5(list: usize, end: usize, src: usize, dst: usize): void {
  let s0 = zero4();
  let s1 = zero4();
  let s2 = zero4();
  let s3 = zero4();
  let s4 = zero4();
  for (; list < end; list += 8) {
    const at = src + load<usize>(list);
    const v = v128.load32_splat(list, 4);
    s0 = fma(v, v128.load(at), s0);
    s1 = fma(v, v128.load(at, 16), s1);
    s2 = fma(v, v128.load(at, 32), s2);
    s3 = fma(v, v128.load(at, 48), s3);
    s4 = fma(v, v128.load(at, 64), s4);
  }
  add(dst, s0);
  add(dst + 16, s1);
  add(dst + 32, s2);
  add(dst + 48, s3);
  add(dst + 64, s4);
}

function sum6(list: usize, end: usize, src: usize, dst: usize): void {
  let s0 = zero4();
  let s1 = zero4();
  let s2 = zero4();
  let s3 = zero4();
  let s4 = zero4();
  let s5 = zero4();
  for (; list < end; list += 8) {
    const at = src + load<usize>(list);
    const v = v128.load32_splat(list, 4);
    s0 = fma(v, v128.load(at), s0);
    s1 = fma(v, v128.load(at, 16), s1);
    s2 = fma(v, v128.load(at, 32), s2);
    s3 = fma(v, v128.load(at, 48), s3);
    s4 = fma(v, v128.load(at, 64), s4);
    s5 = fma(v, v128.load(at, 80), s5);
  }
  add(dst, s0);
  add(dst + 16, s1);
  add(dst + 32, s2);
  add(dst + 48, s3);
  add(dst + 64, s4);
  add(dst + 80, s5);
}

function sum7(list: usize, end: usize, src: usize, dst: usize): void {
  let s0 = zero4();
  let s1 = zero4();
  let s2 = zero4();
  let s3 = zero4();
  let s4 = zero4();
  let s5 = zero4();
  let s6 = zero4();
  for (; list < end; list += 8) {
    const at = src + load<usize>(list);
    const v = v128.load32_splat(list, 4);
    s0 = fma(v, v128.load(at), s0);
    s1 = fma(v, v128.load(at, 16), s1);
    s2 = fma(v, v128.load(at, 32), s2);
    s3 = fma(v, v128.load(at, 48), s3);
    s4 = fma(v, v128.load(at, 64), s4);
    s5 = fma(v, v128.load(at, 80), s5);
    s6 = fma(v, v128.load(at, 96), s6);
  }
  add(dst, s0);
  add(dst + 16, s1);
  add(dst + 32, s2);
  add(dst + 48, s3);
  add(dst + 64, s4);
  add(dst + 80, s5);
  add(dst + 96, s6);
}

// The entries list .. end-1, `vectors` vectors of each row.
export function addRows(vectors: i32, list: usize, end: usize, src: usize, dst: usize): void {
  if (vectors === 7) sum7(list, end, src, dst);
  else if (vectors === 4) sum4(list, end, src, dst);
  else if (vectors === 6) sum6(list, end, src, dst);
  else if (vectors === 5) sum5(list, end, src, dst);
  else if (vectors === 3) sum3(list, end, src, dst);
  else if (vectors === 2) sum2(list, end, src, dst);
  else sum1(list, end, src, dst);
}

// A row of `left` vectors is taken in chunks: how many vectors the next one has.
export function nextChunk(left: i32): i32 {
  if (left <= MOST_VECTORS) return left;
  if (left === 8 || left === 12 || left === 16) return 4;
  const chunks = (left + MOST_VECTORS - 1) / MOST_VECTORS;
  return (left + chunks - 1) / chunks;
}
