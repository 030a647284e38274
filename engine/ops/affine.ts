import * as k from '../kernels/families/index.ts';
import type { Tensor } from '../tensor/index.ts';
import { defineUnaryWith, elementwiseSamples } from './unary.ts';

const op = defineUnaryWith<{ mul: number; add: number }>({
  name: 'affine',
  about: 'y = mul * x + add, with numbers mul and add',
  kernel: k.affine,
  numbers: (x, { mul, add }) => [x.size, mul, add],
  backward: (g, _x, _y, { mul }) => affine(g, mul, 0),
  samples: elementwiseSamples({ mul: -1.5, add: 0.25 }),
});

/** mul * x + add with plain numbers. */
export const affine = (x: Tensor, mul: number, add: number): Tensor => op(x, { mul, add });
/** factor * x. */
export const scale = (x: Tensor, factor: number): Tensor => affine(x, factor, 0);
export const neg = (x: Tensor): Tensor => affine(x, -1, 0);
export const addScalar = (x: Tensor, value: number): Tensor => affine(x, 1, value);
