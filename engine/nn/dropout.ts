import { ConfigError } from '../errors.ts';
import { mul } from '../ops/index.ts';
import { dropoutMask } from '../random/index.ts';
import { stateless } from './layer.ts';

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
    return mul(x, dropoutMask(x.engine, rng, x.shape, 1 - rate, { dtype: x.dtype }));
  });
}
