/** Convolution of NHWC images with filters [kh, kw, ci/groups, co], and its gradients: one sum, read three ways. */
import { type Cut, defineKernel, type Four, items } from '../family.ts';
import { formulas } from './formulas.ts';

type Sizes = [...Four, ...Four, ...Four, ...Four];

/**
 * y[i, oy, ox, o] = sum of x[i, oy s + ky d - pad, ox s + kx d - pad, c] w[ky, kx, c, o] over ky, kx and the channels c
 * of o's group. Every product holds one element of x, w and y: two of them, multiplied, are added to the one `wanted`.
 */
function convolve(
  wanted: 'x' | 'w' | 'y',
  x: Float64Array,
  w: Float64Array,
  y: Float64Array,
  ...[n, height, width, ci, kh, kw, co, oh, ow, strideH, strideW, padTop, padLeft, dilH, dilW, groups]: Sizes
): void {
  const [inC, outC] = [ci / groups, co / groups];
  ({ x, w, y })[wanted].fill(0);
  for (let i = 0; i < n; i++)
    for (let oy = 0; oy < oh; oy++)
      for (let ox = 0; ox < ow; ox++)
        for (let o = 0; o < co; o++) {
          const out = ((i * oh + oy) * ow + ox) * co + o;
          for (let ky = 0; ky < kh; ky++) {
            const iy = oy * strideH + ky * dilH - padTop;
            if (iy < 0 || iy >= height) continue;
            for (let kx = 0; kx < kw; kx++) {
              const ix = ox * strideW + kx * dilW - padLeft;
              if (ix < 0 || ix >= width) continue;
              const pixel = ((i * height + iy) * width + ix) * ci + Math.floor(o / outC) * inC;
              const tap = (ky * kw + kx) * inC;
              for (let c = 0; c < inC; c++) {
                const at = pixel + c;
                const weight = (tap + c) * co + o;
                if (wanted === 'y') y[out]! += x[at]! * w[weight]!;
                else if (wanted === 'x') x[at]! += w[weight]! * y[out]!;
                else w[weight]! += x[at]! * y[out]!;
              }
            }
          }
        }
}

const operations = (...[n, , , ci, kh, kw, co, oh, ow, , , , , , , groups]: Sizes): number =>
  2 * n * oh * ow * co * kh * kw * (ci / groups);

/** Cuts the samples of a convolution: how a sample is computed does not depend on the others. */
function bySamples(imagesAt: number, mapsAt: number, ...sizes: Sizes): Cut {
  const [n, height, width, ci, , , co, oh, ow] = sizes;
  const image = [imagesAt, height * width * ci] as const;
  const map = [mapsAt, oh * ow * co] as const;
  return items(3, n, [image, map], operations(...sizes));
}

export const conv2d = defineKernel({
  name: 'conv2d',
  about: 'y = f(x * w + bias): NHWC images, HWIO weights, strides, zero padding, dilation, groups; f and bias or none',
  reference(
    x: Float64Array,
    w: Float64Array,
    y: Float64Array,
    ...args: [...Sizes, bias: Float64Array | null, activation: number]
  ) {
    const sizes = args.slice(0, -2) as Sizes;
    const [bias, co] = [args[16], sizes[6]];
    const { value } = formulas[args[17]]!;
    convolve('y', x, w, y, ...sizes);
    for (let i = 0; i < y.length; i++) y[i] = value(y[i]! + (bias ? bias[i % co]! : 0));
  },
  split: (_x, _w, _y, ...args) => bySamples(0, 2, ...(args.slice(0, -2) as Sizes)),
});

export const conv2dInputGrad = defineKernel({
  name: 'conv2d_input_grad',
  about: "dx of conv2d from g = dy: each output's gradient goes back through each weight to the input it saw",
  reference(g: Float64Array, w: Float64Array, dx: Float64Array, ...sizes: Sizes) {
    convolve('x', dx, w, g, ...sizes);
  },
  split: (_g, _w, _dx, ...sizes) => bySamples(2, 0, ...sizes),
});

export const conv2dWeightGrad = defineKernel({
  name: 'conv2d_weight_grad',
  about: 'dw of conv2d from g = dy: what each weight multiplied times the gradient that arrived there, over all pixels',
  // share `part` of `parts` of the filters: dealt out in panels of 8 that lie within one group
  reference(x: Float64Array, g: Float64Array, dw: Float64Array, ...args: [...Sizes, part: number, parts: number]) {
    const [sizes, [part, parts]] = [args.slice(0, 16) as Sizes, args.slice(16) as [number, number]];
    const [co, outC] = [sizes[6], sizes[6] / sizes[15]];
    const panels = Math.ceil(outC / 8);
    const whole = new Float64Array(dw.length);
    convolve('w', x, whole, g, ...sizes);
    for (const [i, v] of whole.entries()) {
      const o = i % co;
      const panel = Math.floor(o / outC) * panels + ((o % outC) >> 3);
      const all = panels * sizes[15];
      if (panel >= Math.floor((all * part) / parts) && panel < Math.floor((all * (part + 1)) / parts)) dw[i] = v;
    }
  },
  split(_x, _g, _dw, ...args) {
    const [sizes, parts] = [args.slice(0, 16) as Sizes, args[17]];
    const [co, groups] = [sizes[6], sizes[15]];
    return parts === 1 ? { units: groups * Math.ceil(co / groups / 8), work: operations(...sizes) } : null;
  },
});
