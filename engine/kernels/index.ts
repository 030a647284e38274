export { families } from './families/index.ts';
export type { BufferSpec, KernelArg, KernelFamily, Problem } from './family.ts';
export {
  type Build,
  hasRelaxedSimd,
  type KernelModule,
  type KernelSource,
  loadKernels,
  MAX_PAGES,
  PAGE_BYTES,
} from './load.ts';
