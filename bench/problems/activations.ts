/** Activations and their gradients. */
import { exact, input, output, type ProblemSet, vectorProblems, within } from './problem.ts';

const value = (n: number) => [input(n, [-6, 6]), output(n), n];
const gradient = (n: number) => [input(n), input(n, [-6, 6]), output(n), n];

export const relu: ProblemSet = { problems: vectorProblems(value, 8), tolerance: exact };
export const reluGrad: ProblemSet = { problems: vectorProblems(gradient, 12), tolerance: exact };

export const leakyRelu: ProblemSet = { problems: vectorProblems((n) => [...value(n), 0.25], 8), tolerance: exact };
export const leakyReluGrad: ProblemSet = {
  problems: vectorProblems((n) => [...gradient(n), 0.25], 12),
  tolerance: exact,
};

export const tanh: ProblemSet = { problems: vectorProblems(value, 8), tolerance: within(0, 4e-7) };
export const tanhGrad: ProblemSet = {
  problems: vectorProblems((n) => [input(n), input(n), output(n), n], 12),
  tolerance: within(0, 4e-7),
};

export const sigmoid: ProblemSet = { problems: vectorProblems(value, 8), tolerance: within(0, 3e-7) };
export const sigmoidGrad: ProblemSet = {
  problems: vectorProblems((n) => [input(n), input(n, [0, 1]), output(n), n], 12),
  tolerance: within(0, 3e-7),
};

export const erfKernel: ProblemSet = { problems: vectorProblems(value, 8), tolerance: within(0, 4e-7) };
export const gelu: ProblemSet = { problems: vectorProblems(value, 8), tolerance: within(0, 1e-6) };
export const geluGrad: ProblemSet = { problems: vectorProblems(gradient, 12), tolerance: within(2e-7, 1e-6) };

export const clamp: ProblemSet = { problems: vectorProblems((n) => [...value(n), -0.5, 2.25], 8), tolerance: exact };
export const clampGrad: ProblemSet = {
  problems: vectorProblems((n) => [...gradient(n), -0.5, 2.25], 12),
  tolerance: exact,
};
