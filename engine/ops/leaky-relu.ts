import * as k from '../kernels/families/index.ts';
import { launch } from '../kernels/launch.ts';
import type { Tensor } from '../tensor/index.ts';
import { affine } from './affine.ts';
import { defineOp } from './define-op.ts';
import { mul } from './mul.ts';
import { step } from './step.ts';
import { elementwiseSamples } from './unary.ts';

const op = defineOp<{ x: Tensor }, { slope: number }>({
  name: 'leakyRelu',
  about: 'y = x > 0 ? x : slope * x',
  inputs: ['x'],
  shape: ({ x }) => x.shape,
  forward: ({ x }, y, { slope }) => launch(k.leakyRelu, x, y, x.size, slope),
  backward: ({ gradOut, inputs, attrs }) => ({
    x: mul(gradOut, affine(step(inputs.x), 1 - attrs.slope, attrs.slope)),
  }),
  fusedBackward({ gradOut, inputs, attrs }) {
    const dx = gradOut.engine.alloc(gradOut.shape, gradOut.dtype, 'leakyRelu');
    launch(k.leakyReluGrad, gradOut, inputs.x, dx, dx.size, attrs.slope);
    return { x: dx };
  },
  samples: elementwiseSamples({ slope: 0.1 }),
});

/** x where positive, else slope * x (Maas et al. 2013). */
export const leakyRelu = (x: Tensor, slope = 0.01): Tensor => op({ x }, { slope });
