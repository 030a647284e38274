/** Rows of numbers, a row for each sample; weight gradients of convolutions, one for each sample. */
import { type ConvSpec, convError, convFlops, convInts, convLengths, convShape, tiledError } from './conv-shape.ts';
import {
  type BufferSpec,
  forBench,
  inout,
  input,
  output,
  type Problem,
  type ProblemSet,
  spreadZeros,
  within,
} from './problem.ts';

const cases: readonly (readonly [n: number, d: number])[] = [
  [0, 3],
  [2, 0],
  [1, 1],
  [3, 2],
  [4, 7],
  [5, 64],
  [33, 19],
  [2, 4103],
  [256, 784],
  [256, 51_200],
];

const factors = (n: number): BufferSpec => ({ ...input(n, [0, 1]), isZero: spreadZeros(0.2) });

const problems = (args: (n: number, d: number) => Problem['args'], words: (n: number, d: number) => number) =>
  cases.map(([n, d]) => {
    const problem: Problem = { name: `${n}x${d}`, args: args(n, d) };
    return n < 256 ? problem : forBench(problem, 4 * words(n, d));
  });

export const rowNorms: ProblemSet = {
  problems: [
    ...problems(
      (n, d) => [input(n * d), output(n), n, d],
      (n, d) => n * d,
    ),
    // squares that leave f32
    { name: 'large numbers', args: [input(3 * 50, [1e25, 1e36]), output(3), 3, 50] },
    { name: 'small numbers', args: [input(3 * 50, [1e-38, 1e-24]), output(3), 3, 50] },
  ],
  // six roundings of squares at most, so half as many of the norm, and its own
  tolerance: within(0, 4 * 2 ** -24),
};
export const scaleRows: ProblemSet = {
  problems: problems(
    (n, d) => [input(n * d), factors(n), output(n * d), n, d],
    (n, d) => 2 * n * d,
  ),
  tolerance: within(0, 6e-8),
};
export const addRows: ProblemSet = {
  problems: problems(
    (n, d) => [input(n * (d + 3)), factors(n), inout(d), n, d, d + 3],
    (n, d) => n * d,
  ),
  // up to 33 terms near 1, each sum rounded
  tolerance: within(4e-6, 0),
};

const convolutions: readonly (ConvSpec & { readonly images?: number; readonly zeros?: number })[] = [
  { x: [0, 4, 4, 2], co: 3, k: 3 },
  { x: [1, 1, 1, 1], co: 1, k: 1 },
  { x: [3, 5, 6, 3], co: 4, k: 3 },
  { x: [4, 9, 8, 2], co: 5, k: 3, stride: [1, 2], pad: [2, 0], padEnd: [0, 1], images: 2 },
  { x: [3, 9, 10, 3], co: 6, k: 3, dilation: 2 },
  { x: [2, 6, 5, 6], co: 12, k: 3, groups: 3 },
  { x: [3, 14, 14, 16], co: 32, k: 4, stride: 2, pad: 0, zeros: 0.7 },
  { x: [3, 28, 28, 1], co: 16, k: 8, stride: 2, pad: 3, zeros: 0.6 },
  { x: [2, 9, 9, 32], co: 24, k: 5, tiled: 'w' },
  { x: [2, 20, 20, 8], co: 20, k: 3, zeros: 0.9 }, // more than one block of pixels
];
const fewPixels: typeof convolutions = [
  { x: [0, 6, 6, 16], co: 3, k: 2, stride: 2 },
  { x: [1, 5, 5, 16], co: 1, k: 1, stride: 2, zeros: 1 },
  { x: [3, 13, 13, 16], co: 32, k: 4, stride: 2, pad: 0, zeros: 0.8 },
  { x: [3, 9, 10, 8], co: 37, k: [3, 6], stride: [1, 2], pad: [1, 3], zeros: 0.7 },
  { x: [2, 12, 11, 40], co: 6, k: [3, 2], stride: 2, dilation: [2, 1], zeros: 0.5 },
  { x: [2, 16, 16, 12], co: 70, k: 4, stride: 2, pad: 1 },
  { x: [3, 28, 28, 1], co: 16, k: 8, stride: 2, pad: 3, zeros: 0.8 },
  { x: [2, 9, 11, 3], co: 5, k: [4, 4], stride: [2, 1], pad: [2, 0], zeros: 0.6 },
  { x: [64, 13, 13, 16], co: 32, k: 4, stride: 2, pad: 0, zeros: 0.85 },
];
const sampleGrads = ({ images = 1, zeros = 0, ...spec }: (typeof convolutions)[number]): Problem => {
  const { name, shape } = convShape(spec);
  const { x, y, w } = convLengths(shape);
  const [n, ...sizes] = convInts(shape);
  const samples = n! / images;
  return {
    name: `${name}/${samples}`,
    args: [
      input(x),
      { ...input(y), isZero: spreadZeros(zeros) },
      output(samples * w),
      output(samples),
      ...[samples, images, ...sizes],
    ],
    ...(spec.tiled && { ownSums: true as const }),
  };
};

export const conv2dSampleGrads: ProblemSet = {
  problems: [
    ...convolutions.map(sampleGrads),
    ...([{ x: [64, 13, 13, 16], co: 32, k: 4, stride: 2, pad: 0, zeros: 0.7 }] as const).map(
      (spec): Problem => ({
        ...sampleGrads(spec),
        flops: convFlops(convShape(spec).shape),
        bench: true,
        benchOnly: true,
      }),
    ),
  ],
  tolerance({ args, ownSums }) {
    const [images, , , , kh, , , oh, ow] = args.slice(5) as number[];
    const terms = images! * oh! * ow!;
    return { abs: ownSums ? tiledError('w', kh!, terms) : convError(terms), rel: 1e-6 };
  },
};

export const conv2dSampleGradsT: ProblemSet = {
  problems: fewPixels.map((spec): Problem => {
    const problem = sampleGrads(spec);
    const args = problem.args.filter((_, i) => i !== 5); // images of a sample
    const flops = convFlops(convShape(spec).shape);
    return spec.x[0] < 64 ? { ...problem, args } : { ...problem, args, flops, bench: true, benchOnly: true };
  }),
  tolerance: ({ args }) => ({ abs: convError((args[11] as number) * (args[12] as number)), rel: 1e-6 }),
};

const products: readonly (readonly [n: number, k: number, da: number, db: number])[] = [
  [0, 2, 3, 4],
  [2, 0, 3, 4],
  [1, 1, 1, 1],
  [3, 2, 5, 0],
  [4, 3, 7, 5],
  [2, 9, 33, 4],
  [64, 16, 256, 256],
];
export const gramNorms: ProblemSet = {
  problems: products.map(([n, k, da, db]): Problem => {
    const args = [input(n * k * da), input(n * k * db), output(n), n, k, da, db];
    const problem: Problem = { name: `${n}x${k}x${da}x${db}`, args };
    return n < 64 ? problem : { ...problem, flops: n * k * (k + 1) * (da + db), bench: true, benchOnly: true };
  }),
  tolerance: within(1e-7, 1e-6),
};
