import * as k from '../kernels/families/index.ts';
import type { Tensor } from '../tensor/index.ts';
import { affine, neg } from './affine.ts';
import { mul } from './mul.ts';
import { step } from './step.ts';
import { defineUnaryWith, elementwiseSamples } from './unary.ts';

const op = defineUnaryWith<{ slope: number }>({
  name: 'leakyRelu',
  about: 'y = x >= 0 ? x : slope * x',
  kernel: k.leakyRelu,
  numbers: (x, { slope }) => [x.size, slope],
  // 1 - (1 - slope) step(-x) is 1 at 0, as the kernel has it
  backward: (g, x, _y, { slope }) => mul(g, affine(step(neg(x)), slope - 1, 1)),
  fused: [k.leakyReluGrad, 'x'],
  samples: elementwiseSamples({ slope: 0.1 }),
});

/** x, or slope * x where negative (Maas et al. 2013); the gradient at 0 is 1. */
export const leakyRelu = (x: Tensor, slope = 0.01): Tensor => op(x, { slope });
