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

// The largest of a window commutes with a function that never falls, to the last bit where that holds for the kernel:
// tests/kernels/rising.test.ts. The sigmoid's falls by one unit in the last place here and there.
const rising: readonly (ops.Activation | null)[] = ['relu', 'tanh'];

/** The activation and the max-pool that the next layers begin with, in either order. */
export function endingAhead(next: readonly Layer[]): Ending {
  const [first, second] = next;
  const early = poolOf(first);
  const activation = activationOf(early ? second : first);
  const pool = early ?? (rising.includes(activation) ? poolOf(second) : null);
  return { activation: activation ?? 'none', pool, taken: (pool ? 1 : 0) + (activation ? 1 : 0) };
}

const alone: Readonly<Record<ops.Activation, (x: Tensor) => Tensor>> = {
  none: (x) => x,
  relu: ops.relu,
  tanh: ops.tanh,
  sigmoid: ops.sigmoid,
};

export const activate = (x: Tensor, activation: ops.Activation): Tensor => alone[activation](x);
