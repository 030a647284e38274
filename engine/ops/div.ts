import * as k from '../kernels/families/index.ts';
import { neg } from './affine.ts';
import { defineBinary } from './binary.ts';
import { mul } from './mul.ts';

/** a / b, broadcast. */
export const div = defineBinary({
  name: 'div',
  about: 'y = a / b',
  kernel: k.div,
  backward: (g, _a, b, y, needs) => {
    const a = div(g, b);
    return { a, ...(needs.b && { b: neg(mul(a, y)) }) };
  },
  range: [0.5, 2],
});
