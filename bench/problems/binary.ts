/** Broadcast binary operations over four dimensions: y contiguous [n0,n1,n2,n3], a and b by strides (0 = repeated). */
import { forBench, input, output, type Problem, type ProblemSet, within } from './problem.ts';
import { count, type Dims, extent } from './strides.ts';

interface Case {
  readonly n: Dims;
  /** strides */
  readonly a: Dims;
  readonly b: Dims;
}

const cases: readonly Case[] = [
  { n: [1, 1, 1, 1], a: [0, 0, 0, 0], b: [0, 0, 0, 0] },
  { n: [0, 2, 3, 4], a: [24, 12, 4, 1], b: [24, 12, 4, 1] },
  { n: [2, 3, 4, 0], a: [0, 0, 0, 1], b: [0, 0, 0, 1] },
  { n: [1, 1, 1, 17], a: [17, 17, 17, 1], b: [17, 17, 17, 1] },
  { n: [2, 3, 4, 5], a: [60, 20, 5, 1], b: [60, 20, 5, 1] }, // same shape
  { n: [2, 3, 4, 5], a: [60, 20, 5, 1], b: [0, 0, 0, 1] }, // + vector over the last axis
  { n: [2, 3, 4, 5], a: [60, 20, 5, 1], b: [12, 4, 1, 0] }, // + one value per row
  { n: [2, 3, 4, 5], a: [0, 0, 0, 0], b: [60, 20, 5, 1] }, // scalar on the left
  { n: [3, 5, 1, 7], a: [35, 7, 7, 1], b: [0, 7, 0, 1] }, // repeated over the first axis
  { n: [3, 4, 5, 6], a: [1, 3, 12, 60], b: [120, 30, 6, 1] }, // a transposed
  { n: [3, 1, 4, 7], a: [1, 0, 0, 0], b: [0, 0, 1, 0] }, // outer product of vectors, and repeated
  { n: [2, 2, 3, 4], a: [96, 48, 16, 2], b: [24, 12, 4, 1] }, // every other element
  { n: [64, 16, 16, 64], a: [16384, 1024, 64, 1], b: [16384, 1024, 64, 1] },
  { n: [64, 16, 16, 64], a: [16384, 1024, 64, 1], b: [0, 0, 0, 1] },
  { n: [1, 1, 1024, 256], a: [0, 0, 256, 1], b: [0, 0, 1, 0] },
];

const problems = (bRange: readonly [number, number]): Problem[] =>
  cases.map(({ n, a, b }) => {
    const size = count(n);
    const [aSize, bSize] = [extent(n, a), extent(n, b)];
    const args = [input(aSize), input(bSize, bRange), output(size), ...n, ...a, ...b];
    const problem: Problem = { name: `[${n}] a[${a}] b[${b}]`, args };
    return size < 100_000 ? problem : forBench(problem, 4 * (aSize + bSize + size));
  });

const arithmetic: ProblemSet = { problems: problems([-1, 1]), tolerance: within(0, 6e-8) };

export const add = arithmetic;
export const sub = arithmetic;
export const mul = arithmetic;
export const div: ProblemSet = { ...arithmetic, problems: problems([0.5, 2]) };
export const maximum: ProblemSet = { ...arithmetic, tolerance: within(0, 0) };
export const minimum = maximum;
