import * as k from '../kernels/families/index.ts';
import type { Tensor } from '../tensor/index.ts';
import { affine } from './affine.ts';
import { mul } from './mul.ts';
import { step } from './step.ts';
import { defineUnaryWith, elementwiseSamples } from './unary.ts';

const op = defineUnaryWith<{ low: number; high: number }>({
  name: 'clamp',
  about: 'y = min(max(x, low), high)',
  kernel: k.clamp,
  numbers: (x, { low, high }) => [x.size, low, high],
  // 1 - step(low - x) is 1 at the bound itself, as the kernel has it
  backward(g, x, _y, { low, high }) {
    const below = step(affine(x, -1, low));
    const above = step(affine(x, 1, -high));
    return mul(g, mul(affine(below, -1, 1), affine(above, -1, 1)));
  },
  fused: [k.clampGrad, 'x'],
  samples: elementwiseSamples({ low: -0.4, high: 0.5 }),
});

/** x limited to [low, high]; the gradient passes inside and at the bounds. */
export const clamp = (x: Tensor, low: number, high: number): Tensor => op(x, { low, high });
