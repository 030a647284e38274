/** Every kernel family, by name. A family that is not listed here does not exist. */
import type { KernelFamily } from '../family.ts';
import { gemm } from './gemm.ts';
import { relu } from './relu.ts';

// biome-ignore lint/suspicious/noExplicitAny: each family types its own arguments; the registry erases them
export const families: readonly KernelFamily<any>[] = [gemm, relu];
