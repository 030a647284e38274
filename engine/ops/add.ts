import * as k from '../kernels/families/index.ts';
import { defineBinary } from './binary.ts';

/** a + b, broadcast. */
export const add = defineBinary({ name: 'add', about: 'y = a + b', kernel: k.add, backward: (g) => ({ a: g, b: g }) });
