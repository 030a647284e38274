/** Element-wise functions of one array. */
import { exact, input, output, type ProblemSet, vectorProblems, within } from './problem.ts';

const over = (low: number, high: number) => (n: number) => [input(n, [low, high]), output(n), n];

export const exp: ProblemSet = { problems: vectorProblems(over(-20, 20), 8), tolerance: within(0, 2e-7) };
export const log: ProblemSet = { problems: vectorProblems(over(0, 100), 8), tolerance: within(0, 2e-7) };
export const sqrt: ProblemSet = { problems: vectorProblems(over(0, 4), 8), tolerance: within(0, 6e-8) };
export const abs: ProblemSet = { problems: vectorProblems(over(-1, 1), 8), tolerance: exact };
export const sign: ProblemSet = { problems: vectorProblems(over(-1, 1), 8), tolerance: exact };
export const step: ProblemSet = { problems: vectorProblems(over(-1, 1), 8), tolerance: exact };
export const affine: ProblemSet = {
  problems: vectorProblems((n) => [...over(-1, 1)(n), 1.5, -0.25], 8),
  tolerance: within(2e-7, 1e-7),
};
export const fill: ProblemSet = {
  problems: vectorProblems((n) => [output(n), n, 0.75], 4),
  tolerance: exact,
};
