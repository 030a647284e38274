/** Membership inference: was this record in the training data? Adding an attack is a file and a line here. */
import type { MembershipAttack } from '../define-attack.ts';
import { boundaryDistance } from './boundary-distance.ts';
import { confidence } from './confidence.ts';
import { entropy } from './entropy.ts';
import { gap } from './gap.ts';
import { gradientNorm } from './gradient-norm.ts';
import { labelOnlyAugmentation } from './label-only-augmentation.ts';
import { loss } from './loss.ts';
import { modifiedEntropy } from './modified-entropy.ts';
import { nasr } from './nasr.ts';
import { repeatedQueries } from './repeated-queries.ts';
import { shadowLogistic } from './shadow-logistic.ts';
import { trajectory } from './trajectory.ts';

export { repeatedFeatures } from './repeated-queries.ts';
export { bestThreshold } from './threshold.ts';

export const membershipAttacks = {
  loss,
  confidence,
  entropy,
  'modified-entropy': modifiedEntropy,
  gap,
  'shadow-logistic': shadowLogistic,
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
