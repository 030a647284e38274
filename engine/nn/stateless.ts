/** Layers without parameters. */
import { ConfigError } from '../errors.ts';
import * as ops from '../ops/index.ts';
import { dropoutMask } from '../random/index.ts';
import { stateless } from './layer.ts';

export const relu = () => stateless('relu', (x) => ops.relu(x), { activation: 'relu' });
/** x where positive, else slope * x */
export const leakyRelu = (slope = 0.01) => stateless('leakyRelu', (x) => ops.leakyRelu(x, slope));
export const tanh = () => stateless('tanh', (x) => ops.tanh(x), { activation: 'tanh' });
export const sigmoid = () => stateless('sigmoid', (x) => ops.sigmoid(x), { activation: 'sigmoid' });
export const gelu = () => stateless('gelu', (x) => ops.gelu(x));

/** [n, ...] -> [n, features], images in the order height, width, channel. */
export const flatten = () =>
  stateless('flatten', (x) => ops.reshape(x, [x.shape[0]!, x.shape.slice(1).reduce((a, b) => a * b, 1)]));

/** Largest element of each window; the stride defaults to the window. */
export const maxPool2d = (options: ops.PoolOptions) =>
  stateless('maxPool2d', (x) => ops.maxPool2d(x, options), { maxPool2d: options });
/** Mean of each window; the stride defaults to the window. */
export const avgPool2d = (options: ops.PoolOptions) => stateless('avgPool2d', (x) => ops.avgPool2d(x, options));

/**
 * Zeroes each element with probability `rate` in training and scales the rest by 1 / (1 - rate) (Srivastava et al. 2014).
 * @throws ConfigError unless 0 <= rate < 1, or when training without ctx.rng
 */
export function dropout(rate: number) {
  if (!(rate >= 0 && rate < 1))
    throw new ConfigError(`dropout: expected a rate in [0, 1), got ${rate}.`, 'dropout.rate');
  return stateless(`dropout ${rate}`, (x, { mode, rng }) => {
    if (mode === 'eval' || rate === 0) return x;
    if (!rng) throw new ConfigError('dropout: expected ctx.rng in train mode, got none. Pass { mode, rng }.', 'rng');
    return ops.mul(x, dropoutMask(x.engine, rng, x.shape, 1 - rate, { dtype: x.dtype }));
  });
}
