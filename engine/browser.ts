/**
 * `keyhole/browser/engine`: the engine without its training loop and the named models, for pages; `keyhole/browser/train` has all.
 *
 *     import { createEngine, ops } from './keyhole/engine.js';
 */
export { createEngine, Engine, type EngineOptions } from './engine.ts';
export * from './errors.ts';
export { type GradOptions, grad, leaf, valueAndGrad } from './grad/index.ts';
export { type Build, hasRelaxedSimd } from './kernels/index.ts';
export type { DType, MemoryStats } from './memory/index.ts';
export type { Layer, Model } from './nn/index.ts';
export * as nn from './nn/index.ts';
export * as ops from './ops/index.ts';
export * as optim from './optim/index.ts';
export { dropoutMask, Rng, randomNormal, randomPermutation, randomUniform } from './random/index.ts';
export type { Shape, Tree, TreeMap, TypedArray } from './tensor/index.ts';
export { countParameters, mapTree, namedTensors, sizeOf, Tensor, tensorsOf } from './tensor/index.ts';
export type { ThreadStatus } from './threads/index.ts';
