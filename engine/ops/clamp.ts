import * as k from '../kernels/families/index.ts';
import { launch } from '../kernels/launch.ts';
import type { Tensor } from '../tensor/index.ts';
import { affine } from './affine.ts';
import { defineOp } from './define-op.ts';
import { mul } from './mul.ts';
import { step } from './step.ts';
import { elementwiseSamples } from './unary.ts';

const op = defineOp<{ x: Tensor }, { low: number; high: number }>({
  name: 'clamp',
  about: 'y = min(max(x, low), high)',
  inputs: ['x'],
  shape: ({ x }) => x.shape,
  forward: ({ x }, y, { low, high }) => launch(k.clamp, x, y, x.size, low, high),
  // 1 - step(low - x) is 1 at the bound itself, as the kernel has it
  backward({ gradOut, inputs: { x }, attrs: { low, high } }) {
    const below = step(affine(x, -1, low));
    const above = step(affine(x, 1, -high));
    return { x: mul(gradOut, mul(affine(below, -1, 1), affine(above, -1, 1))) };
  },
  fusedBackward({ gradOut, inputs, attrs }) {
    const dx = gradOut.engine.alloc(gradOut.shape, gradOut.dtype, 'clamp');
    launch(k.clampGrad, gradOut, inputs.x, dx, dx.size, attrs.low, attrs.high);
    return { x: dx };
  },
  samples: elementwiseSamples({ low: -0.4, high: 0.5 }),
});

/** x limited to [low, high]; the gradient passes inside and at the bounds. */
export const clamp = (x: Tensor, low: number, high: number): Tensor => op({ x }, { low, high });
