/** Every kernel family, by name. A family that is not listed here does not exist. */
import type { KernelFamily } from '../family.ts';
import * as activations from './activations.ts';
import * as binary from './binary.ts';
import { conv2d } from './conv2d.ts';
import { conv2dInputGrad } from './conv2d-input-grad.ts';
import { conv2dWeightGrad } from './conv2d-weight-grad.ts';
import * as copy from './copy.ts';
import * as crossEntropy from './cross-entropy.ts';
import { gemm } from './gemm.ts';
import * as normalisation from './normalisation.ts';
import * as optimisers from './optimisers.ts';
import * as pooling from './pooling.ts';
import * as random from './random.ts';
import * as reductions from './reductions.ts';
import * as rows from './rows.ts';
import * as softmax from './softmax.ts';
import * as unary from './unary.ts';

// These files export families and nothing else.
const groups = [
  activations,
  binary,
  copy,
  crossEntropy,
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

export const families: readonly AnyFamily[] = [
  conv2d,
  conv2dInputGrad,
  conv2dWeightGrad,
  gemm,
  ...groups.flatMap((group): AnyFamily[] => Object.values(group)),
];
