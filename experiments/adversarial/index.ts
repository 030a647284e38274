/** Experiments on adversarial examples: models trained against them, and what attacks leave of them. */
export { squeezersSchema, squeezingDetection } from './detection.ts';
export { evadingSqueezers, squeezedMean } from './evading.ts';
export { type AttackSettings, attackSchema, robustnessEvaluation, trainedModel } from './evaluation.ts';
export { robustModel } from './model.ts';
export { checkRows, type RowSettings, rowsSchema, type TrainTest, trainTest } from './rows.ts';
