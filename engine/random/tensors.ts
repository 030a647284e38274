/** Random tensors: filled by the Philox kernels, the same numbers on every backend, machine and number of threads. */
import type { Engine } from '../engine.ts';
import * as k from '../kernels/families/index.ts';
import { launch } from '../kernels/launch.ts';
import type { DType } from '../memory/index.ts';
import type { Shape, Tensor } from '../tensor/index.ts';
import type { Rng } from './rng.ts';

export interface RandomOptions {
  readonly dtype?: DType;
}

/** Uniform in [low, high), 24 random bits each. */
export function randomUniform(
  engine: Engine,
  rng: Rng,
  shape: Shape,
  options: RandomOptions & { low?: number; high?: number } = {},
): Tensor {
  const out = engine.alloc(shape, options.dtype ?? 'f32', 'randomUniform');
  launch(k.uniform, out, out.size, options.low ?? 0, options.high ?? 1, ...rng.take(out.size));
  return out;
}

/** Normal with the given mean and standard deviation, by Box and Muller (1958). */
export function randomNormal(
  engine: Engine,
  rng: Rng,
  shape: Shape,
  options: RandomOptions & { mean?: number; std?: number } = {},
): Tensor {
  const out = engine.alloc(shape, options.dtype ?? 'f32', 'randomNormal');
  launch(k.normal, out, out.size, options.mean ?? 0, options.std ?? 1, ...rng.take(out.size));
  return out;
}

/** 1/keep with probability keep, else 0: what dropout multiplies by. */
export function dropoutMask(engine: Engine, rng: Rng, shape: Shape, keep: number, options: RandomOptions = {}): Tensor {
  const out = engine.alloc(shape, options.dtype ?? 'f32', 'dropoutMask');
  launch(k.dropoutMask, out, out.size, keep, ...rng.take(out.size));
  return out;
}

/** 0 .. n-1 in random order, i32. */
export function randomPermutation(engine: Engine, rng: Rng, n: number): Tensor {
  const out = engine.alloc([n], 'i32', 'randomPermutation');
  launch(k.permutation, out, n, ...rng.fork().take(0));
  return out;
}
