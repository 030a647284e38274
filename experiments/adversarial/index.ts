/** Experiments on adversarial examples: models trained against them, and what attacks leave of them. */

export {
  attackCertificates,
  type CheckedRow,
  certificateCheck,
  type Found as CheckFound,
  type SearchSettings,
  searchSchema,
} from './certificate-check.ts';
export {
  CERTIFICATES_FILE,
  certificates,
  readCertificates,
  type SmoothingSettings,
  smoothingSchema,
} from './certificates.ts';
export { squeezersSchema, squeezingDetection } from './detection.ts';
export { evadingSqueezers, squeezedMean } from './evading.ts';
export { type AttackSettings, attackSchema, robustnessEvaluation, trainedModel } from './evaluation.ts';
export { robustModel } from './model.ts';
export { checkRows, type RowSettings, rowsSchema, type TrainTest, trainTest } from './rows.ts';
export {
  PERTURBATION_FILE,
  type UniversalAttackSettings,
  universalAttackSchema,
  universalPerturbation,
} from './universal.ts';
export { universalTransfer } from './universal-transfer.ts';
export { climbWithin, type WithinOptions } from './within.ts';
