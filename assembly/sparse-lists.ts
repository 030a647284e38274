// Lists of the nonzero entries of a gradient g [pixels, channels], for the convolution gradients that skip zeros.
//
// A list is what a job of sparse-sums goes through: entries of 8 bytes, the offset in bytes of a row of floats and the
// number that it is multiplied with. A job is 12 bytes: where its list begins and ends, and where its sum is. Lists are compacted without branches: every element is stored, and the pointer moves on where it is not zero.
// NaN is not zero.
import { loadUpTo } from './lanes';
import { zero4 } from './simd';

export const ENTRY: usize = 8;
export const JOB: usize = 12;

const LOOKED_AT = 2048; // elements that estimate the density: 1 % off at most, most of the time

// A bit for each lane that is not zero.
function nonzeros(v: v128): i32 {
  return i32x4.bitmask(f32x4.ne(v, zero4()));
}

// The share of nonzero elements among whole pixels spread over g [pixels, channels].
export function density(g: usize, pixels: i32, channels: i32): f64 {
  if (channels === 0) return 1;
  // an odd step: every other column of an image with an even number of columns, too
  const step = (pixels / (LOOKED_AT / channels + 1)) | 1;
  let count = 0;
  let seen = 0;
  for (let p = 0; p < pixels; p += step) {
    const row = g + <usize>p * channels * 4;
    for (let c = 0; c < channels; c += 4) {
      count += popcnt(nonzeros(loadUpTo(row + (c << 2), channels - c, zero4())));
    }
    seen += channels;
  }
  return <f64>count / <f64>seen;
}

// Whether no element of g [n] is infinite or NaN.
export function allFinite(g: usize, n: i32): bool {
  let sum = zero4();
  for (let i = 0; i < n; i += 4) {
    const v = loadUpTo(g + ((<usize>i) << 2), n - i, zero4());
    sum = v128.or(sum, f32x4.ne(f32x4.sub(v, v), zero4()));
  }
  return !v128.any_true(sum);
}

function putJob(job: usize, list: usize, end: usize, to: usize): void {
  store<usize>(job, list);
  store<usize>(job, end, 4);
  store<usize>(job, to, 8);
}

// For each of `filters` neighbouring channels o of g, from its first pixel on, the list of its nonzero values, with the
// offset of their pixel, and job o, which adds to o * sumBytes. List o begins at lists + o * listBytes and has room
// for one entry more than there are pixels; there is room for whole fours of lists and jobs.
export function listByFilter(
  g: usize,
  gBytes: usize,
  filters: i32,
  offsets: usize,
  pixels: i32,
  lists: usize,
  listBytes: usize,
  jobs: usize,
  sumBytes: usize,
): void {
  const offsetsEnd = offsets + ((<usize>pixels) << 2);
  let to: usize = 0;
  for (let o = 0; o < filters; o += 4) {
    const left = filters - o;
    let p0 = lists;
    let p1 = p0 + listBytes;
    let p2 = p1 + listBytes;
    let p3 = p2 + listBytes;
    let from = g;
    for (let at = offsets; at < offsetsEnd; at += 4) {
      const v = loadUpTo(from, left, zero4());
      const offset = v128.load32_splat(at);
      const bits = nonzeros(v);
      const low = v128.shuffle<f32>(offset, v, 0, 4, 1, 5);
      const high = v128.shuffle<f32>(offset, v, 2, 6, 3, 7);
      v128.store_lane<i64>(p0, low, 0);
      v128.store_lane<i64>(p1, low, 1);
      v128.store_lane<i64>(p2, high, 0);
      v128.store_lane<i64>(p3, high, 1);
      p0 += (bits & 1) << 3;
      p1 += (bits & 2) << 2;
      p2 += (bits & 4) << 1;
      p3 += bits & 8;
      from += gBytes;
    }
    putJob(jobs, lists, p0, to);
    putJob(jobs + JOB, lists + listBytes, p1, to + sumBytes);
    putJob(jobs + 2 * JOB, lists + 2 * listBytes, p2, to + 2 * sumBytes);
    putJob(jobs + 3 * JOB, lists + 3 * listBytes, p3, to + 3 * sumBytes);
    lists += listBytes << 2;
    jobs += JOB << 2;
    to += sumBytes << 2;
    g += 16;
  }
}

// For each pixel q that has nonzero values their list, with the offsets channel * rowBytes, and a job that adds to
// offsets[q]. The lists lie one behind the other. Room for one entry and one job more. Returns the end of the jobs.
export function listByPixel(
  g: usize,
  gBytes: usize,
  channels: i32,
  rowBytes: i32,
  offsets: usize,
  pixels: i32,
  lists: usize,
  jobs: usize,
): usize {
  const step = i32x4.splat(rowBytes << 2);
  let p = lists;
  for (let q = 0; q < pixels; q++) {
    const list = p;
    let rows = i32x4.mul(i32x4.splat(rowBytes), i32x4(0, 1, 2, 3));
    for (let c = 0; c < channels; c += 4) {
      const v = loadUpTo(g + (c << 2), channels - c, zero4());
      const bits = nonzeros(v);
      const low = v128.shuffle<f32>(rows, v, 0, 4, 1, 5);
      const high = v128.shuffle<f32>(rows, v, 2, 6, 3, 7);
      v128.store_lane<i64>(p, low, 0);
      p += (bits & 1) << 3;
      v128.store_lane<i64>(p, low, 1);
      p += (bits & 2) << 2;
      v128.store_lane<i64>(p, high, 0);
      p += (bits & 4) << 1;
      v128.store_lane<i64>(p, high, 1);
      p += bits & 8;
      rows = i32x4.add(rows, step);
    }
    putJob(jobs, list, p, load<usize>(offsets));
    if (p > list) jobs += JOB;
    offsets += 4;
    g += gBytes;
  }
  return jobs;
}
