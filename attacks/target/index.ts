export { type Answer, AnswerError, type OutputKind, type Outputs, outputKinds, outputsOf } from './answers.ts';
export { accessOf, type OracleTargetOptions, oracleTarget } from './asked.ts';
export { type AveragedOptions, averaged } from './averaged.ts';
export { type FunctionTargetOptions, functionTarget } from './function.ts';
export { EndpointError, type HttpOptions, httpOracle, publicAddress, waitingTime } from './http.ts';
export { type Ledger, openLedger, type QueryLedger } from './ledger.ts';
export { type LocalTargetOptions, localTarget } from './local.ts';
export { type LookupTargetOptions, lookupTarget, lookupViews } from './lookup.ts';
export { layouts, type OnnxOptions, type OnnxRuntime, type OnnxSession, onnxOracle } from './onnx.ts';
export { type FunctionOracleOptions, functionOracle, type Oracle, oracleKinds, type Predict } from './oracle.ts';
export {
  type AnswerStore,
  type Asked,
  type AskOptions,
  answersDiffer,
  askAll,
  type StoredAnswer,
} from './questions.ts';
export { remembered } from './remembered.ts';
export { argmaxRows, derivedFromLogits, softmaxRows } from './softmax.ts';
export {
  type AccessLevel,
  accessLevels,
  GRADIENT_ROWS,
  type GradientNorms,
  type GradientTarget,
  type LabelTarget,
  type LogitTarget,
  type MapBack,
  type NoneTarget,
  type ProbabilityTarget,
  restrict,
  type Samples,
  type Target,
  type WhiteBoxTarget,
} from './target.ts';
