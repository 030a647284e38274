/** Which attacks an evaluation runs: those that were named, or the usual ones for what the target grants. */

import {
  allEvasionAttacks,
  type EvasionAttack,
  type EvasionKnowledge,
  type EvasionTarget,
  evasionAttackNamed,
  type Norm,
} from '../../attacks/evasion/index.ts';
import { type AccessLevel, accessLevels, restrict, type Target } from '../../attacks/index.ts';
import { ConfigError } from '../../engine/index.ts';

export interface AttackChoice {
  readonly name: string;
  /** the rest take their defaults */
  readonly options?: Readonly<Record<string, number>>;
}

/** What is run where nothing is named, of what there is: weak ones too, for the checks to compare. */
const USUAL: readonly AttackChoice[] = [
  { name: 'fgsm' },
  { name: 'pgd', options: { restarts: 3 } },
  { name: 'autoattack' },
  { name: 'square' },
];
/** for targets that give less than logits: the first that works */
const USUAL_OF_ANSWERS: readonly AttackChoice[] = [
  { name: 'square' },
  { name: 'square-probabilities' },
  { name: 'hopskipjump' },
];

export interface ChosenAttack {
  readonly attack: EvasionAttack;
  readonly options: Readonly<Record<string, number>>;
}

interface Situation {
  readonly access: AccessLevel;
  readonly norm: Norm;
  readonly targeted: boolean;
  readonly known: EvasionKnowledge;
  /** crafted on another model than the one that judges: what stops at that one's boundary fools no other */
  readonly handedOver?: boolean;
}

/** The most that a target grants. */
export function accessOfTarget(target: EvasionTarget): AccessLevel {
  const granted = accessLevels.filter((level) => {
    try {
      restrict(target as Target<'white-box'>, level as 'white-box');
      return true;
    } catch (error) {
      if (error instanceof ConfigError) return false;
      throw error;
    }
  });
  return granted.at(-1) ?? 'none';
}

const grants = (access: AccessLevel, needed: AccessLevel) =>
  accessLevels.indexOf(needed) <= accessLevels.indexOf(access);

function fits(attack: EvasionAttack, { access, norm, targeted, known }: Situation): boolean {
  return (
    grants(access, attack.threat.access) &&
    attack.norms.includes(norm) &&
    (!targeted || attack.targeted) &&
    has(attack, known, targeted)
  );
}

/** Whether the attacker has what the attack cannot do without. */
function has(attack: EvasionAttack, known: EvasionKnowledge, targeted: boolean): boolean {
  try {
    attack.check?.({ known, targets: targeted ? new Int32Array(0) : null });
    return true;
  } catch (error) {
    if (error instanceof ConfigError) return false;
    throw error;
  }
}

/**
 * @param named default: fgsm, pgd with restarts, autoattack and square, or what asks for labels only
 * @throws ConfigError for names that there are not, and attacks that need more than the target grants, naming those that work
 */
export function chosenAttacks(
  named: readonly AttackChoice[] | undefined,
  situation: Situation,
): readonly ChosenAttack[] {
  const working = allEvasionAttacks.filter((attack) => fits(attack, situation)).map(({ name }) => name);
  const remedy =
    working.length > 0 ? `Attacks that work here: ${working.join(', ')}.` : 'No attack that there is works here.';
  if (named) {
    if (named.length === 0)
      throw new ConfigError(`attacks: expected at least one, got none. ${remedy}`, 'attacks', working);
    return named.map(({ name, options = {} }) => {
      const attack = evasionAttackNamed(name);
      const { access } = attack.threat;
      if (!grants(situation.access, access))
        throw new ConfigError(
          `${name}: expected a target with access '${access}', got one with '${situation.access}'. ${remedy}`,
          'attacks',
          working,
        );
      return { attack, options };
    });
  }
  const possible = (all: readonly AttackChoice[]) => all.filter(({ name }) => working.includes(name));
  const chosen = grants(situation.access, 'gradients') ? possible(USUAL) : possible(USUAL_OF_ANSWERS).slice(0, 1);
  const taken = chosen.length > 0 ? chosen : working.slice(0, 1).map((name): AttackChoice => ({ name }));
  if (taken.length === 0)
    throw new ConfigError(
      `attacks: expected one that needs no more than '${situation.access}' and works in ${situation.norm}, there is none.`,
      'attacks',
    );
  return taken.map(({ name, options = {} }) => {
    const attack = evasionAttackNamed(name);
    return { attack, options: { ...(situation.handedOver && goingOn(attack)), ...options } };
  });
}

/** Climbs on where the model is fooled, of attacks that can. */
export const goingOn = ({ options }: EvasionAttack): Readonly<Record<string, number>> =>
  Object.hasOwn(options, 'full') ? { full: 1 } : {};
