/** Distances to a decision boundary from labels alone: for membership, and for adversarial examples. */
export { askInParts, askLabels, type LabelQuestions, type Questions } from './ask.ts';
export { type AcrossQuestions, bisect, bisections, crosses, distanceTo } from './bisect.ts';
export { type BoundaryOptions, hopSkipJump } from './hop-skip-jump.ts';
export { type NoiseOptions, noiseDistances } from './noise.ts';
export { boundaryWalk, type Walk, type WalkOptions } from './walk.ts';
