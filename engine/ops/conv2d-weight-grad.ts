import * as k from '../kernels/families/index.ts';
import { launch } from '../kernels/launch.ts';
import type { Shape, Tensor } from '../tensor/index.ts';
import { type ConvAttrs, convSamples, convSizes, outputSize } from './conv-geometry.ts';
import { conv2dWith } from './conv2d.ts';
import { conv2dInputGrad } from './conv2d-input-grad.ts';
import { defineOp } from './define-op.ts';

const op = defineOp<{ x: Tensor; g: Tensor }, ConvAttrs & { wShape: Shape }>({
  name: 'conv2dWeightGrad',
  about: 'dw of conv2d: x [n,h,w,ci] correlated with g [n,oh,ow,co] -> [kh,kw,ci/groups,co]',
  inputs: ['x', 'g'],
  shape: (_, { wShape }) => wShape,
  forward: ({ x, g }, dw, attrs) =>
    launch(k.conv2dWeightGrad, x, g, dw, ...convSizes(x.shape, dw.shape, g.shape, attrs)),
  // linear in x and in g, so its gradients are the other two convolutions
  backward: ({ gradOut, inputs: { x, g }, attrs, needs }) => ({
    x: needs.x ? conv2dInputGrad(g, gradOut, x.shape, attrs) : null,
    g: needs.g ? conv2dWith(x, gradOut, attrs) : null,
  }),
  samples: convSamples.map(({ name, x, w, attrs }) => ({
    name,
    inputs: { x, g: [x[0]!, ...outputSize('', x, [w[0]!, w[1]!], attrs), w[3]!] },
    attrs: { ...attrs, wShape: w },
  })) as never,
});

/** dL/dw of conv2d from dL/dy. x [n,h,w,ci], g [n,oh,ow,co] -> wShape [kh,kw,ci/groups,co] */
export const conv2dWeightGrad = (x: Tensor, g: Tensor, wShape: Shape, attrs: ConvAttrs): Tensor =>
  op({ x, g }, { ...attrs, wShape });
