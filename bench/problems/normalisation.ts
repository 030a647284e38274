/** Group and layer normalisation with their gradients. x is [n, hw, c] or [rows, cols]. */
import { type BufferSpec, forBench, input, output, type Problem, type ProblemSet, within } from './problem.ts';

const EPS = 1e-5;
const groupSizes: readonly (readonly [n: number, hw: number, c: number, groups: number])[] = [
  [0, 3, 4, 2],
  [1, 1, 2, 1],
  [2, 9, 8, 2],
  [2, 5, 6, 2],
  [1, 7, 12, 3],
  [3, 4, 5, 5],
  [2, 6, 7, 1],
  [2, 100, 16, 4],
  [64, 256, 64, 8],
  [5, 64, 160, 8], // more samples than a block of dgamma holds
  [64, 1024, 32, 8],
];
const rowSizes: readonly (readonly [rows: number, cols: number])[] = [
  [0, 4],
  [1, 2],
  [3, 5],
  [2, 16],
  [4, 17],
  [3, 300],
  [1024, 256],
];

interface Sizes {
  readonly name: string;
  readonly size: number;
  readonly channels: number;
  readonly statistics: number;
  /** the sizes as the kernel takes them */
  readonly ints: readonly number[];
}
const groups: readonly Sizes[] = groupSizes.map(([n, hw, c, g]) => {
  return { name: `${n}x${hw}x${c} g${g}`, size: n * hw * c, channels: c, statistics: n * g, ints: [n, hw, c, g] };
});
const rows: readonly Sizes[] = rowSizes.map(([r, c]) => {
  return { name: `${r}x${c}`, size: r * c, channels: c, statistics: r, ints: [r, c] };
});

/** Every problem with all its buffers and, when it is small, without the optional ones. */
function withAndWithout(
  cases: readonly Sizes[],
  otherwise: string,
  bytesPerElement: number,
  args: (s: Sizes, optional: (spec: BufferSpec) => BufferSpec | null) => Problem['args'],
): Problem[] {
  const isSmall = ({ size }: Sizes) => size < 100_000;
  const all = cases.map((s): Problem => {
    const problem: Problem = { name: `${s.name} affine`, args: args(s, (spec) => spec) };
    return isSmall(s) ? problem : forBench(problem, bytesPerElement * s.size);
  });
  const without = cases.filter(isSmall).map((s) => ({ name: `${s.name} ${otherwise}`, args: args(s, () => null) }));
  return [...all, ...without];
}

const forward = (cases: readonly Sizes[]): ProblemSet => ({
  problems: withAndWithout(cases, 'plain', 8, ({ size, channels, statistics, ints }, optional) => [
    input(size),
    optional(input(channels)), // gamma
    optional(input(channels)), // beta
    output(size),
    output(statistics),
    output(statistics),
    ...ints,
    EPS,
  ]),
  tolerance: within(2e-6, 2e-6),
});

export const groupNorm = forward(groups);
export const layerNorm = forward(rows);

export const groupNormGrad: ProblemSet = {
  problems: withAndWithout(groups, 'dx only', 12, ({ size, channels, statistics, ints }, optional) => [
    input(size),
    input(size),
    optional(input(channels)),
    input(statistics),
    input(statistics, [0.5, 2]),
    output(size),
    optional(output(channels)),
    optional(output(channels)),
    ...ints,
  ]),
  tolerance: within(5e-6, 2e-6),
};

export const layerNormGrad: ProblemSet = {
  problems: [
    ...withAndWithout(rows, 'affine only', 12, ({ size, channels, statistics, ints }, optional) => [
      input(size),
      input(size),
      optional(input(channels)),
      input(statistics),
      input(statistics, [0.5, 2]),
      optional(output(size)),
      output(channels),
      output(channels),
      ...ints,
    ]),
    {
      name: '5 rows of 7 dx only',
      args: [input(35), input(35), null, input(5), input(5), output(35), null, null, 5, 7],
    },
  ],
  tolerance: within(5e-6, 2e-6),
};
