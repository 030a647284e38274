/** Membership inference: was this record in the training data? Adding an attack is a file and a line here. */
import type { MembershipAttack } from '../define-attack.ts';
import { attackP } from './attack-p.ts';
import { attackR } from './attack-r.ts';
import { boundaryDistance } from './boundary-distance.ts';
import { calibratedLossAttack } from './calibrated-loss.ts';
import { confidence } from './confidence.ts';
import { entropy } from './entropy.ts';
import { gap } from './gap.ts';
import { gradientNorm } from './gradient-norm.ts';
import { labelOnlyAugmentation } from './label-only-augmentation.ts';
import { liraOffline } from './lira-offline.ts';
import { liraOnline } from './lira-online.ts';
import { loss } from './loss.ts';
import { mlLeaks } from './ml-leaks.ts';
import { mlLeaksUnsupervised } from './ml-leaks-unsupervised.ts';
import { modifiedEntropy } from './modified-entropy.ts';
import { nasr } from './nasr.ts';
import { quantileRegression } from './quantile-regression.ts';
import { repeatedQueries } from './repeated-queries.ts';
import { rmiaOffline } from './rmia-offline.ts';
import { rmiaOnline } from './rmia-online.ts';
import { shadowLogistic } from './shadow-logistic.ts';
import { shokriBoosted, shokriLogistic, shokriNetwork, shokriSvm } from './shokri/index.ts';
import { trajectory } from './trajectory.ts';

export { type LiraOptions, liraScores } from './lira.ts';
export type { Observations } from './references.ts';
export { repeatedFeatures } from './repeated-queries.ts';
export {
  type AttackModelData,
  type AttackModelKind,
  type AttackModels,
  type AttackModelsData,
  askShadows,
  attackModelKinds,
  attackModelOptions,
  attackModels,
  classesWithFewRows,
  type FitAttackModels,
  fitAttackModel,
  fitAttackModels,
  foldsByShadow,
  type Outputs,
  type ShadowOutputs,
} from './shokri/index.ts';
export { signalScores } from './signal-attack.ts';
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
  'lira-online': liraOnline,
  'lira-offline': liraOffline,
  'rmia-online': rmiaOnline,
  'rmia-offline': rmiaOffline,
  'attack-r': attackR,
  'attack-p': attackP,
  'calibrated-loss': calibratedLossAttack,
  'quantile-regression': quantileRegression,
  'label-only-augmentation': labelOnlyAugmentation,
  'boundary-distance': boundaryDistance,
  'gradient-norm': gradientNorm,
  nasr,
  trajectory,
  'repeated-queries': repeatedQueries,
} as const;

export type MembershipAttackName = keyof typeof membershipAttacks;

/** The registry with each attack's own types erased, for code that runs over all of them. */
// biome-ignore lint/suspicious/noExplicitAny: an attack of any access and any options
export const allMembershipAttacks: readonly MembershipAttack<any, any>[] = Object.values(membershipAttacks);
