// Max-pooling over windows of x [n, h, w, c] (channels last): y [n, oh, ow, c], four channels at a time, and its gradient.
//
// Output (i, j) looks at rows i sh - padTop + 0 .. kh - 1 and columns j sw - padLeft + 0 .. kw - 1.
import { zeroWords } from './copy';
import { finishRows } from './epilogue';
import { loadUpTo, storeUpTo } from './lanes';
import { beats } from './reduce';

/** The maximum of channels k, k + 1, … of one window, rows top .. bottom - 1 and columns left .. right - 1 of a sample. */
function windowMax(
  x: usize,
  y: usize,
  index: usize,
  k: i32,
  w: i32,
  c: i32,
  top: i32,
  bottom: i32,
  left: i32,
  right: i32,
): void {
  const lowest = f32x4.splat(-Infinity);
  const empty = top >= bottom || left >= right;
  for (; k < c; k += 4) {
    const lanes = i32x4.add(i32x4.splat(k), i32x4(0, 1, 2, 3));
    let best = lowest;
    let at = empty ? i32x4.splat(-1) : i32x4.add(lanes, i32x4.splat((top * w + left) * c));
    for (let row = top; row < bottom; row++) {
      for (let col = left; col < right; col++) {
        const o = (row * w + col) * c;
        const v = loadUpTo(x + ((<usize>(o + k)) << 2), c - k, lowest);
        const win = beats(v, best);
        best = v128.bitselect(v, best, win);
        at = v128.bitselect(i32x4.add(lanes, i32x4.splat(o)), at, win);
      }
    }
    storeUpTo(y + ((<usize>k) << 2), best, c - k);
    storeUpTo(index + ((<usize>k) << 2), at, c - k);
  }
}

/** The same for the whole fours of a 2 x 2 window at element `o`: the winners of both rows, then the winner of the two. */
function windowMax2x2(x: usize, y: usize, index: usize, o: i32, w: i32, c: i32): void {
  const pixel = (<usize>c) << 2;
  const row = (<usize>(w * c)) << 2;
  const right = i32x4.splat(c);
  const down = i32x4.splat(w * c);
  let here = i32x4.add(i32x4.splat(o), i32x4(0, 1, 2, 3));
  const end = y + ((<usize>(c & ~3)) << 2);
  for (x += (<usize>o) << 2; y < end; x += 16, y += 16, index += 16) {
    const v00 = v128.load(x);
    const v01 = v128.load(x + pixel);
    const v10 = v128.load(x + row);
    const v11 = v128.load(x + row + pixel);
    const win0 = beats(v01, v00);
    const win1 = beats(v11, v10);
    const v0 = v128.bitselect(v01, v00, win0);
    const v1 = v128.bitselect(v11, v10, win1);
    const win = beats(v1, v0);
    v128.store(y, v128.bitselect(v1, v0, win));
    const step = v128.bitselect(i32x4.add(v128.and(win1, right), down), v128.and(win0, right), win);
    v128.store(index, i32x4.add(here, step));
    here = i32x4.add(here, i32x4.splat(4));
  }
}

/**
 * y = the largest of the window, index = where it stands in its sample, (row w + column) c + channel. The first of equals
 * wins, the first NaN before everything; padding never does. A window of padding only gives -Infinity and index -1.
 * Then y = f(y + bias) as in epilogue.ts, bias [c] or none (0), row by row while they are in the cache.
 */
export function max_pool2d_f32(
  x: usize,
  y: usize,
  index: usize,
  n: i32,
  h: i32,
  w: i32,
  c: i32,
  kh: i32,
  kw: i32,
  oh: i32,
  ow: i32,
  sh: i32,
  sw: i32,
  padTop: i32,
  padLeft: i32,
  bias: usize,
  activation: i32,
): void {
  for (let b = 0; b < n; b++) {
    for (let i = 0; i < oh; i++) {
      const top = max(i * sh - padTop, 0);
      const bottom = min(i * sh - padTop + kh, h);
      for (let j = 0; j < ow; j++) {
        const left = max(j * sw - padLeft, 0);
        const right = min(j * sw - padLeft + kw, w);
        const whole2x2 = bottom - top === 2 && right - left === 2;
        if (whole2x2) windowMax2x2(x, y, index, (top * w + left) * c, w, c);
        windowMax(x, y, index, whole2x2 ? c & ~3 : 0, w, c, top, bottom, left, right);
        y += (<usize>c) << 2;
        index += (<usize>c) << 2;
      }
      const stride = (<usize>c) << 2;
      finishRows(y - <usize>ow * stride, ow, c, stride, bias, activation);
    }
    x += (<usize>(h * w * c)) << 2;
  }
}

/** dx of one element in all its channels: the sum of g over `rows` x `cols` windows whose maximum it is, in their order. */
function gatherPixel(
  g: usize,
  index: usize,
  dx: usize,
  element: i32,
  rows: i32,
  cols: i32,
  rowBytes: usize,
  c: i32,
): void {
  const pixel = (<usize>c) << 2;
  const zero = f32x4.splat(0);
  let here = i32x4.add(i32x4.splat(element), i32x4(0, 1, 2, 3));
  const next = i32x4.splat(4);
  let k = 0;
  if (rows === 1 && cols === 1) {
    for (; k + 4 <= c; k += 4, g += 16, index += 16, dx += 16) {
      v128.store(dx, v128.and(v128.load(g), i32x4.eq(v128.load(index), here)));
      here = i32x4.add(here, next);
    }
  } else if (rows === 2 && cols === 2) {
    const diagonal = rowBytes + pixel;
    for (; k + 4 <= c; k += 4, g += 16, index += 16, dx += 16) {
      const g00 = v128.and(v128.load(g), i32x4.eq(v128.load(index), here));
      const g01 = v128.and(v128.load(g + pixel), i32x4.eq(v128.load(index + pixel), here));
      const g10 = v128.and(v128.load(g + rowBytes), i32x4.eq(v128.load(index + rowBytes), here));
      const g11 = v128.and(v128.load(g + diagonal), i32x4.eq(v128.load(index + diagonal), here));
      v128.store(dx, f32x4.add(f32x4.add(f32x4.add(g00, g01), g10), g11));
      here = i32x4.add(here, next);
    }
  }
  for (; k < c; k += 4, g += 16, index += 16, dx += 16) {
    const left = c - k;
    let sum = zero;
    for (let i = 0; i < rows; i++) {
      let o = <usize>i * rowBytes;
      for (let j = 0; j < cols; j++, o += pixel) {
        const mine = i32x4.eq(loadUpTo(index + o, left, zero), here);
        sum = f32x4.add(sum, v128.and(loadUpTo(g + o, left, zero), mine));
      }
    }
    storeUpTo(dx, sum, left);
    here = i32x4.add(here, next);
  }
}

// A row between two rows of 2 x 2 windows of stride 1, `above` and `below`; c in whole fours. Along the row each window is
// loaded once, for the column it begins in and the next.
function gatherRow2x2(
  above: usize,
  indexAbove: usize,
  below: usize,
  indexBelow: usize,
  dx: usize,
  element: i32,
  windows: i32,
  c: i32,
): void {
  const pixel = (<usize>c) << 2;
  const next = i32x4.splat(c);
  const zero = f32x4.splat(0);
  for (let k: usize = 0; k < pixel; k += 16) {
    let here = i32x4.add(i32x4.splat(element + <i32>(k >> 2)), i32x4(0, 1, 2, 3));
    let g00 = zero,
      g10 = zero,
      i00 = zero,
      i10 = zero;
    let o = k;
    for (let j = 0; j < windows; j++, o += pixel) {
      const g01 = v128.load(above + o);
      const i01 = v128.load(indexAbove + o);
      const g11 = v128.load(below + o);
      const i11 = v128.load(indexBelow + o);
      const left = v128.and(g00, i32x4.eq(i00, here));
      const upper = f32x4.add(left, v128.and(g01, i32x4.eq(i01, here)));
      const three = f32x4.add(upper, v128.and(g10, i32x4.eq(i10, here)));
      v128.store(dx + o, f32x4.add(three, v128.and(g11, i32x4.eq(i11, here))));
      here = i32x4.add(here, next);
      g00 = g01;
      i00 = i01;
      g10 = g11;
      i10 = i11;
    }
    const upper = v128.and(g00, i32x4.eq(i00, here));
    v128.store(dx + o, f32x4.add(upper, v128.and(g10, i32x4.eq(i10, here))));
  }
}

/**
 * dx = the sum of g over the windows whose index is the element's own, in order of the windows. Each element gathers from
 * the windows around it, so that it is written once.
 */
export function max_pool2d_grad_f32(
  g: usize,
  index: usize,
  dx: usize,
  n: i32,
  h: i32,
  w: i32,
  c: i32,
  kh: i32,
  kw: i32,
  oh: i32,
  ow: i32,
  sh: i32,
  sw: i32,
  padTop: i32,
  padLeft: i32,
): void {
  const pixel = (<usize>c) << 2;
  const rowBytes = <usize>ow * pixel;
  const overlapping = kw === 2 && sw === 1 && padLeft === 0 && ow === w - 1 && (c & 3) === 0;
  for (let b = 0; b < n; b++) {
    // windows i0 .. i1 - 1 cover this row, j0 .. j1 - 1 this column
    for (let row = 0, i0 = 0, i1 = 0; row < h; row++) {
      while (i0 < oh && i0 * sh - padTop + kh <= row) i0++;
      while (i1 < oh && i1 * sh - padTop <= row) i1++;
      if (overlapping && i1 - i0 === 2) {
        const o = <usize>i0 * rowBytes;
        gatherRow2x2(g + o, index + o, g + o + rowBytes, index + o + rowBytes, dx, row * w * c, ow, c);
        dx += <usize>w * pixel;
        continue;
      }
      for (let col = 0, j0 = 0, j1 = 0; col < w; col++) {
        while (j0 < ow && j0 * sw - padLeft + kw <= col) j0++;
        while (j1 < ow && j1 * sw - padLeft <= col) j1++;
        const o = <usize>i0 * rowBytes + <usize>j0 * pixel;
        gatherPixel(g + o, index + o, dx, (row * w + col) * c, i1 - i0, j1 - j0, rowBytes, c);
        dx += pixel;
      }
    }
    g += <usize>oh * rowBytes;
    index += <usize>oh * rowBytes;
  }
}

/** dx [n, inPerSample] = 0, then dx[b, index[b, i]] += g[b, i], in order of i. An index of -1 goes nowhere. */
export function pool_scatter_f32(g: usize, index: usize, dx: usize, n: i32, outPerSample: i32, inPerSample: i32): void {
  zeroWords(dx, n * inPerSample);
  for (let b = 0; b < n; b++) {
    for (let i = 0; i < outPerSample; i++) {
      const at = load<i32>(index);
      if (at >= 0) {
        const p = dx + ((<usize>at) << 2);
        store<f32>(p, load<f32>(p) + load<f32>(g));
      }
      g += 4;
      index += 4;
    }
    dx += (<usize>inPerSample) << 2;
  }
}

/** y[b, i] = x[b, index[b, i]], 0 where the index is -1: the transpose of pool_scatter. */
export function pool_gather_f32(x: usize, index: usize, y: usize, n: i32, outPerSample: i32, inPerSample: i32): void {
  for (let b = 0; b < n; b++) {
    for (let i = 0; i < outPerSample; i++) {
      const at = load<i32>(index);
      store<f32>(y, at >= 0 ? load<f32>(x + ((<usize>at) << 2)) : 0);
      y += 4;
      index += 4;
    }
    x += (<usize>inPerSample) << 2;
  }
}
