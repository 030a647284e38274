import * as k from '../kernels/families/index.ts';
import { affine } from './affine.ts';
import { exp } from './exp.ts';
import { mul } from './mul.ts';
import { defineUnary } from './unary.ts';

const TWO_OVER_SQRT_PI = 1.1283791670955126;

/** The error function. */
export const erf = defineUnary({
  name: 'erf',
  about: 'y = 2/sqrt(pi) * integral of e^(-t^2) from 0 to x',
  kernel: k.erfKernel,
  backward: (g, x) => mul(g, affine(exp(affine(mul(x, x), -1, 0)), TWO_OVER_SQRT_PI, 0)),
});
