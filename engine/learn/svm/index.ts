export { type ChooseSvmOptions, chooseSvm, chooseSvmAsync, chooseSvmSlices, type SvmChoice } from './choose.ts';
export { fitSvm, fitSvmAsync, fitSvmSlices } from './fit.ts';
export { loadSvmKernels, type SvmKernels } from './kernels.ts';
export { loadSvm, type SvmModel, type SvmState } from './model.ts';
export type { AsyncOptions, SvmKernel, SvmOptions, SvmProgress } from './options.ts';
