import * as k from '../kernels/families/index.ts';
import { mul } from './mul.ts';
import { defineUnary } from './unary.ts';

export const exp = defineUnary({ name: 'exp', about: 'y = e^x', kernel: k.exp, backward: (g, _, y) => mul(g, y) });
