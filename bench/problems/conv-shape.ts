/** Sizes of a convolution: from a short description to the integers that the kernels take. */

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

export interface ConvSpec {
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
  /** the forward pass (y), the input gradient (x), the weight gradient (w) work in tiles, with sums of their own */
  readonly tiled?: string;
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

/** Rounding of a sum of so many products, see gemm: 2^-24 for each term, and 8 for short sums. */
export const convError = (terms: number): number => 2 ** -24 * (terms + 8);

/**
 * The same in tiles, for r x r weights: the transforms enlarge the rounding of the sum in between. About 1.5 times the
 * largest error that docs/decisions/winograd.md lists; `terms` is that of the direct sum.
 */
export function tiledError(wanted: 'x' | 'w' | 'y', r: number, terms: number): number {
  if (wanted === 'w') return 2 ** -24 * (r === 5 ? 4000 + 4 * terms : 500 + 0.8 * terms);
  return 2 ** -24 * (r === 5 ? 2500 + 6.4 * terms : 250 + 2.2 * terms);
}
