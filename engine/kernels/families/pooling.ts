/** Pooling over windows of x [n, h, w, c], channels last. */
import { defineKernel, type Four, items } from '../family.ts';
import { formulas } from './formulas.ts';

type Sizes = [...Four, ...Four, ...Four];

/** Visits the window of every output: output element, start of its sample, and the places in the sample that exist. */
function eachWindow(
  visit: (out: number, sample: number, cells: number[]) => void,
  ...[n, h, w, c, kh, kw, oh, ow, sh, sw, padTop, padLeft]: Sizes
): void {
  for (let b = 0; b < n; b++)
    for (let i = 0; i < oh; i++)
      for (let j = 0; j < ow; j++)
        for (let k = 0; k < c; k++) {
          const cells: number[] = [];
          for (let p = i * sh - padTop; p < i * sh - padTop + kh; p++)
            for (let q = j * sw - padLeft; q < j * sw - padLeft + kw; q++)
              if (p >= 0 && p < h && q >= 0 && q < w) cells.push((p * w + q) * c + k);
          visit(((b * oh + i) * ow + j) * c + k, b * h * w * c, cells);
        }
}

/** kh kw: the size of every window, also of those that reach into the padding. */
const area = (...[, , , , kh, kw]: Sizes) => kh * kw;

export const maxPool2d = defineKernel({
  name: 'max_pool2d',
  about: 'y = f(the maximum of each window + bias), index = where it stands in its sample; f and bias or none',
  reference(
    x: Float64Array,
    y: Float64Array,
    index: Int32Array,
    ...args: [...Sizes, bias: Float64Array | null, activation: number]
  ) {
    const sizes = args.slice(0, -2) as Sizes;
    const [bias, channels] = [args[12], sizes[3]];
    const { value } = formulas[args[13]]!;
    eachWindow(
      (out, sample, cells) => {
        let best = cells[0] ?? -1;
        for (const i of cells) {
          const v = x[sample + i]!;
          const top = x[sample + best]!;
          if (v > top || (Number.isNaN(v) && !Number.isNaN(top))) best = i;
        }
        index[out] = best;
        y[out] = value((best < 0 ? -Infinity : x[sample + best]!) + (bias ? bias[out % channels]! : 0));
      },
      ...sizes,
    );
  },
  split: (...[, , , n, h, w, c, , , oh, ow]) =>
    items(3, n, [
      [0, h * w * c],
      [1, oh * ow * c],
      [2, oh * ow * c],
    ]),
});

export const maxPool2dGrad = defineKernel({
  name: 'max_pool2d_grad',
  about: 'dx = the sum of g over the windows whose maximum, by index, is the element',
  reference(g: Float64Array, index: Int32Array, dx: Float64Array, ...sizes: Sizes) {
    dx.fill(0);
    eachWindow(
      (out, sample, cells) => {
        const at = index[out]!;
        if (cells.includes(at)) dx[sample + at]! += g[out]!;
      },
      ...sizes,
    );
  },
  split: (...[, , , n, h, w, c, , , oh, ow]) =>
    items(3, n, [
      [0, oh * ow * c],
      [1, oh * ow * c],
      [2, h * w * c],
    ]),
});

export const avgPool2d = defineKernel({
  name: 'avg_pool2d',
  about: 'y = the sum of each window / (kh kw); padding counts as zeros',
  reference(x: Float64Array, y: Float64Array, ...sizes: Sizes) {
    eachWindow(
      (out, sample, cells) => {
        y[out] = cells.reduce((sum, i) => sum + x[sample + i]!, 0) / area(...sizes);
      },
      ...sizes,
    );
  },
  split: (...[, , n, h, w, c, , , oh, ow]) =>
    items(2, n, [
      [0, h * w * c],
      [1, oh * ow * c],
    ]),
});

export const avgPool2dGrad = defineKernel({
  name: 'avg_pool2d_grad',
  about: 'dx = the sum of g / (kh kw) over the windows around an element',
  reference(g: Float64Array, dx: Float64Array, ...sizes: Sizes) {
    dx.fill(0);
    eachWindow(
      (out, sample, cells) => {
        for (const i of cells) dx[sample + i]! += g[out]! / area(...sizes);
      },
      ...sizes,
    );
  },
  split: (...[, , n, h, w, c, , , oh, ow]) =>
    items(2, n, [
      [0, oh * ow * c],
      [1, h * w * c],
    ]),
});

export const poolScatter = defineKernel({
  name: 'pool_scatter',
  about: 'dx = 0, then dx[b, index[b, i]] += g[b, i]',
  reference(g: Float64Array, index: Int32Array, dx: Float64Array, n: number, outSize: number, inSize: number) {
    dx.fill(0);
    for (let i = 0; i < n * outSize; i++)
      if (index[i]! >= 0) dx[Math.floor(i / outSize) * inSize + index[i]!]! += g[i]!;
  },
  split: (...[, , , n, outSize, inSize]) =>
    items(3, n, [
      [0, outSize],
      [1, outSize],
      [2, inSize],
    ]),
});

export const poolGather = defineKernel({
  name: 'pool_gather',
  about: 'y[b, i] = x[b, index[b, i]]',
  reference(x: Float64Array, index: Int32Array, y: Float64Array, n: number, outSize: number, inSize: number) {
    for (let i = 0; i < n * outSize; i++) y[i] = index[i]! < 0 ? 0 : x[Math.floor(i / outSize) * inSize + index[i]!]!;
  },
  split: (...[, , , n, outSize, inSize]) =>
    items(3, n, [
      [0, inSize],
      [1, outSize],
      [2, outSize],
    ]),
});
