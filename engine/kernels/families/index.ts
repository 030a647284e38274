/** Every kernel family, by name. A family that is not listed here does not exist. */
import type { KernelFamily } from '../family.ts';
import { conv2d } from './conv2d.ts';
import { conv2dInputGrad } from './conv2d-input-grad.ts';
import { conv2dWeightGrad } from './conv2d-weight-grad.ts';
import { gemm } from './gemm.ts';
import { relu } from './relu.ts';

// biome-ignore lint/suspicious/noExplicitAny: each family types its own arguments; the registry erases them
export const families: readonly KernelFamily<any>[] = [conv2d, conv2dInputGrad, conv2dWeightGrad, gemm, relu];
