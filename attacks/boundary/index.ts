/** Distances to a decision boundary from labels alone: for membership, and for adversarial examples. */
export { askLabels, type LabelQuestions } from './ask.ts';
export { type NoiseOptions, noiseDistances } from './noise.ts';
export { boundaryWalk, type Walk, type WalkOptions } from './walk.ts';
