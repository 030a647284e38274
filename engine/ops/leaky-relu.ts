import * as k from '../kernels/families/index.ts';
import type { Tensor } from '../tensor/index.ts';
import { affine } from './affine.ts';
import { mul } from './mul.ts';
import { step } from './step.ts';
import { defineUnaryWith, elementwiseSamples } from './unary.ts';

const op = defineUnaryWith<{ slope: number }>({
  name: 'leakyRelu',
  about: 'y = x > 0 ? x : slope * x',
  kernel: k.leakyRelu,
  numbers: (x, { slope }) => [x.size, slope],
  backward: (g, x, _y, { slope }) => mul(g, affine(step(x), 1 - slope, slope)),
  fused: [k.leakyReluGrad, 'x'],
  samples: elementwiseSamples({ slope: 0.1 }),
});

/** x where positive, else slope * x (Maas et al. 2013). */
export const leakyRelu = (x: Tensor, slope = 0.01): Tensor => op(x, { slope });
