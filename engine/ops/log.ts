import * as k from '../kernels/families/index.ts';
import { div } from './div.ts';
import { defineUnary } from './unary.ts';

/** Natural logarithm. */
export const log = defineUnary({
  name: 'log',
  about: 'y = ln x',
  kernel: k.log,
  backward: (g, x) => div(g, x),
  range: [0.5, 2],
});
