/** Membership inference: was this record in the training data? Adding an attack is a file and a line here. */
import type { MembershipAttack } from '../define-attack.ts';
import { confidence } from './confidence.ts';
import { entropy } from './entropy.ts';
import { gap } from './gap.ts';
import { loss } from './loss.ts';
import { mlLeaks } from './ml-leaks.ts';
import { mlLeaksUnsupervised } from './ml-leaks-unsupervised.ts';
import { modifiedEntropy } from './modified-entropy.ts';
import { shadowLogistic } from './shadow-logistic.ts';
import { shokriBoosted, shokriLogistic, shokriNetwork, shokriSvm } from './shokri/index.ts';

export {
  type AttackModelData,
  type AttackModelKind,
  type AttackModels,
  type AttackModelsData,
  askShadows,
  attackModelKinds,
  attackModels,
  classesWithFewRows,
  type FitAttackModels,
  fitAttackModel,
  fitAttackModels,
  foldsByShadow,
  type Outputs,
  type ShadowOutputs,
} from './shokri/index.ts';
export { bestThreshold } from './threshold.ts';

export const membershipAttacks = {
  loss,
  confidence,
  entropy,
  'modified-entropy': modifiedEntropy,
  gap,
  'shadow-logistic': shadowLogistic,
  'shokri-svm': shokriSvm,
  'shokri-network': shokriNetwork,
  'shokri-logistic': shokriLogistic,
  'shokri-boosted': shokriBoosted,
  'ml-leaks': mlLeaks,
  'ml-leaks-unsupervised': mlLeaksUnsupervised,
} as const;

export type MembershipAttackName = keyof typeof membershipAttacks;

/** The registry with each attack's own types erased, for code that runs over all of them. */
// biome-ignore lint/suspicious/noExplicitAny: an attack of any access and any options
export const allMembershipAttacks: readonly MembershipAttack<any, any>[] = Object.values(membershipAttacks);
