// Patches: the left operand of a convolution written as a matrix product, packed straight from the image.
//
// Row q of the patch matrix belongs to output pixel q = (sample, row, column); column (ty, tx, c) is channel c of
// the image at (row*stepY + fromY + ty*tapY, column*stepX + fromX + tx*tapX), zero outside the image. The forward
// pass and each phase of the input gradient are products with such a matrix. It is never stored: panels of it live
// in the workspace.
import { packLines } from './gemm-pack';
import { min32, zero4 } from './simd';
import { WORKSPACE, ZEROS, ZEROS_BYTES } from './workspace';

// The gather that is under way: set by setGather, read by the packers (every thread has its own instance, hence its
// own).
let image: usize = 0; // first channel of the group, first sample
let imageH = 0;
let imageW = 0;
let pixelBytes: usize = 0;
let channels = 0; // of the group
let gridH = 0; // the output grid of one sample
let gridW = 0;
let stepY = 0;
let stepX = 0;
let fromY = 0;
let fromX = 0;
let tapY = 0;
let tapX = 0;
let tapsX = 0;

export function setGather(
  src: usize,
  srcH: i32,
  srcW: i32,
  srcC: i32,
  groupC: i32,
  outH: i32,
  outW: i32,
  strideY: i32,
  strideX: i32,
  startY: i32,
  startX: i32,
  spaceY: i32,
  spaceX: i32,
  countX: i32,
): void {
  image = src;
  imageH = srcH;
  imageW = srcW;
  pixelBytes = (<usize>srcC) << 2;
  channels = groupC;
  gridH = outH;
  gridW = outW;
  stepY = strideY;
  stepX = strideX;
  fromY = startY;
  fromX = startX;
  tapY = spaceY;
  tapX = spaceX;
  tapsX = countX;
  memory.fill(WORKSPACE + ZEROS, 0, ZEROS_BYTES);
}

const OUTSIDE: usize = 1; // no float lies at an odd address

// Address of column x in image row y of the sample, or OUTSIDE when there is no such row. The column may be outside.
function rowAt(sample: usize, y: i32, x: i32): usize {
  return <u32>y < <u32>imageH ? sample + <usize>(y * imageW + x) * pixelBytes : OUTSIDE;
}

// The address to read: `offset` bytes from `row` when the row exists and column x is inside, zeros otherwise.
function orZeros(row: usize, x: i32, offset: usize): usize {
  return row !== OUTSIDE && <u32>x < <u32>imageW ? row + offset : WORKSPACE + ZEROS;
}

// One panel: patch-matrix rows q .. q+3 (those from `last` on are zeros), columns k0 .. k1-1; k1 - k0 <= 256.
function gatherPanel(dst: usize, q: i32, last: i32, k0: i32, k1: i32): void {
  const perSample = gridH * gridW;
  const sampleBytes = <usize>(imageH * imageW) * pixelBytes;
  // pixel r of the panel: its sample, and where its first tap lies; a pixel that does not exist starts below every
  // row
  const far = i32.MAX_VALUE >> 1;
  const q1 = min32(q + 1, last - 1);
  const q2 = min32(q + 2, last - 1);
  const q3 = min32(q + 3, last - 1);
  const n0 = q / perSample;
  const n1 = q1 / perSample;
  const n2 = q2 / perSample;
  const n3 = q3 / perSample;
  const p0 = q - n0 * perSample;
  const p1 = q1 - n1 * perSample;
  const p2 = q2 - n2 * perSample;
  const p3 = q3 - n3 * perSample;
  const r0 = p0 / gridW;
  const r1 = p1 / gridW;
  const r2 = p2 / gridW;
  const r3 = p3 / gridW;
  const y0 = r0 * stepY + fromY;
  const y1 = q + 1 < last ? r1 * stepY + fromY : far;
  const y2 = q + 2 < last ? r2 * stepY + fromY : far;
  const y3 = q + 3 < last ? r3 * stepY + fromY : far;
  const x0 = (p0 - r0 * gridW) * stepX + fromX;
  const x1 = (p1 - r1 * gridW) * stepX + fromX;
  const x2 = (p2 - r2 * gridW) * stepX + fromX;
  const x3 = (p3 - r3 * gridW) * stepX + fromX;
  const s0 = image + <usize>n0 * sampleBytes;
  const s1 = image + <usize>n1 * sampleBytes;
  const s2 = image + <usize>n2 * sampleBytes;
  const s3 = image + <usize>n3 * sampleBytes;

  // Neighbouring taps are neighbours in memory when they are one column apart and the group has all the channels: a
  // whole row of taps is then one run, if no pixel's taps leave the image to the left or right.
  const lowest = min32(min32(x0, x1), min32(x2, x3));
  const highest = -min32(min32(-x0, -x1), min32(-x2, -x3));
  const runs = tapX === 1 && pixelBytes === (<usize>channels) << 2 && lowest >= 0 && highest + tapsX <= imageW;
  const rowLength = tapsX * channels;
  while (k0 < k1) {
    const ty = k0 / rowLength;
    const inRow = k0 - ty * rowLength;
    const down = ty * tapY;
    const a0 = rowAt(s0, y0 + down, x0);
    const a1 = rowAt(s1, y1 + down, x1);
    const a2 = rowAt(s2, y2 + down, x2);
    const a3 = rowAt(s3, y3 + down, x3);
    let length: i32;
    if (runs) {
      length = min32(rowLength - inRow, k1 - k0);
      const o = (<usize>inRow) << 2;
      packLines(dst, 16, orZeros(a0, 0, o), orZeros(a1, 0, o), orZeros(a2, 0, o), orZeros(a3, 0, o), length);
    } else {
      const tx = inRow / channels;
      const c = inRow - tx * channels;
      const right = tx * tapX;
      const o = <usize>right * pixelBytes + (c << 2);
      length = min32(channels - c, k1 - k0);
      packLines(
        dst,
        16,
        orZeros(a0, x0 + right, o),
        orZeros(a1, x1 + right, o),
        orZeros(a2, x2 + right, o),
        orZeros(a3, x3 + right, o),
        length,
      );
    }
    dst += (<usize>length) << 4;
    k0 += length;
  }
}

// Panels of 4 rows: patch-matrix rows q0 .. q1-1, columns k0 .. k1-1.
export function gatherPanels(dst: usize, q0: i32, q1: i32, k0: i32, k1: i32): void {
  for (let q = q0; q < q1; q += 4) {
    gatherPanel(dst, q, q1, k0, k1);
    dst += (<usize>(k1 - k0)) << 4;
  }
}

// dst[i] = src[i], i < n: for lengths at which a call of memory.copy would cost more than the copy.
export function copyFloats(dst: usize, src: usize, n: i32): void {
  let i = 0;
  for (; i + 4 <= n; i += 4) v128.store(dst + (i << 2), v128.load(src + (i << 2)));
  for (; i < n; i++) store<f32>(dst + (i << 2), load<f32>(src + (i << 2)));
}

// The transposed matrix, for the weight gradient: panels of 4 patch columns k0 .. k1-1 (k1 - k0 <= 256), each with
// the pixels q0 .. q1-1 as its steps (q1 - q0 <= 256). `row` is 2 KiB of scratch.
export function gatherColumns(dst: usize, row: usize, q0: i32, q1: i32, k0: i32, k1: i32): void {
  if ((channels & 3) === 0) gatherColumnsByFour(dst, row, q0, q1, k0, k1);
  else gatherColumnsByPixel(dst, row, q0, q1, k0, k1);
}

// Channels in fours: the 4 columns of a panel are neighbours in every pixel, one vector to copy. Where the pixels'
// tap lies is found once for all the tap's channels.
function gatherColumnsByFour(dst: usize, sources: usize, q0: i32, q1: i32, k0: i32, k1: i32): void {
  const rowLength = tapsX * channels;
  const end = sources + ((<usize>(q1 - q0)) << 2);
  for (let k = k0; k < k1; ) {
    const ty = k / rowLength;
    const tx = (k - ty * rowLength) / channels;
    const c = k - ty * rowLength - tx * channels;
    locateTap(sources, q0, q1, fromY + ty * tapY, fromX + tx * tapX, (<usize>c) << 2);
    const last = min32(k1, k - c + channels);
    for (let offset: usize = 0; k < last; k += 4) {
      for (let at = sources; at < end; at += 4) {
        v128.store(dst, v128.load(load<usize>(at) + offset));
        dst += 16;
      }
      offset += 16;
    }
  }
}

// Where each of the pixels q0 .. q1-1 finds its tap, `offset` bytes into the pixel: an address in the image, or of
// zeros (2 KiB of them, of which the at most 256 columns of one call read 1).
function locateTap(sources: usize, q0: i32, q1: i32, startY: i32, startX: i32, offset: usize): void {
  const perSample = gridH * gridW;
  const sampleBytes = <usize>(imageH * imageW) * pixelBytes;
  const n = q0 / perSample;
  let row = (q0 - n * perSample) / gridW;
  let column = q0 - n * perSample - row * gridW;
  let sample = image + <usize>n * sampleBytes;
  for (let q = q0; q < q1; q++) {
    const x = column * stepX + startX;
    store<usize>(sources, orZeros(rowAt(sample, row * stepY + startY, x), x, offset));
    sources += 4;
    if (++column === gridW) {
      column = 0;
      if (++row === gridH) {
        row = 0;
        sample += sampleBytes;
      }
    }
  }
}

// Any number of channels: each pixel's patch is written to `row`, then dealt out to the panels.
function gatherColumnsByPixel(dst: usize, row: usize, q0: i32, q1: i32, k0: i32, k1: i32): void {
  const perSample = gridH * gridW;
  const sampleBytes = <usize>(imageH * imageW) * pixelBytes;
  const rowLength = tapsX * channels;
  const panelBytes = (<usize>(q1 - q0)) << 4;
  const contiguous = tapX === 1 && pixelBytes === (<usize>channels) << 2;
  v128.store(row + ((<usize>(k1 - k0)) << 2), zero4()); // lines that the last panel lacks
  for (let q = q0; q < q1; q++) {
    const n = q / perSample;
    const p = q - n * perSample;
    const r = p / gridW;
    const y = r * stepY + fromY;
    const x = (p - r * gridW) * stepX + fromX;
    const sample = image + <usize>n * sampleBytes;
    const runs = contiguous && x >= 0 && x + tapsX <= imageW;
    let to = row;
    for (let k = k0; k < k1; ) {
      const ty = k / rowLength;
      const inRow = k - ty * rowLength;
      const at = rowAt(sample, y + ty * tapY, x);
      let length: i32;
      let from: usize;
      if (runs) {
        length = min32(rowLength - inRow, k1 - k);
        from = orZeros(at, 0, (<usize>inRow) << 2);
      } else {
        const tx = inRow / channels;
        const c = inRow - tx * channels;
        const right = tx * tapX;
        length = min32(channels - c, k1 - k);
        from = orZeros(at, x + right, <usize>right * pixelBytes + (c << 2));
      }
      copyFloats(to, from, length);
      to += (<usize>length) << 2;
      k += length;
    }
    let panel = dst + ((<usize>(q - q0)) << 4);
    for (let at = row; at < to; at += 16) {
      v128.store(panel, v128.load(at));
      panel += panelBytes;
    }
  }
}
