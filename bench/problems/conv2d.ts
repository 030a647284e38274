/** Convolutions and their gradients. */
import {
  type ConvShape,
  type ConvSpec,
  convError,
  convFlops,
  convInts,
  convLengths,
  convShape,
  tiledError,
} from './conv-shape.ts';
import { type BufferSpec, inout, input, output, type Problem, type ProblemSet } from './problem.ts';

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
  { x: [1, 8, 8, 32], co: 17, k: 5, tiled: 'xyw' }, // k = 800, more than three blocks
  { x: [1, 6, 6, 300], co: 5, k: 1 },
  { x: [1, 4, 4, 67], co: 260, k: 3 },
  { x: [1, 3, 3, 3], co: 1030, k: 3 }, // more output channels than are packed at once
  { x: [1, 3, 3, 1030], co: 3, k: 3 },
  { x: [1, 2, 3, 1032], co: 5, k: 3 }, // the same in fours
  { x: [1, 3, 3, 1030], co: 520, k: 1, stride: 2, pad: 0 }, // more weights than are packed at once
  { x: [1, 9, 9, 1], co: 2, k: 2, dilation: 700, pad: 0, padEnd: 700 }, // planes that the workspace cannot hold
  { x: [1, 2, 300, 1], co: 2, k: 3 }, // a row longer than a block of pixels
  // forward pass and input gradient, or one of them, in tiles
  { x: [1, 9, 13, 32], co: 24, k: 5, tiled: 'xyw' },
  { x: [1, 16, 16, 16], co: 24, k: 3, tiled: 'xyw' },
  { x: [3, 13, 11, 12], co: 21, k: 5, pad: [3, 0], padEnd: [1, 4], tiled: 'xyw' },
  { x: [3, 11, 13, 9], co: 70, k: 3, pad: [0, 4], padEnd: [2, 1], tiled: 'xyw' },
  { x: [5, 8, 8, 32], co: 16, k: 3, tiled: 'xyw' }, // two samples fill a panel
  { x: [3, 10, 12, 16], co: 24, k: 5, pad: 0, tiled: 'xyw' }, // 2 x 2 tiles, and 3 x 3 of the input's
  { x: [2, 3, 14, 31], co: 17, k: 5, pad: 4, tiled: 'xyw' },
  { x: [1, 40, 44, 8], co: 16, k: 3, tiled: 'xyw' }, // several blocks of rows of tiles
  { x: [1, 4, 36, 200], co: 8, k: 3, tiled: 'xyw' }, // several parts of a row
  { x: [1, 4, 8, 130], co: 64, k: 5, tiled: 'xyw' }, // more weights than fit at once
];

/** Long runs of channels, three channels, groups. */
const fewSpecs: readonly ConvSpec[] = [
  { x: [2, 14, 14, 16], co: 20, k: 4, stride: 2, pad: 0 },
  { x: [2, 9, 8, 3], co: 5, k: [3, 2] },
  { x: [1, 7, 6, 12], co: 6, k: 3, groups: 3, dilation: [2, 1] },
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
  { x: [64, 32, 32, 32], co: 32, k: 3 },
];

/** The convolutions of the nets, with the zeros that their pools and activations leave in the gradient. */
const sparseBench: readonly (readonly [ConvSpec, Zeros])[] = [
  [{ x: [64, 16, 16, 32], co: 64, k: 5 }, 'quarter'],
  [{ x: [64, 32, 32, 3], co: 32, k: 5 }, 'quarter'],
  [{ x: [64, 28, 28, 1], co: 16, k: 8, stride: 2, pad: 3 }, 'half'],
  [{ x: [64, 13, 13, 16], co: 32, k: 4, stride: 2, pad: 0 }, 'half'],
  [{ x: [64, 16, 16, 32], co: 64, k: 3 }, 'quarter'],
  [{ x: [64, 8, 8, 64], co: 128, k: 3 }, 'half'],
];

/** What is left of a gradient: one element of each 2 x 2 pixels (max-pool), every other (relu), some, none. */
type Zeros = 'quarter' | 'half' | 'sixteenth' | 'none';

/** 32 well-mixed bits of an integer. */
function mixed(i: number): number {
  let h = Math.imul(i ^ (i >>> 16), 0x45d9f3b);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return (h ^ (h >>> 13)) >>> 0;
}

function isZero(zeros: Zeros, { co, oh, ow }: ConvShape): (element: number) => boolean {
  if (zeros === 'none') return () => true;
  if (zeros !== 'quarter') return (i) => mixed(i) % (zeros === 'half' ? 2 : 16) !== 0;
  return (i) => {
    const pixel = Math.floor(i / co);
    const [oy, ox] = [Math.floor(pixel / ow), pixel % ow]; // oy through all samples
    const window = ((oy >> 1) * (ow + 1) + (ox >> 1)) * co + (i % co);
    return mixed(window + oh) % 4 !== (oy & 1) * 2 + (ox & 1);
  };
}

/** The shapes on which a forward pass ends with a bias and an activation, both variants and tiles among them. */
const withBias = specs.filter((s, i) => i < 28 || s.tiled?.includes('y'));
const finished: Problem[] = withBias.map((spec, i) => {
  const { name, shape } = convShape(spec);
  const length = convLengths(shape);
  const activation = 1 + (i % 3);
  const args = [input(length.x), input(length.w), output(length.y), ...convInts(shape), input(shape.co), activation];
  return { name: `${name} bias ${activation}`, args, ...(spec.tiled?.includes('y') ? { ownSums: true } : {}) };
});

/** The problems of the three conv families: the same shapes, each with the arrays in its own order of arguments. */
function convProblems(...[a, b, out]: readonly ('x' | 'w' | 'y')[]): Problem[] {
  const problem = (spec: ConvSpec, zeros?: Zeros): Problem => {
    const { name, shape } = convShape(spec);
    const length = convLengths(shape);
    const read = (array: 'x' | 'w' | 'y') =>
      array === 'y' && zeros ? { ...input(length.y), isZero: isZero(zeros, shape) } : input(length[array]);
    const args = [read(a!), read(b!), output(length[out!]), ...convInts(shape)];
    const own: Pick<Problem, 'ownSums'> = spec.tiled?.includes(out!) ? { ownSums: true } : {};
    return { name: zeros ? `${name}/${zeros}` : name, args, flops: convFlops(shape), ...own };
  };
  const forBench = (p: Problem): Problem => ({ ...p, bench: true, benchOnly: true });
  const dense = [...specs.map((s) => problem(s)), ...benchSpecs.map((s) => forBench(problem(s)))];
  if (out === 'y') return dense;
  const sparse = specs.map((s) => problem(s, 'quarter'));
  const others = (['half', 'sixteenth', 'none'] as const).flatMap((z) => fewSpecs.map((s) => problem(s, z)));
  return [...dense, ...sparse, ...others, ...sparseBench.map(([s, z]) => forBench(problem(s, z)))];
}

const tolerance = (wanted: 'x' | 'w' | 'y', count: (s: ConvShape) => number) => (problem: Problem) => {
  const [n, h, w, ci, kh, kw, co, oh, ow, , , , , , , groups] = problem.args.slice(3) as number[];
  const shape = { n, h, w, ci, kh, kw, co, oh, ow, groups } as ConvShape;
  const terms = count(shape);
  return { abs: problem.ownSums ? tiledError(wanted, kh!, terms) : convError(terms), rel: 0 };
};

export const conv2d: ProblemSet = {
  problems: [...convProblems('x', 'w', 'y').map((p): Problem => ({ ...p, args: [...p.args, null, 0] })), ...finished],
  tolerance: tolerance('y', (s) => (s.kh * s.kw * s.ci) / s.groups),
};

export const conv2dInputGrad: ProblemSet = {
  problems: convProblems('y', 'w', 'x'),
  // an input is in at most kh*kw patches, with co/groups terms each
  tolerance: tolerance('x', (s) => (s.kh * s.kw * s.co) / s.groups),
};

/** The whole weight gradient; and its shares, which leave the other filters as they are. */
function weightGradProblems(): Problem[] {
  const whole = convProblems('x', 'y', 'w');
  const shares = whole.flatMap((p): Problem[] => {
    const [x, g, dw, ...ints] = p.args as [BufferSpec, BufferSpec, BufferSpec, ...number[]];
    if (p.benchOnly || g.isZero || ints[6]! < 12) return []; // too few filters to share
    const share = (part: number, parts: number): Problem => ({
      ...p,
      name: `${p.name}/part${part}of${parts}`,
      args: [x, g, inout(dw.len), ...ints, part, parts],
    });
    return [share(0, 2), share(1, 2), share(1, 3), share(2, 3)];
  });
  return [...whole.map((p) => ({ ...p, args: [...p.args, 0, 1] })), ...shares];
}

export const conv2dWeightGrad: ProblemSet = {
  problems: weightGradProblems(),
  // a weight sums over n*oh*ow pixels
  tolerance: tolerance('w', (s) => s.n * s.oh * s.ow),
};
