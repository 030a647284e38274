/** Attacks on trained models. They know a target and rows of data, never a kernel. */
export {
  type AttackNeeds,
  type Canary,
  defineMembershipAttack,
  type MembershipAttack,
  type MembershipKnowledge,
  type MembershipScores,
  type OptionDef,
  type QueryPlan,
  type ShadowModel,
  type ThreatModel,
  type Views,
} from './define-attack.ts';
export {
  allMembershipAttacks,
  bestThreshold,
  type LiraOptions,
  liraScores,
  type MembershipAttackName,
  membershipAttacks,
  type Observations,
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
export { type ImageViews, imageViews } from './views.ts';
