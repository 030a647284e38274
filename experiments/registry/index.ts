/** The experiments by name. A new one is a file and a line; the command line, its help and the docs follow. */
import type { Experiment } from '../runner/index.ts';
import { adversarialTraining } from './adversarial-training.ts';
import { defences } from './defences.ts';
import { distillation } from './distillation.ts';
import { lira } from './lira.ts';
import { overfitting } from './overfitting.ts';
import { privacyUtility } from './privacy-utility.ts';
import { privateTraining } from './private-training.ts';
import { shokri } from './shokri/index.ts';
import { smoothing } from './smoothing.ts';
import { universal } from './universal.ts';

export const experiments: Readonly<Record<string, Experiment>> = {
  'adversarial-training': adversarialTraining,
  defences,
  distillation,
  lira,
  overfitting,
  'private-training': privateTraining,
  'privacy-utility': privacyUtility,
  shokri,
  smoothing,
  universal,
};
