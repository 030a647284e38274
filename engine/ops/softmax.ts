import * as k from '../kernels/families/index.ts';
import { launch } from '../kernels/launch.ts';
import type { Tensor } from '../tensor/index.ts';
import { defineOp } from './define-op.ts';
import { mul } from './mul.ts';
import { rowGrad, rowSamples, rowsOf, sumLast } from './rows.ts';
import { sub } from './sub.ts';

const op = defineOp<{ x: Tensor }>({
  name: 'softmax',
  about: 'y = e^x / sum e^x along the last axis',
  inputs: ['x'],
  shape: ({ x }) => x.shape,
  forward: ({ x }, y) => launch(k.softmax, x, y, ...rowsOf('softmax', x.shape)),
  backward: ({ gradOut, out }) => ({ x: mul(out, sub(gradOut, sumLast(mul(gradOut, out)))) }),
  fusedBackward: ({ gradOut, out }) => ({ x: rowGrad(k.softmaxGrad, gradOut, out) }),
  samples: rowSamples,
});

/** Softmax along the last axis. */
export const softmax = (x: Tensor): Tensor => op({ x }, undefined);
