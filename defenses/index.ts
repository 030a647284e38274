/** Defences: what makes a model, or its answers, give away less. They know targets and rows of data, never a kernel. */
export {
  type AnyTarget,
  type DefenseDef,
  defineDefense,
  type OutputDefense,
  type RobustCanary,
  type Stage,
  stages,
  type TrainingRecipe,
  type Wrap,
} from './define-defense.ts';
export {
  type Certificate,
  type CertifyOptions,
  type CopyNoise,
  certifiedAccuracy,
  certifiedRadius,
  certify,
  jpegLosses,
  medianOf,
  type Prediction,
  predict,
  reducedDepth,
  type SmoothedOptions,
  type SmoothedTarget,
  type Squeezer,
  type SqueezingDetector,
  smoothed,
  smoothedGradients,
  squeezingDetector,
  squeezingDistance,
} from './inference/index.ts';
export { defended } from './outputs.ts';
export { allDefenses, type DefenseName, defenses } from './registry.ts';
export {
  type DefencePlan,
  type Defended,
  type DefendedTraining,
  defenseNamed,
  type InputBounds,
  isUnderFitted,
  type Marks,
  outputDefence,
  planDefence,
  trainDefended,
} from './train.ts';
