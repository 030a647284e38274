import * as k from '../kernels/families/index.ts';
import type { Tensor } from '../tensor/index.ts';
import { affine } from './affine.ts';
import { defineBinary } from './binary.ts';
import { mul } from './mul.ts';
import { step } from './step.ts';
import { sub } from './sub.ts';

/** g to a where `lead`, which is a - b or b - a, is positive, else to b */
function toLeader(g: Tensor, lead: Tensor): { a: Tensor; b: Tensor } {
  const first = step(lead);
  return { a: mul(g, first), b: mul(g, affine(first, -1, 1)) };
}

/** The larger of a and b, broadcast; the gradient goes to b where they are equal. */
export const maximum = defineBinary({
  name: 'maximum',
  about: 'y = max(a, b)',
  kernel: k.maximum,
  backward: (g, a, b) => toLeader(g, sub(a, b)),
});

/** The smaller of a and b, broadcast; the gradient goes to b where they are equal. */
export const minimum = defineBinary({
  name: 'minimum',
  about: 'y = min(a, b)',
  kernel: k.minimum,
  backward: (g, a, b) => toLeader(g, sub(b, a)),
});
