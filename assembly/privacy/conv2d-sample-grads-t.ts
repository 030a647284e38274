// Weight gradients of a convolution, one for each sample, transposed, for samples of few output pixels:
//
//   dw[i, o, :] = sum over the nonzero g[i, q, o] of g[i, q, o] * patch(q), patches [kh*kw*ci];  norms[i] = |dw[i]|
//
// conv2d-weight-sparse.ts with one sample as the block. Its sums are as long as for a batch but begin anew for every sample,
// so they are neither cleared nor read before nor transposed after, and their squares are added while they are in
// registers. A filter that nothing arrived at costs its zeros.
//
// A patch is a few runs of floats, of all rows or all columns of its taps (conv2d-strips), and those are the orders of dw:
// [co, kh, kw, ci] and [co, kw, ci, kh]. Needs runs of whole sixteens of floats, neighbouring taps, one group, at most 256
// pixels, and an image that fits.
import { copyToStrips, locatePatches, runStep, runs, runVectors, setStrips } from '../conv2d-strips';
import { fma } from '../simd';
import { ENTRY, JOB, listByFilter } from '../sparse-lists';
import { WORKSPACE } from '../workspace';
import { exactSquares, inRange, Squares } from './squares';

const FILTERS = 32; // at a time
const MOST_PIXELS: usize = 256;
const OFFSETS: usize = 0;
const JOBS: usize = OFFSETS + MOST_PIXELS * 4;
const LISTS: usize = JOBS + <usize>FILTERS * JOB;
const STRIPS: usize = (LISTS + <usize>FILTERS * (MOST_PIXELS + 1) * ENTRY + 63) & ~63;

/** to [kh*kw*ci] = sum of value * src[offset …] over a list; returns the sum of squares in two lanes. */
function sumOfList(list: usize, end: usize, src: usize, to: usize): v128 {
  let squares = f64x2.splat(0);
  for (let r = 0; r < runs; r++) {
    let from = src;
    let left = runVectors;
    for (; left >= 8; left -= 8) {
      let s0 = f32x4.splat(0),
        s1 = s0,
        s2 = s0,
        s3 = s0,
        s4 = s0,
        s5 = s0,
        s6 = s0,
        s7 = s0;
      for (let entry = list; entry < end; entry += ENTRY) {
        const v = v128.load32_splat(entry, 4);
        const at = from + load<usize>(entry);
        s0 = fma(v, v128.load(at), s0);
        s1 = fma(v, v128.load(at, 16), s1);
        s2 = fma(v, v128.load(at, 32), s2);
        s3 = fma(v, v128.load(at, 48), s3);
        s4 = fma(v, v128.load(at, 64), s4);
        s5 = fma(v, v128.load(at, 80), s5);
        s6 = fma(v, v128.load(at, 96), s6);
        s7 = fma(v, v128.load(at, 112), s7);
      }
      v128.store(to, s0);
      v128.store(to, s1, 16);
      v128.store(to, s2, 32);
      v128.store(to, s3, 48);
      v128.store(to, s4, 64);
      v128.store(to, s5, 80);
      v128.store(to, s6, 96);
      v128.store(to, s7, 112);
      squares = Squares.add(squares, f32x4.add(Squares.four(s0, s1, s2, s3), Squares.four(s4, s5, s6, s7)));
      from += 128;
      to += 128;
    }
    if (left > 0) {
      let s0 = f32x4.splat(0),
        s1 = s0,
        s2 = s0,
        s3 = s0;
      for (let entry = list; entry < end; entry += ENTRY) {
        const v = v128.load32_splat(entry, 4);
        const at = from + load<usize>(entry);
        s0 = fma(v, v128.load(at), s0);
        s1 = fma(v, v128.load(at, 16), s1);
        s2 = fma(v, v128.load(at, 32), s2);
        s3 = fma(v, v128.load(at, 48), s3);
      }
      v128.store(to, s0);
      v128.store(to, s1, 16);
      v128.store(to, s2, 32);
      v128.store(to, s3, 48);
      squares = Squares.add(squares, Squares.four(s0, s1, s2, s3));
      to += 64;
    }
    src += runStep;
  }
  return squares;
}

export function conv2d_sample_grads_t_f32(
  x: usize,
  g: usize,
  dw: usize,
  norms: usize,
  samples: i32, // of one image each
  h: i32,
  wd: i32,
  ci: i32,
  kh: i32,
  kw: i32,
  co: i32,
  oh: i32,
  ow: i32,
  strideH: i32,
  strideW: i32,
  padTop: i32,
  padLeft: i32,
  dilH: i32,
  _dilW: i32, // 1
  _groups: i32, // 1
): void {
  const pixels = oh * ow;
  const pixelBytes = (<usize>ci) << 2;
  const gBytes = (<usize>co) << 2;
  const listBytes = (<usize>pixels + 1) * ENTRY;
  const filterBytes = (<usize>(kh * kw * ci)) << 2;
  const offsets = WORKSPACE + OFFSETS;
  const jobs = WORKSPACE + JOBS;
  const lists = WORKSPACE + LISTS;
  const strips = WORKSPACE + STRIPS;
  const stripBytes = <usize>setStrips(ci, kh, kw, oh, ow, strideH, strideW, padTop, padLeft, dilH);
  memory.fill(strips, 0, stripBytes); // the border, for all samples
  locatePatches(offsets, 0, pixels, oh, ow, stripBytes);
  for (let i = 0; i < samples; i++) {
    copyToStrips(strips, x, h, wd, pixelBytes);
    const begin = dw;
    let squares = f64x2.splat(0);
    for (let first = 0; first < co; first += FILTERS) {
      const filters = min(FILTERS, co - first);
      listByFilter(g + ((<usize>first) << 2), gBytes, filters, offsets, pixels, lists, listBytes, jobs, 0);
      let job = jobs;
      for (let o = 0; o < filters; o++) {
        const list = load<usize>(job);
        const end = load<usize>(job, 4);
        if (list === end) memory.fill(dw, 0, filterBytes);
        else squares = f64x2.add(squares, sumOfList(list, end, strips, dw));
        job += JOB;
        dw += filterBytes;
      }
    }
    const sum = f64x2.extract_lane(squares, 0) + f64x2.extract_lane(squares, 1);
    store<f32>(norms, <f32>Math.sqrt(inRange(sum) ? sum : exactSquares(begin, co * kh * kw * ci)));
    norms += 4;
    x += <usize>(h * wd) * pixelBytes;
    g += <usize>pixels * gBytes;
  }
}
