/** What can be computed along with the layer before it: an activation, a max-pool, or one after the other. */
import * as ops from '../ops/index.ts';
import type { Tensor } from '../tensor/index.ts';
import type { Layer } from './layer.ts';

export interface Ending {
  readonly activation: ops.Activation;
  readonly pool: ops.PoolOptions | null;
  /** layers that these are */
  readonly taken: number;
}

const activationOf = (layer: Layer | undefined) =>
  layer?.tail && 'activation' in layer.tail ? layer.tail.activation : null;

// A window of padding only is -Infinity, before or after the activation: padded pools stay layers of their own.
const poolOf = (layer: Layer | undefined) =>
  layer?.tail && 'maxPool2d' in layer.tail && !layer.tail.maxPool2d.padding ? layer.tail.maxPool2d : null;

/** The activation that the next layers begin with. */
export function activationAhead(next: readonly Layer[]): Ending {
  const activation = activationOf(next[0]);
  return { activation: activation ?? 'none', pool: null, taken: activation ? 1 : 0 };
}

/** The activation and the max-pool that the next layers begin with, in either order. */
export function endingAhead(next: readonly Layer[]): Ending {
  const [first, second] = next;
  const pool = poolOf(first) ?? (activationOf(first) ? poolOf(second) : null);
  const activation = activationOf(first) ?? (poolOf(first) ? activationOf(second) : null);
  return { activation: activation ?? 'none', pool, taken: (pool ? 1 : 0) + (activation ? 1 : 0) };
}

const alone: Readonly<Record<ops.Activation, (x: Tensor) => Tensor>> = {
  none: (x) => x,
  relu: ops.relu,
  tanh: ops.tanh,
  sigmoid: ops.sigmoid,
};

/** f(x + bias), or f(x) without a bias. */
export const finish = (x: Tensor, bias: Tensor | undefined, activation: ops.Activation): Tensor =>
  bias ? ops.biasActivation(x, bias, activation) : alone[activation](x);
