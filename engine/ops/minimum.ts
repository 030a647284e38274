import * as k from '../kernels/families/index.ts';
import { affine } from './affine.ts';
import { defineBinary } from './binary.ts';
import { mul } from './mul.ts';
import { step } from './step.ts';
import { sub } from './sub.ts';

/** The smaller of a and b, broadcast; the gradient goes to b where they are equal. */
export const minimum = defineBinary({
  name: 'minimum',
  about: 'y = min(a, b)',
  kernel: k.minimum,
  backward(g, a, b) {
    const first = step(sub(b, a));
    return { a: mul(g, first), b: mul(g, affine(first, -1, 1)) };
  },
});
