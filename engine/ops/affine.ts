import * as k from '../kernels/families/index.ts';
import { launch } from '../kernels/launch.ts';
import type { Tensor } from '../tensor/index.ts';
import { defineOp } from './define-op.ts';
import { elementwiseSamples } from './unary.ts';

const op = defineOp<{ x: Tensor }, { mul: number; add: number }>({
  name: 'affine',
  about: 'y = mul * x + add, with numbers mul and add',
  inputs: ['x'],
  shape: ({ x }) => x.shape,
  forward: ({ x }, y, { mul, add }) => launch(k.affine, x, y, x.size, mul, add),
  backward: ({ gradOut, attrs }) => ({ x: affine(gradOut, attrs.mul, 0) }),
  samples: elementwiseSamples({ mul: -1.5, add: 0.25 }),
});

/** mul * x + add with plain numbers. */
export const affine = (x: Tensor, mul: number, add: number): Tensor => op({ x }, { mul, add });
/** factor * x. */
export const scale = (x: Tensor, factor: number): Tensor => affine(x, factor, 0);
export const neg = (x: Tensor): Tensor => affine(x, -1, 0);
export const addScalar = (x: Tensor, value: number): Tensor => affine(x, 1, value);
