import * as k from '../kernels/families/index.ts';
import { mul } from './mul.ts';
import { sign } from './sign.ts';
import { defineUnary } from './unary.ts';

/** |x|; the gradient at 0 is 0. */
export const abs = defineUnary({ name: 'abs', about: 'y = |x|', kernel: k.abs, backward: (g, x) => mul(g, sign(x)) });
