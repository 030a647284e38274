import * as k from '../kernels/families/index.ts';
import { defineUnary } from './unary.ts';

/** 1 where x > 0, else 0. Its gradient is zero wherever it exists: none flows. */
export const step = defineUnary({ name: 'step', about: 'y = x > 0 ? 1 : 0', kernel: k.step, backward: null });
