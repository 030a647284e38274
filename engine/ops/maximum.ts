import * as k from '../kernels/families/index.ts';
import { affine } from './affine.ts';
import { defineBinary } from './binary.ts';
import { mul } from './mul.ts';
import { step } from './step.ts';
import { sub } from './sub.ts';

/** The larger of a and b, broadcast; the gradient goes to b where they are equal. */
export const maximum = defineBinary({
  name: 'maximum',
  about: 'y = max(a, b)',
  kernel: k.maximum,
  backward(g, a, b) {
    const first = step(sub(a, b));
    return { a: mul(g, first), b: mul(g, affine(first, -1, 1)) };
  },
});
