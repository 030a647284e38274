// The inner loops of the gradients that skip zeros: sums of rows of floats, each times a number of its own.
//
//   dst[to .. to+4V-1] += value * src[offset .. offset+4V-1], for the job's entries (offset, value) in their order;
//   V vectors
//
// The sums begin with what dst holds.
//
// All jobs are one loop, whose turns add an entry or go on to the next job. As two loops, or with anything but a
// store of the sums behind the loop, V8 up to 12.4 spills from V = 8 on. 7 to 12 vectors are in sparse-sums-long.
import { fma } from './simd';
import { ENTRY, JOB } from './sparse-lists';
import { sum7, sum8, sum9, sum10, sum12 } from './sparse-sums-long';

export const MOST_VECTORS = 12;

function sum1(job: usize, end: usize, src: usize, dst: usize): void {
  if (job >= end) return;
  let to = dst + load<usize>(job, 8);
  let s0 = v128.load(to);
  let entry = load<usize>(job);
  let last = load<usize>(job, 4);
  while (true) {
    if (entry === last) {
      v128.store(to, s0);
      job += JOB;
      if (job >= end) return;
      to = dst + load<usize>(job, 8);
      s0 = v128.load(to);
      entry = load<usize>(job);
      last = load<usize>(job, 4);
      continue;
    }
    const v = v128.load32_splat(entry, 4);
    const at = src + load<usize>(entry);
    s0 = fma(v, v128.load(at), s0);
    entry += ENTRY;
  }
}

function sum2(job: usize, end: usize, src: usize, dst: usize): void {
  if (job >= end) return;
  let to = dst + load<usize>(job, 8);
  let s0 = v128.load(to);
  let s1 = v128.load(to, 16);
  let entry = load<usize>(job);
  let last = load<usize>(job, 4);
  while (true) {
    if (entry === last) {
      v128.store(to, s0);
      v128.store(to, s1, 16);
      job += JOB;
      if (job >= end) return;
      to = dst + load<usize>(job, 8);
      s0 = v128.load(to);
      s1 = v128.load(to, 16);
      entry = load<usize>(job);
      last = load<usize>(job, 4);
      continue;
    }
    const v = v128.load32_splat(entry, 4);
    const at = src + load<usize>(entry);
    s0 = fma(v, v128.load(at), s0);
    s1 = fma(v, v128.load(at, 16), s1);
    entry += ENTRY;
  }
}

function sum3(job: usize, end: usize, src: usize, dst: usize): void {
  if (job >= end) return;
  let to = dst + load<usize>(job, 8);
  let s0 = v128.load(to);
  let s1 = v128.load(to, 16);
  let s2 = v128.load(to, 32);
  let entry = load<usize>(job);
  let last = load<usize>(job, 4);
  while (true) {
    if (entry === last) {
      v128.store(to, s0);
      v128.store(to, s1, 16);
      v128.store(to, s2, 32);
      job += JOB;
      if (job >= end) return;
      to = dst + load<usize>(job, 8);
      s0 = v128.load(to);
      s1 = v128.load(to, 16);
      s2 = v128.load(to, 32);
      entry = load<usize>(job);
      last = load<usize>(job, 4);
      continue;
    }
    const v = v128.load32_splat(entry, 4);
    const at = src + load<usize>(entry);
    s0 = fma(v, v128.load(at), s0);
    s1 = fma(v, v128.load(at, 16), s1);
    s2 = fma(v, v128.load(at, 32), s2);
    entry += ENTRY;
  }
}

function sum4(job: usize, end: usize, src: usize, dst: usize): void {
  if (job >= end) return;
  let to = dst + load<usize>(job, 8);
  let s0 = v128.load(to);
  let s1 = v128.load(to, 16);
  let s2 = v128.load(to, 32);
  let s3 = v128.load(to, 48);
  let entry = load<usize>(job);
  let last = load<usize>(job, 4);
  while (true) {
    if (entry === last) {
      v128.store(to, s0);
      v128.store(to, s1, 16);
      v128.store(to, s2, 32);
      v128.store(to, s3, 48);
      job += JOB;
      if (job >= end) return;
      to = dst + load<usize>(job, 8);
      s0 = v128.load(to);
      s1 = v128.load(to, 16);
      s2 = v128.load(to, 32);
      s3 = v128.load(to, 48);
      entry = load<usize>(job);
      last = load<usize>(job, 4);
      continue;
    }
    const v = v128.load32_splat(entry, 4);
    const at = src + load<usize>(entry);
    s0 = fma(v, v128.load(at), s0);
    s1 = fma(v, v128.load(at, 16), s1);
    s2 = fma(v, v128.load(at, 32), s2);
    s3 = fma(v, v128.load(at, 48), s3);
    entry += ENTRY;
  }
}

function sum5(job: usize, end: usize, src: usize, dst: usize): void {
  if (job >= end) return;
  let to = dst + load<usize>(job, 8);
  let s0 = v128.load(to);
  let s1 = v128.load(to, 16);
  let s2 = v128.load(to, 32);
  let s3 = v128.load(to, 48);
  let s4 = v128.load(to, 64);
  let entry = load<usize>(job);
  let last = load<usize>(job, 4);
  while (true) {
    if (entry === last) {
      v128.store(to, s0);
      v128.store(to, s1, 16);
      v128.store(to, s2, 32);
      v128.store(to, s3, 48);
      v128.store(to, s4, 64);
      job += JOB;
      if (job >= end) return;
      to = dst + load<usize>(job, 8);
      s0 = v128.load(to);
      s1 = v128.load(to, 16);
      s2 = v128.load(to, 32);
      s3 = v128.load(to, 48);
      s4 = v128.load(to, 64);
      entry = load<usize>(job);
      last = load<usize>(job, 4);
      continue;
    }
    const v = v128.load32_splat(entry, 4);
    const at = src + load<usize>(entry);
    s0 = fma(v, v128.load(at), s0);
    s1 = fma(v, v128.load(at, 16), s1);
    s2 = fma(v, v128.load(at, 32), s2);
    s3 = fma(v, v128.load(at, 48), s3);
    s4 = fma(v, v128.load(at, 64), s4);
    entry += ENTRY;
  }
}

function sum6(job: usize, end: usize, src: usize, dst: usize): void {
  if (job >= end) return;
  let to = dst + load<usize>(job, 8);
  let s0 = v128.load(to);
  let s1 = v128.load(to, 16);
  let s2 = v128.load(to, 32);
  let s3 = v128.load(to, 48);
  let s4 = v128.load(to, 64);
  let s5 = v128.load(to, 80);
  let entry = load<usize>(job);
  let last = load<usize>(job, 4);
  while (true) {
    if (entry === last) {
      v128.store(to, s0);
      v128.store(to, s1, 16);
      v128.store(to, s2, 32);
      v128.store(to, s3, 48);
      v128.store(to, s4, 64);
      v128.store(to, s5, 80);
      job += JOB;
      if (job >= end) return;
      to = dst + load<usize>(job, 8);
      s0 = v128.load(to);
      s1 = v128.load(to, 16);
      s2 = v128.load(to, 32);
      s3 = v128.load(to, 48);
      s4 = v128.load(to, 64);
      s5 = v128.load(to, 80);
      entry = load<usize>(job);
      last = load<usize>(job, 4);
      continue;
    }
    const v = v128.load32_splat(entry, 4);
    const at = src + load<usize>(entry);
    s0 = fma(v, v128.load(at), s0);
    s1 = fma(v, v128.load(at, 16), s1);
    s2 = fma(v, v128.load(at, 32), s2);
    s3 = fma(v, v128.load(at, 48), s3);
    s4 = fma(v, v128.load(at, 64), s4);
    s5 = fma(v, v128.load(at, 80), s5);
    entry += ENTRY;
  }
}

// The jobs job .. end-1, `vectors` vectors of each row.
export function addRows(vectors: i32, job: usize, end: usize, src: usize, dst: usize): void {
  if (vectors === 12) sum12(job, end, src, dst);
  else if (vectors === 10) sum10(job, end, src, dst);
  else if (vectors === 9) sum9(job, end, src, dst);
  else if (vectors === 8) sum8(job, end, src, dst);
  else if (vectors === 7) sum7(job, end, src, dst);
  else if (vectors === 6) sum6(job, end, src, dst);
  else if (vectors === 5) sum5(job, end, src, dst);
  else if (vectors === 4) sum4(job, end, src, dst);
  else if (vectors === 3) sum3(job, end, src, dst);
  else if (vectors === 2) sum2(job, end, src, dst);
  else sum1(job, end, src, dst);
}

// A row of `left` vectors is taken in chunks of nearly equal length: how many vectors the next one has.
export function nextChunk(left: i32): i32 {
  const chunks = (left + MOST_VECTORS - 1) / MOST_VECTORS;
  const vectors = (left + chunks - 1) / chunks;
  if (vectors !== 11) return vectors;
  return left === 11 ? 6 : 12;
}
