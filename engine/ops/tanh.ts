import * as k from '../kernels/families/index.ts';
import { affine } from './affine.ts';
import { mul } from './mul.ts';
import { defineUnary } from './unary.ts';

export const tanh = defineUnary({
  name: 'tanh',
  about: 'y = tanh(x)',
  kernel: k.tanh,
  backward: (g, _, y) => mul(g, affine(mul(y, y), -1, 1)),
  fused: [k.tanhGrad, 'y'],
});
