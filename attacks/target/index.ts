export { type FunctionTargetOptions, functionTarget } from './function.ts';
export { type LocalTargetOptions, localTarget } from './local.ts';
export { type LookupTargetOptions, lookupTarget, lookupViews } from './lookup.ts';
export { remembered } from './remembered.ts';
export { argmaxRows, derivedFromLogits, softmaxRows } from './softmax.ts';
export {
  type AccessLevel,
  accessLevels,
  type GradientTarget,
  type LabelTarget,
  type LogitTarget,
  type NoneTarget,
  type ProbabilityTarget,
  restrict,
  type Samples,
  type Target,
  type WhiteBoxTarget,
} from './target.ts';
