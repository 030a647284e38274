export {
  type BoostedTrees,
  type BoostedTreesData,
  type BoostedTreesOptions,
  boostedTrees,
  boostedTreesSteps,
  fitBoostedTrees,
} from './boosted-trees.ts';
export type { Tree } from './grow.ts';
