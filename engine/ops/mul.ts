import * as k from '../kernels/families/index.ts';
import { defineBinary } from './binary.ts';

/** a * b element by element, broadcast. */
export const mul = defineBinary({
  name: 'mul',
  about: 'y = a * b',
  kernel: k.mul,
  backward: (g, a, b, _y, needs) => ({ ...(needs.a && { a: mul(g, b) }), ...(needs.b && { b: mul(g, a) }) }),
});

/** x * x. */
export const square = (x: Parameters<typeof mul>[0]): ReturnType<typeof mul> => mul(x, x);
