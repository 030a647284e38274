import * as k from '../kernels/families/index.ts';
import { throughActivation } from './activation.ts';
import { defineUnary } from './unary.ts';

/** max(x, 0); the gradient at 0 is 0. */
export const relu = defineUnary({
  name: 'relu',
  about: 'y = max(x, 0)',
  kernel: k.relu,
  backward: (g, _, y) => throughActivation.relu(g, y),
  fused: [k.reluGrad, 'y'],
});
