import * as k from '../kernels/families/index.ts';
import { throughActivation } from './activation.ts';
import { defineUnary } from './unary.ts';

export const sigmoid = defineUnary({
  name: 'sigmoid',
  about: 'y = 1 / (1 + e^-x)',
  kernel: k.sigmoid,
  backward: (g, _, y) => throughActivation.sigmoid(g, y),
  fused: [k.sigmoidGrad, 'y'],
});
