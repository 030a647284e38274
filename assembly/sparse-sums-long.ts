// The inner loops of sparse-sums for 7 to 12 vectors: see there.
import { fma } from './simd';
import { ENTRY, JOB } from './sparse-lists';

export function sum7(job: usize, end: usize, src: usize, dst: usize): void {
  if (job >= end) return;
  let to = dst + load<usize>(job, 8);
  let s0 = v128.load(to);
  let s1 = v128.load(to, 16);
  let s2 = v128.load(to, 32);
  let s3 = v128.load(to, 48);
  let s4 = v128.load(to, 64);
  let s5 = v128.load(to, 80);
  let s6 = v128.load(to, 96);
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
      v128.store(to, s6, 96);
      job += JOB;
      if (job >= end) return;
      to = dst + load<usize>(job, 8);
      s0 = v128.load(to);
      s1 = v128.load(to, 16);
      s2 = v128.load(to, 32);
      s3 = v128.load(to, 48);
      s4 = v128.load(to, 64);
      s5 = v128.load(to, 80);
      s6 = v128.load(to, 96);
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
    s6 = fma(v, v128.load(at, 96), s6);
    entry += ENTRY;
  }
}

export function sum8(job: usize, end: usize, src: usize, dst: usize): void {
  if (job >= end) return;
  let to = dst + load<usize>(job, 8);
  let s0 = v128.load(to);
  let s1 = v128.load(to, 16);
  let s2 = v128.load(to, 32);
  let s3 = v128.load(to, 48);
  let s4 = v128.load(to, 64);
  let s5 = v128.load(to, 80);
  let s6 = v128.load(to, 96);
  let s7 = v128.load(to, 112);
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
      v128.store(to, s6, 96);
      v128.store(to, s7, 112);
      job += JOB;
      if (job >= end) return;
      to = dst + load<usize>(job, 8);
      s0 = v128.load(to);
      s1 = v128.load(to, 16);
      s2 = v128.load(to, 32);
      s3 = v128.load(to, 48);
      s4 = v128.load(to, 64);
      s5 = v128.load(to, 80);
      s6 = v128.load(to, 96);
      s7 = v128.load(to, 112);
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
    s6 = fma(v, v128.load(at, 96), s6);
    s7 = fma(v, v128.load(at, 112), s7);
    entry += ENTRY;
  }
}

export function sum9(job: usize, end: usize, src: usize, dst: usize): void {
  if (job >= end) return;
  let to = dst + load<usize>(job, 8);
  let s0 = v128.load(to);
  let s1 = v128.load(to, 16);
  let s2 = v128.load(to, 32);
  let s3 = v128.load(to, 48);
  let s4 = v128.load(to, 64);
  let s5 = v128.load(to, 80);
  let s6 = v128.load(to, 96);
  let s7 = v128.load(to, 112);
  let s8 = v128.load(to, 128);
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
      v128.store(to, s6, 96);
      v128.store(to, s7, 112);
      v128.store(to, s8, 128);
      job += JOB;
      if (job >= end) return;
      to = dst + load<usize>(job, 8);
      s0 = v128.load(to);
      s1 = v128.load(to, 16);
      s2 = v128.load(to, 32);
      s3 = v128.load(to, 48);
      s4 = v128.load(to, 64);
      s5 = v128.load(to, 80);
      s6 = v128.load(to, 96);
      s7 = v128.load(to, 112);
      s8 = v128.load(to, 128);
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
    s6 = fma(v, v128.load(at, 96), s6);
    s7 = fma(v, v128.load(at, 112), s7);
    s8 = fma(v, v128.load(at, 128), s8);
    entry += ENTRY;
  }
}

export function sum10(job: usize, end: usize, src: usize, dst: usize): void {
  if (job >= end) return;
  let to = dst + load<usize>(job, 8);
  let s0 = v128.load(to);
  let s1 = v128.load(to, 16);
  let s2 = v128.load(to, 32);
  let s3 = v128.load(to, 48);
  let s4 = v128.load(to, 64);
  let s5 = v128.load(to, 80);
  let s6 = v128.load(to, 96);
  let s7 = v128.load(to, 112);
  let s8 = v128.load(to, 128);
  let s9 = v128.load(to, 144);
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
      v128.store(to, s6, 96);
      v128.store(to, s7, 112);
      v128.store(to, s8, 128);
      v128.store(to, s9, 144);
      job += JOB;
      if (job >= end) return;
      to = dst + load<usize>(job, 8);
      s0 = v128.load(to);
      s1 = v128.load(to, 16);
      s2 = v128.load(to, 32);
      s3 = v128.load(to, 48);
      s4 = v128.load(to, 64);
      s5 = v128.load(to, 80);
      s6 = v128.load(to, 96);
      s7 = v128.load(to, 112);
      s8 = v128.load(to, 128);
      s9 = v128.load(to, 144);
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
    s6 = fma(v, v128.load(at, 96), s6);
    s7 = fma(v, v128.load(at, 112), s7);
    s8 = fma(v, v128.load(at, 128), s8);
    s9 = fma(v, v128.load(at, 144), s9);
    entry += ENTRY;
  }
}

export function sum12(job: usize, end: usize, src: usize, dst: usize): void {
  if (job >= end) return;
  let to = dst + load<usize>(job, 8);
  let s0 = v128.load(to);
  let s1 = v128.load(to, 16);
  let s2 = v128.load(to, 32);
  let s3 = v128.load(to, 48);
  let s4 = v128.load(to, 64);
  let s5 = v128.load(to, 80);
  let s6 = v128.load(to, 96);
  let s7 = v128.load(to, 112);
  let s8 = v128.load(to, 128);
  let s9 = v128.load(to, 144);
  let s10 = v128.load(to, 160);
  let s11 = v128.load(to, 176);
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
      v128.store(to, s6, 96);
      v128.store(to, s7, 112);
      v128.store(to, s8, 128);
      v128.store(to, s9, 144);
      v128.store(to, s10, 160);
      v128.store(to, s11, 176);
      job += JOB;
      if (job >= end) return;
      to = dst + load<usize>(job, 8);
      s0 = v128.load(to);
      s1 = v128.load(to, 16);
      s2 = v128.load(to, 32);
      s3 = v128.load(to, 48);
      s4 = v128.load(to, 64);
      s5 = v128.load(to, 80);
      s6 = v128.load(to, 96);
      s7 = v128.load(to, 112);
      s8 = v128.load(to, 128);
      s9 = v128.load(to, 144);
      s10 = v128.load(to, 160);
      s11 = v128.load(to, 176);
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
    s6 = fma(v, v128.load(at, 96), s6);
    s7 = fma(v, v128.load(at, 112), s7);
    s8 = fma(v, v128.load(at, 128), s8);
    s9 = fma(v, v128.load(at, 144), s9);
    s10 = fma(v, v128.load(at, 160), s10);
    s11 = fma(v, v128.load(at, 176), s11);
    entry += ENTRY;
  }
}
