import * as k from '../kernels/families/index.ts';
import { launch } from '../kernels/launch.ts';
import type { Tensor } from '../tensor/index.ts';
import { defineOp } from './define-op.ts';
import { exp } from './exp.ts';
import { mul } from './mul.ts';
import { rowGrad, rowSamples, rowsOf, sumLast } from './rows.ts';
import { sub } from './sub.ts';

const op = defineOp<{ x: Tensor }>({
  name: 'logSoftmax',
  about: 'y = x - ln sum e^x along the last axis',
  inputs: ['x'],
  shape: ({ x }) => x.shape,
  forward: ({ x }, y) => launch(k.logSoftmax, x, y, ...rowsOf('logSoftmax', x.shape)),
  backward: ({ gradOut, out }) => ({ x: sub(gradOut, mul(exp(out), sumLast(gradOut))) }),
  fusedBackward: ({ gradOut, out }) => ({ x: rowGrad(k.logSoftmaxGrad, gradOut, out) }),
  samples: rowSamples,
});

/** Logarithm of softmax along the last axis, without the loss of precision of taking it afterwards. */
export const logSoftmax = (x: Tensor): Tensor => op({ x }, undefined);
