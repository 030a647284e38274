import { defineKernel, input, output, type Problem } from '../family.ts';

/** A convolution's sizes, in the kernels' order of arguments. */
export interface ConvShape {
  readonly n: number;
  readonly h: number;
  readonly w: number;
  readonly ci: number;
  readonly kh: number;
  readonly kw: number;
  readonly co: number;
  readonly oh: number;
  readonly ow: number;
  readonly strideH: number;
  readonly strideW: number;
  readonly padTop: number;
  readonly padLeft: number;
  readonly dilH: number;
  readonly dilW: number;
  readonly groups: number;
}

type Pair = number | readonly [vertical: number, horizontal: number];
const pair = (p: Pair): readonly [number, number] => (typeof p === 'number' ? [p, p] : p);
const show = (p: Pair): string => (typeof p === 'number' ? `${p}` : p[0] === p[1] ? `${p[0]}` : p.join('-'));
const unless = (usual: Pair, letter: string, p: Pair): string => (show(p) === show(usual) ? '' : letter + show(p));

interface ConvSpec {
  /** batch, height, width, channels */
  readonly x: readonly [n: number, h: number, w: number, ci: number];
  readonly co: number;
  readonly k: Pair;
  readonly stride?: Pair;
  /** top and left; bottom and right are the same unless `padEnd` says otherwise. Default: half the kernel */
  readonly pad?: Pair;
  readonly padEnd?: Pair;
  readonly dilation?: Pair;
  readonly groups?: number;
}

/** `64x32x32x3-32k3`, then s, p, d and g where they are not 1, half the kernel, 1 and 1 */
export function convShape(spec: ConvSpec): { name: string; shape: ConvShape } {
  const { x, co, k, stride = 1, dilation = 1, groups = 1 } = spec;
  const [n, h, w, ci] = x;
  const [kh, kw] = pair(k);
  const [strideH, strideW] = pair(stride);
  const [dilH, dilW] = pair(dilation);
  const [spanH, spanW] = [(kh - 1) * dilH + 1, (kw - 1) * dilW + 1];
  const half: Pair = [spanH >> 1, spanW >> 1];
  const pad = spec.pad ?? half;
  const [padTop, padLeft] = pair(pad);
  const [padBottom, padRight] = pair(spec.padEnd ?? pad);
  const out = (size: number, span: number, s: number) => Math.max(0, Math.floor((size - span) / s) + 1);
  return {
    name:
      `${x.join('x')}-${co}k${show(k)}${unless(1, 's', stride)}${unless(half, 'p', pad)}` +
      `${unless(pad, 'e', spec.padEnd ?? pad)}${unless(1, 'd', dilation)}${unless(1, 'g', groups)}`,
    shape: {
      n,
      h,
      w,
      ci,
      kh,
      kw,
      co,
      oh: out(h + padTop + padBottom, spanH, strideH),
      ow: out(w + padLeft + padRight, spanW, strideW),
      strideH,
      strideW,
      padTop,
      padLeft,
      dilH,
      dilW,
      groups,
    },
  };
}

/** The integers of a shape, in the kernels' order of arguments. */
export const convInts = (s: ConvShape): number[] => [
  s.n,
  s.h,
  s.w,
  s.ci,
  s.kh,
  s.kw,
  s.co,
  s.oh,
  s.ow,
  s.strideH,
  s.strideW,
  s.padTop,
  s.padLeft,
  s.dilH,
  s.dilW,
  s.groups,
];

/** The elements of the three arrays of a convolution. */
export const convLengths = (s: ConvShape) => ({
  x: s.n * s.h * s.w * s.ci,
  w: (s.kh * s.kw * s.ci * s.co) / s.groups,
  y: s.n * s.oh * s.ow * s.co,
});

/** One multiplication and one addition for each output and each weight it sees, padding included. */
export const convFlops = (s: ConvShape): number => (2 * s.n * s.oh * s.ow * s.co * s.kh * s.kw * s.ci) / s.groups;

const specs: readonly ConvSpec[] = [
  { x: [2, 5, 6, 3], co: 4, k: 3 },
  { x: [0, 4, 4, 2], co: 3, k: 3 },
  { x: [1, 1, 1, 1], co: 1, k: 1 },
  { x: [3, 4, 5, 7], co: 9, k: 1 },
  { x: [2, 7, 7, 5], co: 3, k: 1, stride: 3 }, // stride > kernel: inputs that nothing reads
  { x: [2, 9, 8, 2], co: 5, k: 2, stride: [3, 4], pad: 0 },
  { x: [2, 9, 8, 3], co: 5, k: 3, stride: [1, 2], pad: [2, 0], padEnd: [0, 1] },
  { x: [1, 8, 9, 2], co: 3, k: [2, 3], stride: 2, pad: [1, 2], padEnd: [3, 0] },
  { x: [2, 9, 10, 3], co: 6, k: 3, dilation: 2 },
  { x: [2, 9, 10, 3], co: 6, k: 3, dilation: [3, 2], stride: [2, 3] },
  { x: [1, 12, 12, 2], co: 2, k: 3, dilation: 4, stride: 2, pad: 1 },
  { x: [1, 2, 3, 3], co: 4, k: 5, pad: 3 }, // the kernel is bigger than the image
  { x: [2, 3, 3, 2], co: 3, k: 3, pad: 4 }, // patches that lie wholly outside
  { x: [1, 2, 2, 3], co: 2, k: 5, pad: 0 }, // no output at all
  { x: [2, 6, 5, 8], co: 8, k: 3, groups: 8 }, // depthwise
  { x: [2, 6, 5, 6], co: 12, k: 3, groups: 6, stride: 2 }, // depthwise, two outputs each
  { x: [2, 5, 5, 8], co: 12, k: 3, groups: 4 },
  { x: [1, 5, 5, 16], co: 20, k: [3, 1], groups: 2, dilation: [2, 1] },
  { x: [2, 28, 28, 1], co: 16, k: 5 },
  { x: [1, 28, 28, 1], co: 16, k: 8, stride: 2, pad: 3 },
  { x: [2, 14, 14, 16], co: 32, k: 4, stride: 2, pad: 0 },
  { x: [2, 16, 16, 3], co: 32, k: 3 },
  { x: [1, 8, 8, 32], co: 17, k: 5 }, // k = 800, more than three blocks
  { x: [1, 6, 6, 300], co: 5, k: 1 },
  { x: [1, 4, 4, 67], co: 260, k: 3 },
  { x: [1, 3, 3, 3], co: 1030, k: 3 }, // more output channels than are packed at once
  { x: [1, 3, 3, 1030], co: 3, k: 3 },
  { x: [1, 2, 3, 1032], co: 5, k: 3 }, // the same in fours
  { x: [1, 3, 3, 1030], co: 520, k: 1, stride: 2, pad: 0 }, // more weights than are packed at once
  { x: [1, 9, 9, 1], co: 2, k: 2, dilation: 700, pad: 0, padEnd: 700 }, // planes that the workspace cannot hold
  { x: [1, 2, 300, 1], co: 2, k: 3 }, // a row longer than a block of pixels
];

const benchSpecs: readonly ConvSpec[] = [
  { x: [64, 32, 32, 3], co: 32, k: 3 },
  { x: [64, 16, 16, 32], co: 64, k: 3 },
  { x: [64, 28, 28, 1], co: 16, k: 5 },
  { x: [64, 28, 28, 1], co: 16, k: 8, stride: 2, pad: 3 },
  { x: [64, 13, 13, 16], co: 32, k: 4, stride: 2, pad: 0 },
  { x: [64, 32, 32, 3], co: 32, k: 5 },
  { x: [64, 16, 16, 32], co: 64, k: 5 },
  { x: [64, 8, 8, 64], co: 128, k: 3 },
];

/** The problems of the three conv families: the same shapes, each with the arrays in its own order of arguments. */
export function convProblems(args: (s: ConvShape) => Problem['args']): readonly [Problem, ...Problem[]] {
  const problem = (spec: ConvSpec): Problem => {
    const { name, shape } = convShape(spec);
    return { name, args: args(shape), flops: convFlops(shape) };
  };
  const all = [
    ...specs.map(problem),
    ...benchSpecs.map((s): Problem => ({ ...problem(s), bench: true, benchOnly: true })),
  ];
  return all as [Problem, ...Problem[]];
}

/** Rounding of a sum of `terms` products, see gemm: 2^-24 for each term, and 8 for short sums. */
export const sumTolerance = (terms: number) => ({ abs: 2 ** -24 * (terms + 8), rel: 0 });

export const conv2d = defineKernel({
  name: 'conv2d',
  about: 'y = x * w: NHWC images, HWIO weights, strides, zero padding, dilation, groups',
  reference(
    x: Float64Array,
    w: Float64Array,
    y: Float64Array,
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
    for (let i = 0; i < n; i++) {
      for (let oy = 0; oy < oh; oy++) {
        for (let ox = 0; ox < ow; ox++) {
          for (let o = 0; o < co; o++) {
            const firstChannel = Math.floor(o / outC) * inC;
            let sum = 0;
            for (let ky = 0; ky < kh; ky++) {
              const iy = oy * strideH + ky * dilH - padTop;
              if (iy < 0 || iy >= h) continue;
              for (let kx = 0; kx < kw; kx++) {
                const ix = ox * strideW + kx * dilW - padLeft;
                if (ix < 0 || ix >= wd) continue;
                const pixel = ((i * h + iy) * wd + ix) * ci + firstChannel;
                const tap = (ky * kw + kx) * inC;
                for (let c = 0; c < inC; c++) sum += x[pixel + c]! * w[(tap + c) * co + o]!;
              }
            }
            y[((i * oh + oy) * ow + ox) * co + o] = sum;
          }
        }
      }
    }
  },
  problems: convProblems((s) => [
    input(convLengths(s).x),
    input(convLengths(s).w),
    output(convLengths(s).y),
    ...convInts(s),
  ]),
  tolerance: ({ args }) =>
    sumTolerance(((args[6] as number) * (args[7] as number) * (args[8] as number)) / (args[18] as number)),
});
