// Planes: one sample of a few-channel image, channel by channel, with its zero border written out.
//
// Along a row, the pixels that one tap visits are neighbours: column x of the padded image is at (x % strideW, x /
// strideW), so that each remainder has a run of its own. A vector of 4 then holds 4 output pixels, whatever the
// number of channels.
//
//   plane[c][y][x % strideW][x / strideW],  y = iy + padTop, x = ix + padLeft
//
// Tap (ky, kx, c) of output pixel (oy, ox) is at offset(ky, kx, c) + oy * planeStepY + ox * 4 bytes.
import { packLines } from './gemm-pack';
import { min32, roundUp } from './simd';

let channels = 0;
let height = 0; // of the padded image: only what some patch sees
let width = 0;
let remainders = 0; // strideW
let runBytes: usize = 0; // of one remainder's run
let rowBytes: usize = 0;
let planeBytes: usize = 0;
let top = 0;
let left = 0;

// Sets the layout and returns the bytes that the planes take.
export function setPlanes(
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
  dilW: i32,
): f64 {
  channels = groupC;
  height = (oh - 1) * strideH + (kh - 1) * dilH + 1;
  width = (ow - 1) * strideW + (kw - 1) * dilW + 1;
  remainders = strideW;
  // a vector that starts inside a run may end up to 3 floats beyond it, in the next run or the slack
  runBytes = (<usize>roundUp((width + strideW - 1) / strideW, 4)) << 2;
  rowBytes = runBytes * strideW;
  planeBytes = rowBytes * height;
  top = padTop;
  left = padLeft;
  return <f64>channels * <f64>height * <f64>rowBytes + 64;
}

// From one output row to the next, in bytes.
export function planeStepY(strideH: i32): usize {
  return <usize>strideH * rowBytes;
}

// Writes offset(ky, kx, c) for every tap, in the order of the weights.
export function listOffsets(offsets: usize, kh: i32, kw: i32, dilH: i32, dilW: i32): void {
  for (let ky = 0; ky < kh; ky++) {
    for (let kx = 0; kx < kw; kx++) {
      const x = kx * dilW;
      const q = x / remainders;
      const tap = <usize>(ky * dilH) * rowBytes + <usize>(x - q * remainders) * runBytes + (q << 2);
      for (let c = 0; c < channels; c++) {
        store<usize>(offsets, <usize>c * planeBytes + tap);
        offsets += 4;
      }
    }
  }
}

// run[i] = from[i * step], step in bytes.
function collect(run: usize, from: usize, step: usize, count: i32): void {
  for (; count >= 4; count -= 4) {
    let v = v128.load32_zero(from);
    v = v128.load_lane<f32>(from + step, v, 1);
    v = v128.load_lane<f32>(from + 2 * step, v, 2);
    v = v128.load_lane<f32>(from + 3 * step, v, 3);
    v128.store(run, v);
    run += 16;
    from += 4 * step;
  }
  for (; count > 0; count--) {
    store<f32>(run, load<f32>(from));
    run += 4;
    from += step;
  }
}

// to[i * step] = run[i], step in bytes.
function deal(to: usize, run: usize, step: usize, count: i32): void {
  for (; count >= 4; count -= 4) {
    const v = v128.load(run);
    v128.store_lane<f32>(to, v, 0);
    v128.store_lane<f32>(to + step, v, 1);
    v128.store_lane<f32>(to + 2 * step, v, 2);
    v128.store_lane<f32>(to + 3 * step, v, 3);
    run += 16;
    to += 4 * step;
  }
  for (; count > 0; count--) {
    store<f32>(to, load<f32>(run));
    run += 4;
    to += step;
  }
}

// Copies one sample [h, wd, pixelBytes / 4] into the planes (back = 0), whose border is zero already, or out of them.
export function copyPlanes(planes: usize, x: usize, h: i32, wd: i32, pixelBytes: usize, back: i32): void {
  const seenH = min32(h, height - top);
  const seenW = min32(wd, width - left);
  const step = pixelBytes * remainders;
  // what no patch sees has no place in the planes, and no gradient
  if (back && (seenH < h || seenW < wd)) {
    for (let p = 0; p < h * wd; p++) memory.fill(x + <usize>p * pixelBytes, 0, (<usize>channels) << 2);
  }
  for (let r = 0; r < remainders; r++) {
    const first = (r + remainders - (left % remainders)) % remainders; // its first column in the image
    const count = (seenW - first + remainders - 1) / remainders;
    const from = <usize>r * runBytes + (((first + left) / remainders) << 2);
    for (let c = 0; c < channels; c++) {
      for (let y = 0; y < seenH; y++) {
        const run = planes + <usize>c * planeBytes + <usize>(y + top) * rowBytes + from;
        const at = x + <usize>(y * wd + first) * pixelBytes + (c << 2);
        if (back) deal(at, run, step, count);
        else collect(run, at, step, count);
      }
    }
  }
}

// plane[offset + pixel] += map[pixel] for the pixels of an [oh, ow] map: how products become image gradients.
export function addMap(planes: usize, offset: usize, map: usize, oh: i32, ow: i32, stepY: usize): void {
  let row = planes + offset;
  for (let oy = 0; oy < oh; oy++) {
    let to = row;
    let i = ow;
    for (; i >= 16; i -= 16) {
      const v0 = f32x4.add(v128.load(to), v128.load(map));
      const v1 = f32x4.add(v128.load(to, 16), v128.load(map, 16));
      const v2 = f32x4.add(v128.load(to, 32), v128.load(map, 32));
      const v3 = f32x4.add(v128.load(to, 48), v128.load(map, 48));
      v128.store(to, v0);
      v128.store(to, v1, 16);
      v128.store(to, v2, 32);
      v128.store(to, v3, 48);
      to += 64;
      map += 64;
    }
    for (; i >= 4; i -= 4) {
      v128.store(to, f32x4.add(v128.load(to), v128.load(map)));
      to += 16;
      map += 16;
    }
    for (; i > 0; i--) {
      store<f32>(to, load<f32>(to) + load<f32>(map));
      to += 4;
      map += 4;
    }
    row += stepY;
  }
}

// Panels of 4 taps, each with the pixels of output rows y0 .. y1-1 as its steps: the transposed patches. The last
// panel repeats the last tap where it has fewer.
export function packTaps(
  dst: usize,
  planes: usize,
  offsets: usize,
  taps: i32,
  y0: i32,
  y1: i32,
  ow: i32,
  stepY: usize,
): void {
  for (let t = 0; t < taps; t += 4) {
    const o0 = load<usize>(offsets + ((<usize>t) << 2));
    const o1 = load<usize>(offsets + ((<usize>min32(t + 1, taps - 1)) << 2));
    const o2 = load<usize>(offsets + ((<usize>min32(t + 2, taps - 1)) << 2));
    const o3 = load<usize>(offsets + ((<usize>min32(t + 3, taps - 1)) << 2));
    for (let y = y0; y < y1; y++) {
      const row = planes + <usize>y * stepY;
      packLines(dst, 16, row + o0, row + o1, row + o2, row + o3, ow);
      dst += (<usize>ow) << 4;
    }
  }
}
