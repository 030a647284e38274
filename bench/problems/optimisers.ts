/** Optimiser steps, fused and in place. */
import { inout, input, type ProblemSet, vectorProblems, within } from './problem.ts';

export const sgd: ProblemSet = {
  problems: [
    ...vectorProblems((n) => [inout(n), input(n), inout(n), n, 0.1, 0.9, 0.01, 0], 20),
    { name: 'nesterov', args: [inout(19), input(19), inout(19), 19, 0.1, 0.9, 0.01, 1] },
    { name: 'no momentum', args: [inout(19), input(19), null, 19, 0.1, 0.9, 0.01, 0] },
    { name: 'plain', args: [inout(64), input(64), null, 64, 0.1, 0, 0, 0] },
  ],
  tolerance: within(4e-7, 4e-7),
};

const adamBuffers = (n: number) => [inout(n), input(n), inout(n), inout(n, [0, 1]), n];

export const adam: ProblemSet = {
  problems: [
    ...vectorProblems((n) => [...adamBuffers(n), 0.001, 0.9, 0.999, 1e-8, 0.01, 1, 0.1, 0.001], 28),
    {
      name: 'weight decay in the gradient',
      args: [...adamBuffers(19), 0.001, 0.9, 0.999, 1e-8, 0.01, 0, 0.271, 0.003],
    },
  ],
  tolerance: within(4e-7, 4e-7),
};
