/** Adversarial examples: inputs changed within a budget so that a model errs. Adding an attack is a file beside these, and a line here. */
import { ConfigError } from '../../engine/index.ts';
import { boundary, hopskipjump, nes, simba, square, squareProbabilities, transfer } from './black-box/index.ts';
import type { EvasionAttack } from './define-evasion.ts';
import { autoattack } from './ensemble/index.ts';
import {
  apgdCe,
  apgdDlr,
  apgdDlrTargeted,
  bim,
  carliniWagner,
  deepfool,
  fab,
  fabTargeted,
  fgsm,
  fgsmRs,
  jsma,
  miFgsm,
  pgd,
} from './white-box/index.ts';

export { type Substitute, type SubstituteOptions, trainSubstitute } from './black-box/index.ts';
export { checkRun as checkEvasionRun } from './check-run.ts';
export * from './checks/index.ts';
export {
  defineEvasionAttack,
  type EvasionAttack,
  type EvasionCanary,
  type EvasionContext,
  type EvasionKnowledge,
  type EvasionTask,
  type OwnRows,
  type StepTrace,
} from './define-evasion.ts';
export { type AttackLoss, type LossName, losses } from './losses.ts';
export { distance, type Norm, norms, projectBall, type Row } from './norms.ts';
export {
  type CraftedRun,
  type EvasionResult,
  type EvasionRun,
  type EvasionTarget,
  type OptionsGiven,
  runEvasionAttack,
  type TargetGranting,
} from './runner.ts';
export {
  type Bounds,
  boundedSpace,
  checkInside,
  type InputSpace,
  largestDistance,
  type OneHotGroup,
  project,
  settle,
  spaceOf,
} from './space.ts';
export { asStored, storedInside } from './stored.ts';
export { averagedGradients, type InputTransform, transformed, withBudget } from './targets/index.ts';
export {
  allUniversalAttacks,
  defineUniversalAttack,
  perturbed,
  runUniversalAttack,
  type UniversalAttack,
  type UniversalAttackName,
  type UniversalCanary,
  type UniversalContext,
  type UniversalResult,
  type UniversalRun,
  universalAttackNamed,
  universalAttacks,
} from './universal/index.ts';
export { type Ascent, ascend } from './white-box/index.ts';

export const evasionAttacks = {
  fgsm,
  'fgsm-rs': fgsmRs,
  bim,
  pgd,
  'mi-fgsm': miFgsm,
  'apgd-ce': apgdCe,
  'apgd-dlr': apgdDlr,
  'apgd-dlr-targeted': apgdDlrTargeted,
  fab,
  'fab-targeted': fabTargeted,
  square,
  'square-probabilities': squareProbabilities,
  autoattack,
  deepfool,
  'carlini-wagner': carliniWagner,
  jsma,
  nes,
  simba,
  hopskipjump,
  boundary,
  transfer,
} as const;
export type EvasionAttackName = keyof typeof evasionAttacks;

/** Every attack, its own types erased. */
export const allEvasionAttacks = Object.values(evasionAttacks) as unknown as readonly EvasionAttack[];

/** @throws ConfigError with the names there are */
export function evasionAttackNamed(name: string): EvasionAttack {
  const found = allEvasionAttacks.find((attack) => attack.name === name);
  if (found) return found;
  const names = Object.keys(evasionAttacks);
  throw new ConfigError(`attack: expected one of ${names.join(', ')}, got '${name}'.`, 'attack', names);
}
