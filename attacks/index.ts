/** Attacks on trained models. They know a target and rows of data, never a kernel. */
export { checkSplit, type SplitCheck } from './check-split.ts';
export { type Control, type ControlOptions, controlClassifier, type SplitWarning } from './control.ts';
export {
  type AttackNeeds,
  type Canary,
  defineMembershipAttack,
  type MembershipAttack,
  type MembershipKnowledge,
  type MembershipScores,
  type OptionDef,
  type ShadowModel,
  type ThreatModel,
  type Views,
} from './define-attack.ts';
export {
  allMembershipAttacks,
  bestThreshold,
  type MembershipAttackName,
  membershipAttacks,
} from './membership/index.ts';
export * from './metrics/index.ts';
export {
  type AttackWarning,
  type Candidates,
  cannotRun,
  type MembershipResult,
  type MembershipRun,
  mixCandidates,
  parseOptions,
  runMembershipAttack,
  type WarningCode,
} from './runner.ts';
export * as score from './score/index.ts';
export * from './target/index.ts';
