/** Universal perturbations. Adding one is a file beside these, and a line here. */
import { ConfigError } from '../../../engine/index.ts';
import type { UniversalAttack } from './define-universal.ts';
import { universalDeepfool } from './universal-deepfool.ts';
import { universalSgd } from './universal-sgd.ts';

export {
  defineUniversalAttack,
  type UniversalAttack,
  type UniversalCanary,
  type UniversalContext,
} from './define-universal.ts';
export { perturbed } from './perturbation.ts';
export { runUniversalAttack, type UniversalResult, type UniversalRun } from './runner.ts';

export const universalAttacks = {
  'universal-deepfool': universalDeepfool,
  'universal-sgd': universalSgd,
} as const;
export type UniversalAttackName = keyof typeof universalAttacks;

/** Every attack, its own types erased. */
export const allUniversalAttacks = Object.values(universalAttacks) as unknown as readonly UniversalAttack[];

/** @throws ConfigError with the names there are */
export function universalAttackNamed(name: string): UniversalAttack {
  const found = allUniversalAttacks.find((attack) => attack.name === name);
  if (found) return found;
  const names = Object.keys(universalAttacks);
  throw new ConfigError(`attack: expected one of ${names.join(', ')}, got '${name}'.`, 'attack', names);
}
