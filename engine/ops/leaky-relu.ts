import * as k from '../kernels/families/index.ts';
import { launch } from '../kernels/launch.ts';
import type { Tensor } from '../tensor/index.ts';
import { affine, neg } from './affine.ts';
import { defineOp } from './define-op.ts';
import { mul } from './mul.ts';
import { step } from './step.ts';
import { elementwiseSamples } from './unary.ts';

const op = defineOp<{ x: Tensor }, { slope: number }>({
  name: 'leakyRelu',
  about: 'y = x >= 0 ? x : slope * x',
  inputs: ['x'],
  shape: ({ x }) => x.shape,
  forward({ x }, y, { slope }) {
    launch(k.leakyRelu, x, y, x.size, slope);
    return undefined;
  },
  // 1 - (1 - slope) step(-x) is 1 at 0, as the kernel has it
  backward: ({ gradOut, inputs, attrs }) => ({
    x: mul(gradOut, affine(step(neg(inputs.x)), attrs.slope - 1, 1)),
  }),
  fusedBackward({ gradOut, inputs, attrs }) {
    const dx = gradOut.engine.alloc(gradOut.shape, gradOut.dtype, 'leakyRelu');
    launch(k.leakyReluGrad, gradOut, inputs.x, dx, dx.size, attrs.slope);
    return { x: dx };
  },
  samples: elementwiseSamples({ slope: 0.1 }),
});

/** x, or slope * x where negative (Maas et al. 2013); the gradient at 0 is 1. */
export const leakyRelu = (x: Tensor, slope = 0.01): Tensor => op({ x }, { slope });
