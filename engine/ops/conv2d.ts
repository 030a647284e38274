import { ShapeError } from '../errors.ts';
import * as k from '../kernels/families/index.ts';
import { launch } from '../kernels/launch.ts';
import type { Tensor } from '../tensor/index.ts';
import { type ConvAttrs, convSamples, convSizes, geometryOf, outputSize, type WindowOptions } from './conv-geometry.ts';
import { conv2dInputGrad } from './conv2d-input-grad.ts';
import { conv2dWeightGrad } from './conv2d-weight-grad.ts';
import { defineOp } from './define-op.ts';
import { expectRank } from './shapes.ts';

const op = defineOp<{ x: Tensor; w: Tensor }, ConvAttrs>({
  name: 'conv2d',
  about:
    'y[n,i,j,o] = sum of x[n, i*s+p*d-pad, j*s+q*d-pad, c] w[p,q,c,o]: [n,h,w,ci] * [kh,kw,ci/groups,co] -> [n,oh,ow,co]',
  inputs: ['x', 'w'],
  shape({ x, w }, attrs) {
    expectRank('conv2d', 'x', x.shape, 4, '[n, h, w, channels]');
    expectRank('conv2d', 'w', w.shape, 4, '[kh, kw, channels/groups, filters]');
    const [kh, kw, perGroup, co] = w.shape as [number, number, number, number];
    const { groups } = attrs;
    if (!Number.isInteger(groups) || groups < 1 || perGroup * groups !== x.shape[3] || co % groups !== 0) {
      throw new ShapeError(
        `conv2d: expected x channels = w[2] * groups and filters divisible by groups, got x [${x.shape}], w [${w.shape}], groups ${groups}. ` +
          'Images are NHWC and filters [kh, kw, in/groups, out].',
      );
    }
    return [x.shape[0]!, ...outputSize('conv2d', x.shape, [kh, kw], attrs), co];
  },
  forward: ({ x, w }, y, attrs) => launch(k.conv2d, x, w, y, ...convSizes(x.shape, w.shape, y.shape, attrs)),
  backward: ({ gradOut, inputs: { x, w }, attrs, needs }) => ({
    x: needs.x ? conv2dInputGrad(gradOut, w, x.shape, attrs) : null,
    w: needs.w ? conv2dWeightGrad(x, gradOut, w.shape, attrs) : null,
  }),
  samples: convSamples.map(({ name, x, w, attrs }) => ({ name, inputs: { x, w }, attrs })) as never,
});

/** The convolution with geometry already resolved, as the gradients use it. */
export const conv2dWith = (x: Tensor, w: Tensor, attrs: ConvAttrs): Tensor => op({ x, w }, attrs);

/**
 * Cross-correlation of NHWC images with filters, as every ML library calls convolution.
 * @param x [n, h, w, ci]
 * @param w [kh, kw, ci/groups, co]
 * @throws ShapeError, ConfigError
 */
export const conv2d = (x: Tensor, w: Tensor, options: WindowOptions & { groups?: number } = {}): Tensor =>
  conv2dWith(x, w, { ...geometryOf('conv2d', options), groups: options.groups ?? 1 });
