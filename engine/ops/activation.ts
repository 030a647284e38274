/** Activations that an op can end with, and their gradients written in ops. */
import type { Activation } from '../kernels/activation.ts';
import type { Tensor } from '../tensor/index.ts';
import { affine } from './affine.ts';
import { mul } from './mul.ts';
import { step } from './step.ts';

export type { Activation } from '../kernels/activation.ts';

/** dL/dz of y = f(z), from g = dL/dy and y. */
export const throughActivation: Readonly<Record<Activation, (g: Tensor, y: Tensor) => Tensor>> = {
  none: (g) => g,
  relu: (g, y) => mul(g, step(y)),
  tanh: (g, y) => mul(g, affine(mul(y, y), -1, 1)),
  sigmoid: (g, y) => mul(g, mul(y, affine(y, -1, 1))),
};
