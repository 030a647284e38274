import * as k from '../kernels/families/index.ts';
import { neg } from './affine.ts';
import { defineBinary } from './binary.ts';

/** a - b, broadcast. */
export const sub = defineBinary({
  name: 'sub',
  about: 'y = a - b',
  kernel: k.sub,
  backward: (g, _a, _b, _y, needs) => ({ a: g, ...(needs.b && { b: neg(g) }) }),
});
