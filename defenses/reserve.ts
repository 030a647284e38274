/** Rows beside the ones that a classifier is fitted to: given, or held back from them. */
import { stratifiedSplit } from '../data/index.ts';
import {
  ConfigError,
  type DType,
  type Engine,
  type Examples,
  type Model,
  type Rng,
  type Tensor,
} from '../engine/index.ts';

/** The rows at `indices`, renumbered from 0. */
export function subset(data: Examples, indices: Int32Array): Examples {
  return {
    size: indices.length,
    inputShape: data.inputShape,
    classes: data.classes,
    take: (wanted, into) =>
      data.take(
        Int32Array.from({ length: wanted.length }, (_, i) => indices[wanted[i]!]!),
        into,
      ),
  };
}

export interface Parts {
  /** rows of the data to train on, in rising order */
  readonly trained: Int32Array;
  readonly training: Examples;
  readonly reserve: Examples;
}

const all = (size: number) => Int32Array.from({ length: size }, (_, i) => i);

/** Everything for training, and a reserve from elsewhere. */
export const withoutHolding = (data: Examples, reserve: Examples = subset(data, new Int32Array(0))): Parts => ({
  trained: all(data.size),
  training: data,
  reserve,
});

/** A stratified share of the rows held back. @throws ConfigError when that leaves one side without rows */
export function holdBack(data: Examples, share: number, rng: Rng): Parts {
  const back = Math.round(share * data.size);
  if (back === 0 || back === data.size) {
    throw new ConfigError(
      `held: expected a share of ${data.size} rows that leaves rows on both sides, got ${share}. Give a reserve, or more rows.`,
      'held',
    );
  }
  const { y } = data.take(all(data.size));
  const sizes = { training: data.size - back, reserve: back };
  const parts = stratifiedSplit(y, data.classes, sizes, rng);
  const trained = parts.training.sort();
  return { trained, training: subset(data, trained), reserve: subset(data, parts.reserve.sort()) };
}

/** Rows drawn with replacement, as tensors of the current scope: x [n, ...inputShape], y [n]. */
export function drawn(
  engine: Engine,
  data: Examples,
  n: number,
  rng: Rng,
  { inputShape }: Model,
  dtype: DType,
): { readonly x: Tensor; readonly y: Tensor } {
  const { x, y } = data.take(Int32Array.from({ length: n }, () => rng.below(data.size)));
  return { x: engine.tensor(x, [n, ...inputShape], { dtype }), y: engine.tensor(y) };
}
