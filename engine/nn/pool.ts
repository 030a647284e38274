import * as ops from '../ops/index.ts';
import { stateless } from './layer.ts';

/** Largest element of each window; the stride defaults to the window. */
export const maxPool2d = (options: ops.PoolOptions) => stateless('maxPool2d', (x) => ops.maxPool2d(x, options));
/** Mean of each window; the stride defaults to the window. */
export const avgPool2d = (options: ops.PoolOptions) => stateless('avgPool2d', (x) => ops.avgPool2d(x, options));
