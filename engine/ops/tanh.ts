import * as k from '../kernels/families/index.ts';
import { throughActivation } from './activation.ts';
import { defineUnary } from './unary.ts';

export const tanh = defineUnary({
  name: 'tanh',
  about: 'y = tanh(x)',
  kernel: k.tanh,
  backward: (g, _, y) => throughActivation.tanh(g, y),
  fused: [k.tanhGrad, 'y'],
});
