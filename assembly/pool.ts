// Pooling over windows of x [n, h, w, c] (channels last): y [n, oh, ow, c], four channels at a time.
//
// Output (i, j) looks at rows i sh - padTop + 0 .. kh - 1 and columns j sw - padLeft + 0 .. kw - 1.
import { zeroWords } from './copy';
import { loadUpTo, storeUpTo } from './lanes';
import { beats } from './reduce';

/**
 * y = the largest of the window, index = where it stands in its sample, (row w + column) c + channel. The first of equals
 * wins, the first NaN before everything; padding never does. A window of padding only gives -Infinity and index -1.
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
): void {
  const lowest = f32x4.splat(-Infinity);
  for (let b = 0; b < n; b++) {
    for (let i = 0; i < oh; i++) {
      const top = max(i * sh - padTop, 0);
      const bottom = min(i * sh - padTop + kh, h);
      for (let j = 0; j < ow; j++) {
        const left = max(j * sw - padLeft, 0);
        const right = min(j * sw - padLeft + kw, w);
        const empty = top >= bottom || left >= right;
        for (let k = 0; k < c; k += 4) {
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
        y += (<usize>c) << 2;
        index += (<usize>c) << 2;
      }
    }
    x += (<usize>(h * w * c)) << 2;
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

/** y = the sum over the window / (kh kw); padding counts as zeros. */
export function avg_pool2d_f32(
  x: usize,
  y: usize,
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
  const zero = f32x4.splat(0);
  const size = f32x4.splat(<f32>(kh * kw));
  for (let b = 0; b < n; b++) {
    for (let i = 0; i < oh; i++) {
      const top = max(i * sh - padTop, 0);
      const bottom = min(i * sh - padTop + kh, h);
      for (let j = 0; j < ow; j++) {
        const left = max(j * sw - padLeft, 0);
        const right = min(j * sw - padLeft + kw, w);
        for (let k = 0; k < c; k += 4) {
          let sum = zero;
          for (let row = top; row < bottom; row++) {
            for (let col = left; col < right; col++) {
              sum = f32x4.add(sum, loadUpTo(x + ((<usize>((row * w + col) * c + k)) << 2), c - k, zero));
            }
          }
          storeUpTo(y + ((<usize>k) << 2), f32x4.div(sum, size), c - k);
        }
        y += (<usize>c) << 2;
      }
    }
    x += (<usize>(h * w * c)) << 2;
  }
}

/** dx = the sum of g / (kh kw) over the windows that an element lies in, in order of the windows. */
export function avg_pool2d_grad_f32(
  g: usize,
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
  const zero = f32x4.splat(0);
  const size = f32x4.splat(<f32>(kh * kw));
  zeroWords(dx, n * h * w * c);
  for (let b = 0; b < n; b++) {
    for (let i = 0; i < oh; i++) {
      const top = max(i * sh - padTop, 0);
      const bottom = min(i * sh - padTop + kh, h);
      for (let j = 0; j < ow; j++) {
        const left = max(j * sw - padLeft, 0);
        const right = min(j * sw - padLeft + kw, w);
        for (let k = 0; k < c; k += 4) {
          const share = f32x4.div(loadUpTo(g + ((<usize>k) << 2), c - k, zero), size);
          for (let row = top; row < bottom; row++) {
            for (let col = left; col < right; col++) {
              const p = dx + ((<usize>((row * w + col) * c + k)) << 2);
              storeUpTo(p, f32x4.add(loadUpTo(p, c - k, zero), share), c - k);
            }
          }
        }
        g += (<usize>c) << 2;
      }
    }
    dx += (<usize>(h * w * c)) << 2;
  }
}
