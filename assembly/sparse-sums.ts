// The inner loops of the gradients that skip zeros: sums of rows of floats, each times a number of its own.
//
//   dst[to .. to+4V-1] += sum over the job's entries (offset, value) of value * src[offset .. offset+4V-1],
//   V = 1 .. 7 vectors
//
// A job is 12 bytes: where its entries begin and end, and `to` in bytes. An entry is 8 bytes: the offset in bytes, then
// the value. The sum runs from zero in the order of the entries and is then added, as in the dense products. V
// accumulators, V loads and a splat: 15 live vectors at V = 7, and more would spill where all loads of a basic block
// are hoisted (V8 up to 12.4).
import { fma, zero4 } from './simd';

export const ENTRY: usize = 8;
export const JOB: usize = 12;
const MOST_VECTORS = 7;

function add(dst: usize, sum: v128): void {
  v128.store(dst, f32x4.add(v128.load(dst), sum));
}

function sum1(job: usize, end: usize, src: usize, dst: usize): void {
  for (; job < end; job += JOB) {
    const last = load<usize>(job, 4);
    let s0 = zero4();
    for (let entry = load<usize>(job); entry < last; entry += ENTRY) {
      const at = src + load<usize>(entry);
      const v = v128.load32_splat(entry, 4);
      s0 = fma(v, v128.load(at), s0);
    }
    const to = dst + load<usize>(job, 8);
    add(to, s0);
  }
}

function sum2(job: usize, end: usize, src: usize, dst: usize): void {
  for (; job < end; job += JOB) {
    const last = load<usize>(job, 4);
    let s0 = zero4();
    let s1 = zero4();
    for (let entry = load<usize>(job); entry < last; entry += ENTRY) {
      const at = src + load<usize>(entry);
      const v = v128.load32_splat(entry, 4);
      s0 = fma(v, v128.load(at), s0);
      s1 = fma(v, v128.load(at, 16), s1);
    }
    const to = dst + load<usize>(job, 8);
    add(to, s0);
    add(to + 16, s1);
  }
}

function sum3(job: usize, end: usize, src: usize, dst: usize): void {
  for (; job < end; job += JOB) {
    const last = load<usize>(job, 4);
    let s0 = zero4();
    let s1 = zero4();
    let s2 = zero4();
    for (let entry = load<usize>(job); entry < last; entry += ENTRY) {
      const at = src + load<usize>(entry);
      const v = v128.load32_splat(entry, 4);
      s0 = fma(v, v128.load(at), s0);
      s1 = fma(v, v128.load(at, 16), s1);
      s2 = fma(v, v128.load(at, 32), s2);
    }
    const to = dst + load<usize>(job, 8);
    add(to, s0);
    add(to + 16, s1);
    add(to + 32, s2);
  }
}

function sum4(job: usize, end: usize, src: usize, dst: usize): void {
  for (; job < end; job += JOB) {
    const last = load<usize>(job, 4);
    let s0 = zero4();
    let s1 = zero4();
    let s2 = zero4();
    let s3 = zero4();
    for (let entry = load<usize>(job); entry < last; entry += ENTRY) {
      const at = src + load<usize>(entry);
      const v = v128.load32_splat(entry, 4);
      s0 = fma(v, v128.load(at), s0);
      s1 = fma(v, v128.load(at, 16), s1);
      s2 = fma(v, v128.load(at, 32), s2);
      s3 = fma(v, v128.load(at, 48), s3);
    }
    const to = dst + load<usize>(job, 8);
    add(to, s0);
    add(to + 16, s1);
    add(to + 32, s2);
    add(to + 48, s3);
  }
}

function sum5(job: usize, end: usize, src: usize, dst: usize): void {
  for (; job < end; job += JOB) {
    const last = load<usize>(job, 4);
    let s0 = zero4();
    let s1 = zero4();
    let s2 = zero4();
    let s3 = zero4();
    let s4 = zero4();
    for (let entry = load<usize>(job); entry < last; entry += ENTRY) {
      const at = src + load<usize>(entry);
      const v = v128.load32_splat(entry, 4);
      s0 = fma(v, v128.load(at), s0);
      s1 = fma(v, v128.load(at, 16), s1);
      s2 = fma(v, v128.load(at, 32), s2);
      s3 = fma(v, v128.load(at, 48), s3);
      s4 = fma(v, v128.load(at, 64), s4);
    }
    const to = dst + load<usize>(job, 8);
    add(to, s0);
    add(to + 16, s1);
    add(to + 32, s2);
    add(to + 48, s3);
    add(to + 64, s4);
  }
}

function sum6(job: usize, end: usize, src: usize, dst: usize): void {
  for (; job < end; job += JOB) {
    const last = load<usize>(job, 4);
    let s0 = zero4();
    let s1 = zero4();
    let s2 = zero4();
    let s3 = zero4();
    let s4 = zero4();
    let s5 = zero4();
    for (let entry = load<usize>(job); entry < last; entry += ENTRY) {
      const at = src + load<usize>(entry);
      const v = v128.load32_splat(entry, 4);
      s0 = fma(v, v128.load(at), s0);
      s1 = fma(v, v128.load(at, 16), s1);
      s2 = fma(v, v128.load(at, 32), s2);
      s3 = fma(v, v128.load(at, 48), s3);
      s4 = fma(v, v128.load(at, 64), s4);
      s5 = fma(v, v128.load(at, 80), s5);
    }
    const to = dst + load<usize>(job, 8);
    add(to, s0);
    add(to + 16, s1);
    add(to + 32, s2);
    add(to + 48, s3);
    add(to + 64, s4);
    add(to + 80, s5);
  }
}

function sum7(job: usize, end: usize, src: usize, dst: usize): void {
  for (; job < end; job += JOB) {
    const last = load<usize>(job, 4);
    let s0 = zero4();
    let s1 = zero4();
    let s2 = zero4();
    let s3 = zero4();
    let s4 = zero4();
    let s5 = zero4();
    let s6 = zero4();
    for (let entry = load<usize>(job); entry < last; entry += ENTRY) {
      const at = src + load<usize>(entry);
      const v = v128.load32_splat(entry, 4);
      s0 = fma(v, v128.load(at), s0);
      s1 = fma(v, v128.load(at, 16), s1);
      s2 = fma(v, v128.load(at, 32), s2);
      s3 = fma(v, v128.load(at, 48), s3);
      s4 = fma(v, v128.load(at, 64), s4);
      s5 = fma(v, v128.load(at, 80), s5);
      s6 = fma(v, v128.load(at, 96), s6);
    }
    const to = dst + load<usize>(job, 8);
    add(to, s0);
    add(to + 16, s1);
    add(to + 32, s2);
    add(to + 48, s3);
    add(to + 64, s4);
    add(to + 80, s5);
    add(to + 96, s6);
  }
}

// The jobs job .. end-1, `vectors` vectors of each row.
export function addRows(vectors: i32, job: usize, end: usize, src: usize, dst: usize): void {
  if (vectors === 7) sum7(job, end, src, dst);
  else if (vectors === 6) sum6(job, end, src, dst);
  else if (vectors === 5) sum5(job, end, src, dst);
  else if (vectors === 4) sum4(job, end, src, dst);
  else if (vectors === 3) sum3(job, end, src, dst);
  else if (vectors === 2) sum2(job, end, src, dst);
  else sum1(job, end, src, dst);
}

// A row of `left` vectors is taken in chunks: how many vectors the next one has.
export function nextChunk(left: i32): i32 {
  if (left === 8 || left === 16) return 4;
  const chunks = (left + MOST_VECTORS - 1) / MOST_VECTORS;
  return (left + chunks - 1) / chunks;
}
