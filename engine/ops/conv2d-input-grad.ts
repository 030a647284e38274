import * as k from '../kernels/families/index.ts';
import { launch } from '../kernels/launch.ts';
import type { Shape, Tensor } from '../tensor/index.ts';
import { type ConvAttrs, convSamples, convSizes, outputSize } from './conv-geometry.ts';
import { conv2dWith } from './conv2d.ts';
import { conv2dWeightGrad } from './conv2d-weight-grad.ts';
import { defineOp } from './define-op.ts';

const op = defineOp<{ g: Tensor; w: Tensor }, ConvAttrs & { xShape: Shape }>({
  name: 'conv2dInputGrad',
  about: 'dx of conv2d: the transposed convolution of g [n,oh,ow,co] with w [kh,kw,ci/groups,co] -> [n,h,w,ci]',
  inputs: ['g', 'w'],
  shape: (_, { xShape }) => xShape,
  forward: ({ g, w }, dx, attrs) =>
    launch(k.conv2dInputGrad, g, w, dx, ...convSizes(dx.shape, w.shape, g.shape, attrs)),
  // linear in g and in w, so its gradients are the other two convolutions
  backward: ({ gradOut, inputs: { g, w }, attrs, needs }) => ({
    g: needs.g ? conv2dWith(gradOut, w, attrs) : null,
    w: needs.w ? conv2dWeightGrad(gradOut, g, w.shape, attrs) : null,
  }),
  samples: convSamples.map(({ name, x, w, attrs }) => ({
    name,
    inputs: { g: [x[0]!, ...outputSize('', x, [w[0]!, w[1]!], attrs), w[3]!], w },
    attrs: { ...attrs, xShape: x },
  })) as never,
});

/** dL/dx of conv2d from dL/dy. g [n,oh,ow,co], w [kh,kw,ci/groups,co] -> xShape [n,h,w,ci] */
export const conv2dInputGrad = (g: Tensor, w: Tensor, xShape: Shape, attrs: ConvAttrs): Tensor =>
  op({ g, w }, { ...attrs, xShape });
