/** The statistics of membership inference: ROC, AUC, TPR at low FPR, threshold metrics, each with an interval. */

export { normalQuantile } from '../../privacy/maths/index.ts';
export { type BootstrapDraws, bootstrap, defaultResamples, percentileInterval } from './bootstrap.ts';
export { type DeLongDifference, deLong, deLongDifference, deLongVariance } from './delong.ts';
export { clopperPearson, DEFAULT_CONFIDENCE, type Estimate, type IntervalMethod, intervalMethods } from './estimate.ts';
export { type ScoreHistogram, scoreHistogram } from './histogram.ts';
export { type PairedDifference, type PairedOptions, pairedDifference, pairedSlices } from './paired.ts';
export {
  type ClassCounts,
  type ClassMetrics,
  type LabelledScores,
  type Medians,
  median,
  medianOverClasses,
  medianSlices,
  type PerClass,
  perClass,
} from './per-class.ts';
export { type Ranking, rank, type Scores } from './ranking.ts';
export { fitRisk, mostExposed, type RiskModel, type RiskOptions } from './risk.ts';
export type { MetricRng } from './rng.ts';
export {
  auc,
  isResolved,
  MIN_FALSE_POSITIVES,
  nonMembersNeeded,
  type RocCurve,
  rocCurve,
  thinRoc,
  tprAt,
} from './roc.ts';
export {
  aboveAfter,
  type Groups,
  quartileGroups,
  type Slice,
  type SliceOptions,
  type SliceTable,
  sliceBy,
  sliceBySlices,
} from './slices.ts';
export { meanOverTargets, overTargets, type SpreadOptions, type TargetSpread } from './spread.ts';
export {
  DEFAULT_FPRS,
  type MembershipSummary,
  type MetricWarning,
  type SummariseOptions,
  summarise,
  summariseSlices,
} from './summarise.ts';
export { type Confusion, confusionAt, type ThresholdMetrics, thresholdMetrics } from './threshold.ts';
