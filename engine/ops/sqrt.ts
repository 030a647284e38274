import * as k from '../kernels/families/index.ts';
import { affine } from './affine.ts';
import { div } from './div.ts';
import { defineUnary } from './unary.ts';

export const sqrt = defineUnary({
  name: 'sqrt',
  about: 'y = sqrt(x)',
  kernel: k.sqrt,
  backward: (g, _, y) => div(g, affine(y, 2, 0)),
  range: [0.5, 2],
});
