// Strips: a sample's channels of one group with the zero border written out, in an order in which the patch of an
// output pixel is a few long runs of floats: tap rows, or all of it where tap rows are short.
//
//   rows:    strip[y][x][c],       y = iy + padTop, x = ix + padLeft; kh runs of kw*ci floats
//   pencils: strip[oy][x][ty][c],  the kh pixels above each other that output row oy sees; one run of kw*kh*ci floats
//
// Only for taps that are neighbours in their row (dilW = 1). A run may be read up to 3 floats beyond its end.
import { copyFloats } from './conv2d-gather';
import { packLines } from './gemm-pack';
import { min32, roundUp } from './simd';

let channels = 0;
let tapsY = 0;
let tapsX = 0;
let height = 0; // of the padded image
let width = 0;
let gridH = 0; // of the output
let pencil = 0; // pixels above each other: 1 (rows) or kh
let stepY = 0;
let spaceY = 0;
let top = 0;
let left = 0;
let pixelFloats = 0;

export let runs = 0; // of a patch
export let runFloats = 0;
export let runVectors = 0;
export let runStep: usize = 0; // from one run of a patch to the next, in bytes
export let gridStepY: usize = 0; // from the patch of an output pixel to that of the next row, in bytes
export let gridStepX: usize = 0; // to that of the next column

// Sets the layout and returns the bytes that one sample takes.
export function setStrips(
  groupC: i32,
  kh: i32,
  kw: i32,
  oh: i32,
  ow: i32,
  strideH: i32,
  strideW: i32,
  padTop: i32,
  padLeft: i32,
  dilH: i32,
): f64 {
  channels = groupC;
  tapsY = kh;
  tapsX = kw;
  gridH = oh;
  stepY = strideH;
  spaceY = dilH;
  top = padTop;
  left = padLeft;
  // short runs leave lanes idle and have few accumulators; long ones are not worth the kh-fold copy
  const asRows = roundUp(kw * groupC, 4) * kh;
  const asPencils = roundUp(kh * kw * groupC, 4);
  pencil = kh > 1 && groupC < 8 && (kw * groupC <= 8 || asRows * 6 > asPencils * 7) ? kh : 1;
  pixelFloats = pencil * groupC;
  width = (ow - 1) * strideW + kw;
  height = pencil > 1 ? oh : (oh - 1) * strideH + (kh - 1) * dilH + 1;
  runs = kh / pencil;
  runFloats = kw * pixelFloats;
  runVectors = (runFloats + 3) >> 2;
  const rowBytes = (<usize>(width * pixelFloats)) << 2;
  runStep = rowBytes * dilH;
  gridStepY = pencil > 1 ? rowBytes : rowBytes * strideH;
  gridStepX = (<usize>(strideW * pixelFloats)) << 2;
  return (<f64>height * <f64>width * <f64>pixelFloats + 4) * 4;
}

// Copies one sample [h, wd, pixelBytes / 4] into the strips, whose border is zero already.
export function copyToStrips(strips: usize, x: usize, h: i32, wd: i32, pixelBytes: usize): void {
  const rowBytes = (<usize>(width * pixelFloats)) << 2;
  const seen = min32(wd, width - left);
  for (let y = 0; y < height; y++) {
    const to = strips + <usize>y * rowBytes + ((<usize>(left * pixelFloats)) << 2);
    if (pencil === 1) {
      if (<u32>(y - top) < <u32>h) copyRow(to, x + <usize>((y - top) * wd) * pixelBytes, seen, pixelBytes);
    } else {
      copyPencils(to, x, y * stepY - top, h, wd, seen, pixelBytes);
    }
  }
}

function copyRow(to: usize, from: usize, pixels: i32, pixelBytes: usize): void {
  if (pixelBytes === (<usize>channels) << 2) {
    copyFloats(to, from, pixels * channels);
    return;
  }
  for (let i = 0; i < pixels; i++) {
    copyFloats(to, from, channels);
    to += (<usize>channels) << 2;
    from += pixelBytes;
  }
}

// The pencils of one output row, whose first tap is in image row y.
function copyPencils(to: usize, x: usize, y: i32, h: i32, wd: i32, pixels: i32, pixelBytes: usize): void {
  const pencilBytes = (<usize>pixelFloats) << 2;
  const rowBytes = <usize>wd * pixelBytes;
  for (let ty = 0; ty < tapsY; ) {
    const iy = y + ty * spaceY;
    const at = to + ((<usize>(ty * channels)) << 2);
    const row = x + <usize>iy * rowBytes;
    if (channels === 1 && pixelBytes === 4 && ty + 4 <= tapsY && iy >= 0 && iy + 3 * spaceY < h) {
      const down = <usize>spaceY * rowBytes;
      packLines(at, pencilBytes, row, row + down, row + 2 * down, row + 3 * down, pixels);
      ty += 4;
      continue;
    }
    if (<u32>iy < <u32>h) {
      for (let i = 0; i < pixels; i++) {
        const dst = at + <usize>i * pencilBytes;
        const src = row + <usize>i * pixelBytes;
        for (let c = 0; c < channels; c++) store<f32>(dst + (c << 2), load<f32>(src + (c << 2)));
      }
    }
    ty++;
  }
}

// dx [h, wd, pixelBytes / 4] = what the strips hold: each element, or for pencils the sum of its copies.
export function copyFromStrips(strips: usize, dx: usize, h: i32, wd: i32, pixelBytes: usize): void {
  const rowBytes = (<usize>(width * pixelFloats)) << 2;
  const pencilBytes = (<usize>pixelFloats) << 2;
  const seen = min32(wd, width - left);
  for (let p = 0; p < h * wd; p++) {
    const at = dx + <usize>p * pixelBytes;
    for (let c = 0; c < channels; c++) store<f32>(at + (c << 2), 0);
  }
  for (let y = 0; y < height; y++) {
    for (let ty = 0; ty < pencil; ty++) {
      const iy = (pencil > 1 ? y * stepY + ty * spaceY : y) - top;
      if (<u32>iy >= <u32>h) continue;
      let from = strips + <usize>y * rowBytes + <usize>left * pencilBytes + ((<usize>(ty * channels)) << 2);
      let to = dx + <usize>(iy * wd) * pixelBytes;
      if (pencil === 1) {
        for (let i = 0; i < seen; i++) {
          copyFloats(to, from, channels);
          to += pixelBytes;
          from += pencilBytes;
        }
        continue;
      }
      for (let i = 0; i < seen; i++) {
        for (let c = 0; c < channels; c++) {
          store<f32>(to + (c << 2), load<f32>(to + (c << 2)) + load<f32>(from + (c << 2)));
        }
        to += pixelBytes;
        from += pencilBytes;
      }
    }
  }
}

// Weight rows [kh*kw*ci] in the order of the runs: calls of segment s cover `segmentFloats` neighbouring rows from
// segmentRow(s) on, and lie at float segmentAt(s) of the runs, each padded to whole vectors.
export function segments(): i32 {
  return pencil > 1 ? tapsX * tapsY : tapsY;
}

export function segmentFloats(): i32 {
  return pencil > 1 ? channels : runFloats;
}

export function segmentRow(s: i32): i32 {
  if (pencil === 1) return s * runFloats;
  const tx = s / tapsY;
  return ((s - tx * tapsY) * tapsX + tx) * channels;
}

export function segmentAt(s: i32): i32 {
  return pencil > 1 ? s * channels : s * (runVectors << 2);
}
