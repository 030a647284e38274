import { defineKernel, input, output } from '../family.ts';
import { convInts, convLengths, convProblems, sumTolerance } from './conv2d.ts';

export const conv2dInputGrad = defineKernel({
  name: 'conv2d_input_grad',
  about: "dx of conv2d from g = dy: each output's gradient goes back through each weight to the input it saw",
  reference(
    g: Float64Array,
    w: Float64Array,
    dx: Float64Array,
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
    dx.fill(0);
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
                for (let c = 0; c < inC; c++) dx[pixel + c]! += dy * w[(tap + c) * co + o]!;
              }
            }
          }
        }
      }
    }
  },
  problems: convProblems((s) => [
    input(convLengths(s).y),
    input(convLengths(s).w),
    output(convLengths(s).x),
    ...convInts(s),
  ]),
  // an input is in at most kh*kw patches, with co/groups terms each
  tolerance: ({ args }) =>
    sumTolerance(((args[7] as number) * (args[8] as number) * (args[9] as number)) / (args[18] as number)),
});
