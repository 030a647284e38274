/** Reductions over the middle of x [outer, n, inner]. */
import { exact, forBench, input, intOutput, output, type Problem, type ProblemSet, within } from './problem.ts';

const cases: readonly (readonly [outer: number, n: number, inner: number])[] = [
  [0, 3, 2],
  [2, 0, 3],
  [2, 3, 0],
  [1, 1, 1],
  [1, 3, 1],
  [3, 17, 1],
  [2, 64, 1],
  [1, 1000, 1],
  [1, 5003, 1],
  [1, 7, 2],
  [2, 5, 3],
  [1, 9, 4],
  [2, 65, 5],
  [1, 200, 16],
  [2, 130, 23],
  [3, 2, 37],
  [1, 1100, 60], // more than one block of rows
  [1, 262144, 1],
  [1024, 256, 1],
  [12_800, 10, 1],
  [1, 65536, 32],
  [64, 64, 64],
];

const problems = (out: typeof output): Problem[] =>
  cases.map(([outer, n, inner]) => {
    const size = outer * n * inner;
    const problem: Problem = {
      name: `${outer}x${n}x${inner}`,
      args: [input(size), out(outer * inner), outer, n, inner],
    };
    return size < 100_000 ? problem : forBench(problem, 4 * size);
  });

export const sum: ProblemSet = {
  problems: problems(output),
  // terms of both signs: the error is measured against the terms
  tolerance: ({ args }) => ({ abs: 1e-6 * Math.sqrt(args[3] as number), rel: 1e-6 }),
};
export const sumSquares: ProblemSet = { problems: problems(output), tolerance: within(0, 1e-6) };
export const maxReduce: ProblemSet = { problems: problems(output), tolerance: within(0, 1e-6) };
export const argmax: ProblemSet = { problems: problems(intOutput), tolerance: exact };
