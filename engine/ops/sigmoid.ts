import * as k from '../kernels/families/index.ts';
import { affine } from './affine.ts';
import { mul } from './mul.ts';
import { defineUnary } from './unary.ts';

export const sigmoid = defineUnary({
  name: 'sigmoid',
  about: 'y = 1 / (1 + e^-x)',
  kernel: k.sigmoid,
  backward: (g, _, y) => mul(g, mul(y, affine(y, -1, 1))),
  fused: [k.sigmoidGrad, 'y'],
});
