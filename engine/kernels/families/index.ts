/** Every kernel family, by name. A family that is not exported here does not exist. */
import type { KernelFamily } from '../family.ts';
import * as activations from './activations.ts';
import * as binary from './binary.ts';
import * as conv2d from './conv2d.ts';
import * as conv2dInputGrad from './conv2d-input-grad.ts';
import * as conv2dWeightGrad from './conv2d-weight-grad.ts';
import * as copy from './copy.ts';
import * as crossEntropy from './cross-entropy.ts';
import * as gemm from './gemm.ts';
import * as normalisation from './normalisation.ts';
import * as optimisers from './optimisers.ts';
import * as pooling from './pooling.ts';
import * as random from './random.ts';
import * as reductions from './reductions.ts';
import * as rows from './rows.ts';
import * as softmax from './softmax.ts';
import * as unary from './unary.ts';

export * from './activations.ts';
export * from './binary.ts';
export { conv2d } from './conv2d.ts';
export { conv2dInputGrad } from './conv2d-input-grad.ts';
export { conv2dWeightGrad } from './conv2d-weight-grad.ts';
export * from './copy.ts';
export * from './cross-entropy.ts';
export { gemm } from './gemm.ts';
export * from './normalisation.ts';
export * from './optimisers.ts';
export * from './pooling.ts';
export * from './random.ts';
export * from './reductions.ts';
export * from './rows.ts';
export * from './softmax.ts';
export * from './unary.ts';

const files: readonly object[] = [
  activations,
  binary,
  conv2d,
  conv2dInputGrad,
  conv2dWeightGrad,
  copy,
  crossEntropy,
  gemm,
  normalisation,
  optimisers,
  pooling,
  random,
  reductions,
  rows,
  softmax,
  unary,
];

// biome-ignore lint/suspicious/noExplicitAny: each family types its own arguments; the registry erases them
type AnyFamily = KernelFamily<any>;
const isFamily = (x: unknown): x is AnyFamily =>
  typeof x === 'object' && x !== null && 'reference' in x && 'problems' in x;

export const families: readonly AnyFamily[] = files.flatMap((file) => Object.values(file).filter(isFamily));
