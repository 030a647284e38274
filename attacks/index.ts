/** Attacks on trained models. They know a target and rows of data, never a kernel. */
export * from './boundary/index.ts';
export { checkSplit, type SplitCheck } from './check-split.ts';
export {
  type Control,
  type ControlOptions,
  controlClassifier,
  controlClassifiers,
  type SplitWarning,
} from './control.ts';
export {
  type AttackNeeds,
  type AttackWarning,
  type Canary,
  defineMembershipAttack,
  type MembershipAttack,
  type MembershipKnowledge,
  type MembershipScores,
  type OptionDef,
  type OptionsOf,
  type QueryPlan,
  type ShadowModel,
  type ThreatModel,
  type Views,
  type WarningCode,
} from './define-attack.ts';
export {
  type AttackModelData,
  type AttackModelKind,
  type AttackModels,
  type AttackModelsData,
  allMembershipAttacks,
  askShadows,
  attackModelKinds,
  attackModelOptions,
  attackModels,
  bestThreshold,
  classesWithFewRows,
  type FitAttackModels,
  fitAttackModel,
  fitAttackModels,
  foldsByShadow,
  type LiraOptions,
  liraScores,
  type MembershipAttackName,
  membershipAttacks,
  type Observations,
  type Outputs as LabelledAnswers,
  repeatedFeatures,
  type ShadowOutputs,
  signalScores,
} from './membership/index.ts';
export * from './metrics/index.ts';
export { cannotRun, type Lack, type ShadowData, type Supply, shadowDataKinds, shadowDataOf, suited } from './needs.ts';
export {
  type Candidates,
  type MembershipResult,
  type MembershipRun,
  mixCandidates,
  parseOptions,
  runMembershipAttack,
} from './runner.ts';
export * as score from './score/index.ts';
export * from './target/index.ts';
export { type ImageViews, imageViews } from './views.ts';
