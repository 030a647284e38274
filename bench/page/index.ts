export { benchmarksPage, checkoutRoot, saveBenchmarks, saveNodes } from './files.ts';
export { type NodesResult, nodesSchema } from './nodes.ts';
export { benchmarkPage, type PageParts } from './page.ts';
export { pytorchRate } from './pytorch.ts';
export { targetRows } from './targets.ts';
