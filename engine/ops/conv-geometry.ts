/** How windows lie over NHWC images: shared by the convolutions and the pools. */
import { ConfigError, ShapeError } from '../errors.ts';
import type { Four } from '../kernels/family.ts';
import type { Shape } from '../tensor/index.ts';
import { expectRank } from './shapes.ts';

export type Pair = number | readonly [height: number, width: number];
/** zeros on each side: one number for all four, [height, width], or each side by name */
export type Padding =
  | Pair
  | { readonly top: number; readonly bottom: number; readonly left: number; readonly right: number };

export interface WindowOptions {
  /** default 1 */
  readonly stride?: Pair;
  /** default 0 */
  readonly padding?: Padding;
  /** default 1 */
  readonly dilation?: Pair;
}

export interface Geometry {
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

const pair = (p: Pair): readonly [number, number] => (typeof p === 'number' ? [p, p] : p);

/** @throws ConfigError for strides or dilations below 1 and negative padding */
export function geometryOf(op: string, options: WindowOptions): Geometry {
  const stride = pair(options.stride ?? 1);
  const dilation = pair(options.dilation ?? 1);
  const padding = options.padding ?? 0;
  const [h, w] = typeof padding === 'object' && 'top' in padding ? [0, 0] : pair(padding);
  const sides = typeof padding === 'object' && 'top' in padding ? padding : { top: h, bottom: h, left: w, right: w };
  for (const [name, values, least] of [
    ['stride', stride, 1],
    ['dilation', dilation, 1],
    ['padding', [sides.top, sides.bottom, sides.left, sides.right], 0],
  ] as const) {
    if (values.some((v) => !Number.isInteger(v) || v < least)) {
      throw new ConfigError(`${op}: expected ${name} to be whole numbers >= ${least}, got ${values}.`, name);
    }
  }
  return { stride, dilation, ...sides };
}

/** Output height and width of windows [kh, kw] over images [n, h, w, c]. @throws ShapeError when no window fits */
export function outputSize(op: string, x: Shape, kernel: readonly [number, number], g: Geometry): [number, number] {
  const along = (axis: 0 | 1, size: number, before: number, after: number) =>
    Math.floor((size + before + after - (kernel[axis] - 1) * g.dilation[axis] - 1) / g.stride[axis]) + 1;
  const out: [number, number] = [along(0, x[1]!, g.top, g.bottom), along(1, x[2]!, g.left, g.right)];
  if (out[0] < 1 || out[1] < 1 || kernel[0] < 1 || kernel[1] < 1) {
    throw new ShapeError(
      `${op}: expected windows [${kernel}] that fit into images [${x}] with padding ${g.top}, ${g.bottom}, ${g.left}, ${g.right}, ` +
        `got an output of [${out}]. Use a smaller window, or more padding.`,
    );
  }
  return out;
}

export interface ConvAttrs extends Geometry {
  readonly groups: number;
}

/** The integers that all three convolution kernels take after their pointers. */
export function convSizes(x: Shape, w: Shape, y: Shape, a: ConvAttrs) {
  const [n, h, wd, ci] = x as Four;
  const [kh, kw, , co] = w as Four;
  const [, oh, ow] = y as Four;
  const [strideH, strideW] = a.stride;
  const [dilH, dilW] = a.dilation;
  return [n, h, wd, ci, kh, kw, co, oh, ow, strideH, strideW, a.top, a.left, dilH, dilW, a.groups] as const;
}

export interface PoolOptions extends Omit<WindowOptions, 'dilation'> {
  readonly size: Pair;
}

export interface PoolAttrs extends Geometry {
  readonly size: readonly [number, number];
}

/** Resolves a pool's options; the stride defaults to the window. @throws ConfigError */
export function poolAttrsOf(op: string, { size, ...options }: PoolOptions): PoolAttrs {
  return { size: pair(size), ...geometryOf(op, { stride: size, ...options }) };
}

/** @throws ShapeError */
export function poolShape(op: string, x: Shape, attrs: PoolAttrs): Shape {
  expectRank(op, 'x', x, 4, '[n, h, w, channels]');
  return [x[0]!, ...outputSize(op, x, attrs.size, attrs), x[3]!];
}

/** The integers that all pooling kernels take after their pointers. */
export function poolSizes(x: Shape, y: Shape, a: PoolAttrs) {
  const [n, h, w, c] = x as Four;
  const [, oh, ow] = y as Four;
  return [n, h, w, c, ...a.size, oh, ow, ...a.stride, a.top, a.left] as const;
}

const pools: readonly [name: string, x: Shape, PoolOptions][] = [
  ['2x2', [2, 4, 6, 3], { size: 2 }],
  ['3x2 overlapping, padded', [1, 5, 4, 2], { size: [3, 2], stride: [2, 1], padding: 1 }],
  ['one element', [1, 1, 1, 1], { size: 1 }],
  ['no images', [0, 4, 4, 2], { size: 2 }],
];
export const poolSamples = pools.map(([name, x, options]) => ({
  name,
  inputs: { x },
  attrs: poolAttrsOf('', options),
}));
