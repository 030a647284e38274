/** Rows of a table by index. */
import { exact, forBench, input, intInput, output, type Problem, type ProblemSet, within } from './problem.ts';

const cases: readonly (readonly [n: number, d: number, rows: number])[] = [
  [0, 3, 2],
  [1, 1, 1],
  [4, 3, 2],
  [3, 4, 9],
  [20, 5, 3],
  [7, 17, 8],
  [256, 784, 4096],
];

export const gatherRows: ProblemSet = {
  problems: cases.map(([n, d, rows]) => {
    const args = [input(rows * d), intInput(n, [0, rows]), output(n * d), n, d];
    const problem: Problem = { name: `${n} of ${rows}x${d}`, args };
    return n < 256 ? problem : forBench(problem, 8 * n * d);
  }),
  tolerance: exact,
};

export const scatterAddRows: ProblemSet = {
  problems: cases.map(([n, d, rows]) => {
    const args = [input(n * d), intInput(n, [-1, rows + 1]), output(rows * d), n, d, rows];
    const problem: Problem = { name: `${n} into ${rows}x${d}`, args };
    return n < 256 ? problem : forBench(problem, 4 * d * (n + rows));
  }),
  tolerance: within(3e-6, 1e-6),
};

const labels: readonly (readonly [n: number, classes: number])[] = [
  [0, 3],
  [1, 1],
  [5, 3],
  [9, 10],
  [256, 1000],
];

export const oneHot: ProblemSet = {
  problems: labels.map(([n, classes]) => {
    const args = [intInput(n, [-1, classes + 1]), output(n * classes), n, classes];
    const problem: Problem = { name: `${n}x${classes}`, args };
    return n < 256 ? problem : forBench(problem, 4 * n * classes);
  }),
  tolerance: exact,
};
