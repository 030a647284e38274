// Average pooling over windows of x [n, h, w, c] (channels last): y [n, oh, ow, c], four channels at a time.
//
// Output (i, j) looks at rows i sh - padTop + 0 .. kh - 1 and columns j sw - padLeft + 0 .. kw - 1.
import { zeroWords } from './copy';
import { loadUpTo, storeUpTo } from './lanes';

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
