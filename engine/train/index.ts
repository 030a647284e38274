export type { CheckpointStore } from './checkpoint.ts';
export { Classifier, type ClassifierOptions } from './classifier.ts';
export { type EvaluateOptions, type Evaluation, evaluate } from './evaluate.ts';
export { type Examples, examplesOf, type Rows } from './examples.ts';
export {
  type Batch,
  type EarlyStopping,
  type EpochRecord,
  type FitOptions,
  type FitResult,
  fit,
  type Progress,
  type StepContext,
} from './fit.ts';
export { Pacer } from './pacer.ts';
export { readSafeTensors, type SafeTensor, type SafeTensorsFile, writeSafeTensors } from './safetensors.ts';
