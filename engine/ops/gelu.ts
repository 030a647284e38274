import * as k from '../kernels/families/index.ts';
import { add } from './add.ts';
import { affine } from './affine.ts';
import { erf } from './erf.ts';
import { exp } from './exp.ts';
import { mul } from './mul.ts';
import { defineUnary } from './unary.ts';

const INV_SQRT_2PI = 0.3989422804014327;

/** x times the normal distribution function (Hendrycks & Gimpel 2016), by erf and not by its tanh approximation. */
export const gelu = defineUnary({
  name: 'gelu',
  about: 'y = x/2 (1 + erf(x / sqrt 2))',
  kernel: k.gelu,
  backward(g, x) {
    const cdf = affine(erf(affine(x, Math.SQRT1_2, 0)), 0.5, 0.5);
    const pdf = affine(exp(affine(mul(x, x), -0.5, 0)), INV_SQRT_2PI, 0);
    return mul(g, add(cdf, mul(x, pdf)));
  },
  fused: [k.geluGrad, 'x'],
});
