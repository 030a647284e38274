import * as k from '../kernels/families/index.ts';
import { defineUnary } from './unary.ts';

/** -1, 0 or 1. Its gradient is zero wherever it exists: none flows. */
export const sign = defineUnary({ name: 'sign', about: 'y = sign(x)', kernel: k.sign, backward: null });
