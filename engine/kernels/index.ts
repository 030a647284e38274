import * as all from './families/index.ts';
import type { KernelFamily } from './family.ts';

export type { Cut, KernelArg, KernelFamily } from './family.ts';
export type { Build, KernelModule, KernelSource } from './load.ts';
export { hasRelaxedSimd, loadKernels, MAX_PAGES, PAGE_BYTES } from './load.ts';
export { partsOf } from './parts.ts';

// biome-ignore lint/suspicious/noExplicitAny: each family types its own arguments; the list erases them
export const families: readonly KernelFamily<any>[] = Object.values(all);
