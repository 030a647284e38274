/** Rows of [rows, cols]: softmax, log-softmax, cross-entropy with labels or soft targets, and their gradients. */
import { forBench, input, intInput, output, type Problem, type ProblemSet, within } from './problem.ts';

const cases: readonly (readonly [rows: number, cols: number])[] = [
  [0, 4],
  [1, 1],
  [2, 3],
  [3, 4],
  [2, 5],
  [4, 10],
  [2, 17],
  [1, 1000],
  [256, 10],
  [256, 1000],
];

/** @param args the buffers; rows and cols follow them */
const rowProblems = (args: (rows: number, cols: number) => Problem['args'], bytes: number): Problem[] =>
  cases.map(([rows, cols]) => {
    const problem: Problem = { name: `${rows}x${cols}`, args: [...args(rows, cols), rows, cols] };
    return rows < 256 ? problem : forBench(problem, bytes * rows * cols);
  });

export const softmax: ProblemSet = {
  problems: rowProblems((rows, cols) => [input(rows * cols, [-8, 8]), output(rows * cols)], 8),
  tolerance: within(0, 2e-6), // x - max is rounded: up to 2^-24 |x - max| in the exponent
};

export const logSoftmax: ProblemSet = { ...softmax, tolerance: within(1e-9, 5e-7) };

export const softmaxGrad: ProblemSet = {
  problems: rowProblems((r, c) => [input(r * c), input(r * c, [0, 0.2]), output(r * c)], 12),
  tolerance: within(1e-6, 1e-6),
};

export const logSoftmaxGrad: ProblemSet = {
  problems: rowProblems((r, c) => [input(r * c), input(r * c, [-8, 0]), output(r * c)], 12),
  tolerance: within(1e-5, 1e-6),
};

export const crossEntropy: ProblemSet = {
  problems: rowProblems((r, c) => [input(r * c, [-8, 8]), intInput(r, [0, c]), output(r), output(r * c)], 8),
  tolerance: within(1e-14, 2e-6),
};

export const crossEntropyGrad: ProblemSet = {
  problems: rowProblems((r, c) => [input(r), input(r * c, [0, 1]), intInput(r, [0, c]), output(r * c)], 8),
  tolerance: within(0, 2e-7),
};

export const softCrossEntropy: ProblemSet = {
  problems: rowProblems((r, c) => [input(r * c, [-8, 8]), input(r * c, [0, 1]), output(r), output(r * c)], 12),
  tolerance: within(1e-14, 2e-6),
};

export const softCrossEntropyGrad: ProblemSet = {
  problems: rowProblems((r, c) => [input(r), input(r * c, [0, 0.2]), input(r * c, [0, 0.2]), output(r * c)], 12),
  tolerance: within(1e-6, 1e-6),
};
