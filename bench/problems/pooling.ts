/** Pooling over windows of x [n, h, w, c], channels last. */
import {
  exact,
  forBench,
  input,
  intInput,
  intOutput,
  output,
  type Problem,
  type ProblemSet,
  within,
} from './problem.ts';

interface Window {
  readonly n: number;
  readonly h: number;
  readonly w: number;
  readonly c: number;
  readonly k: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly pad?: readonly [number, number];
  /** default: as many as fit with the same padding on both sides */
  readonly out?: readonly [number, number];
}

const windows: readonly Window[] = [
  { n: 0, h: 4, w: 4, c: 3, k: [2, 2], stride: [2, 2] },
  { n: 1, h: 1, w: 1, c: 1, k: [1, 1], stride: [1, 1] },
  { n: 2, h: 4, w: 6, c: 1, k: [2, 2], stride: [2, 2] },
  { n: 2, h: 5, w: 7, c: 3, k: [2, 3], stride: [2, 2], pad: [1, 1] },
  { n: 1, h: 6, w: 5, c: 4, k: [3, 3], stride: [1, 2], pad: [1, 1] },
  { n: 2, h: 5, w: 5, c: 9, k: [3, 2], stride: [2, 1], pad: [0, 1] },
  { n: 1, h: 4, w: 4, c: 5, k: [4, 4], stride: [4, 4], out: [2, 2] }, // the last windows hang over the edge
  { n: 2, h: 5, w: 6, c: 8, k: [2, 2], stride: [1, 1] },
  { n: 1, h: 5, w: 7, c: 7, k: [2, 2], stride: [3, 2] }, // columns between the windows
  { n: 64, h: 32, w: 32, c: 32, k: [2, 2], stride: [2, 2] },
  { n: 64, h: 14, w: 14, c: 16, k: [2, 2], stride: [1, 1] },
  { n: 64, h: 16, w: 16, c: 64, k: [3, 3], stride: [2, 2], pad: [1, 1] },
];

/** n, h, w, c, kh, kw, oh, ow, sh, sw, padTop, padLeft */
function integers({ n, h, w, c, k, stride, pad = [0, 0], out }: Window): number[] {
  const [oh, ow] = out ?? [
    Math.floor((h + 2 * pad[0] - k[0]) / stride[0]) + 1,
    Math.floor((w + 2 * pad[1] - k[1]) / stride[1]) + 1,
  ];
  return [n, h, w, c, ...k, oh, ow, ...stride, ...pad];
}

const problems = (args: (inSize: number, outSize: number) => Problem['args']): Problem[] =>
  windows.map((window) => {
    const ints = integers(window);
    const [n, h, w, c, kh, kw, oh, ow] = ints as [number, number, number, number, number, number, number, number];
    const inSize = n * h * w * c;
    const outSize = n * oh * ow * c;
    const name = `${n}x${h}x${w}x${c} k${kh}x${kw} to ${oh}x${ow}`;
    const problem: Problem = { name, args: [...args(inSize, outSize), ...ints] };
    return n < 64 ? problem : forBench(problem, 4 * (inSize + outSize));
  });

const pooled = (inSize: number, outSize: number) => [input(inSize), output(outSize), intOutput(outSize)];

export const maxPool2d: ProblemSet = {
  problems: [
    ...problems(pooled).map((problem): Problem => ({ ...problem, args: [...problem.args, null, 0] })),
    ...problems(pooled)
      .filter(({ bench }) => !bench)
      .map(({ name, args }, i): Problem => {
        const activation = i % 4;
        return { name: `${name} bias ${activation}`, args: [...args, input(args[6] as number), activation] };
      }),
  ],
  // without bias and activation exact; else as bias_activation
  tolerance: ({ args }) => (args[15] === null ? { abs: 0, rel: 0 } : { abs: 1.5e-7, rel: 4e-7 }),
};

// the indices of a test lie anywhere in the sample, so that some are of a window's own elements and some are not
export const maxPool2dGrad: ProblemSet = {
  problems: problems((inSize, outSize) => [input(outSize), intInput(outSize, [-1, 60]), output(inSize)]),
  tolerance: within(3e-6, 1e-6),
};

export const avgPool2d: ProblemSet = {
  problems: problems((inSize, outSize) => [input(inSize), output(outSize)]),
  tolerance: within(3e-7, 3e-7),
};

export const avgPool2dGrad: ProblemSet = {
  problems: problems((inSize, outSize) => [input(outSize), output(inSize)]),
  tolerance: within(3e-7, 3e-7),
};

const sizes: readonly (readonly [n: number, out: number, inner: number])[] = [
  [0, 3, 5],
  [1, 1, 1],
  [2, 3, 7],
  [3, 40, 10],
  [64, 8192, 32768],
];

const scattered = (args: (n: number, out: number, inner: number) => Problem['args']): Problem[] =>
  sizes.map(([n, out, inner]) => {
    const problem: Problem = { name: `${n}x(${out} in ${inner})`, args: [...args(n, out, inner), n, out, inner] };
    return n < 64 ? problem : forBench(problem, 4 * n * (2 * out + inner));
  });

export const poolScatter: ProblemSet = {
  problems: scattered((n, out, inner) => [input(n * out), intInput(n * out, [-1, inner]), output(n * inner)]),
  tolerance: within(3e-6, 1e-6),
};

export const poolGather: ProblemSet = {
  problems: scattered((n, out, inner) => [input(n * inner), intInput(n * out, [-1, inner]), output(n * out)]),
  tolerance: exact,
};
