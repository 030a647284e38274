import { defineKernel, input, output } from '../family.ts';
import { convInts, convLengths, convProblems, sumTolerance } from './conv2d.ts';

export const conv2dWeightGrad = defineKernel({
  name: 'conv2d_weight_grad',
  about: 'dw of conv2d from g = dy: what each weight multiplied times the gradient that arrived there, over all pixels',
  reference(
    x: Float64Array,
    g: Float64Array,
    dw: Float64Array,
    n: number,
    h: number,
    wd: number,
    ci: number,
    kh: number,
    kw: number,
    co: number,
    oh: number,
    ow: number,
    strideH: number,
    strideW: number,
    padTop: number,
    padLeft: number,
    dilH: number,
    dilW: number,
    groups: number,
  ) {
    const [inC, outC] = [ci / groups, co / groups];
    dw.fill(0);
    for (let i = 0; i < n; i++) {
      for (let oy = 0; oy < oh; oy++) {
        for (let ox = 0; ox < ow; ox++) {
          for (let o = 0; o < co; o++) {
            const firstChannel = Math.floor(o / outC) * inC;
            const dy = g[((i * oh + oy) * ow + ox) * co + o]!;
            for (let ky = 0; ky < kh; ky++) {
              const iy = oy * strideH + ky * dilH - padTop;
              if (iy < 0 || iy >= h) continue;
              for (let kx = 0; kx < kw; kx++) {
                const ix = ox * strideW + kx * dilW - padLeft;
                if (ix < 0 || ix >= wd) continue;
                const pixel = ((i * h + iy) * wd + ix) * ci + firstChannel;
                const tap = (ky * kw + kx) * inC;
                for (let c = 0; c < inC; c++) dw[(tap + c) * co + o]! += dy * x[pixel + c]!;
              }
            }
          }
        }
      }
    }
  },
  problems: convProblems((s) => [
    input(convLengths(s).x),
    input(convLengths(s).y),
    output(convLengths(s).w),
    ...convInts(s),
  ]),
  // a weight sums over n*oh*ow pixels
  tolerance: ({ args }) => sumTolerance((args[3] as number) * (args[10] as number) * (args[11] as number)),
});
