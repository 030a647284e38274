/** All checks of an evaluation, and what they say together. */
import { answersAtRandom, gradientsVanish, probabilitiesForLogits, survivesRounding } from './answers.ts';
import { converges, lossRises, monotone, reachesZero } from './climbing.ts';
import type { Finding, RobustnessCheck } from './define-check.ts';
import type { RobustnessEvidence } from './evidence.ts';
import { blackBoxWins, randomSearchWins, singleStepWins, transferWins } from './strength.ts';

/** Adding a check is a function like these, and a line here. */
export const robustnessChecks: readonly RobustnessCheck[] = [
  singleStepWins,
  blackBoxWins,
  transferWins,
  randomSearchWins,
  reachesZero,
  gradientsVanish,
  answersAtRandom,
  probabilitiesForLogits,
  lossRises,
  converges,
  monotone,
  survivesRounding,
];

export const maskingLevels = ['likely', 'possible', 'none seen'] as const;
export type Masking = (typeof maskingLevels)[number];

export interface JudgedCheck {
  readonly check: RobustnessCheck;
  /** null: it could not be asked */
  readonly finding: Finding | null;
}

export interface Judgement {
  readonly checks: readonly JudgedCheck[];
  /**
   * whether the model seems to hide its gradients instead of being robust. likely: one grave flag, or two of any kind; possible: one;
   * 'none seen' is no proof, and null means that nothing could be asked
   */
  readonly masking: Masking | null;
  /** names of the flags that led to it */
  readonly because: readonly string[];
}

export function judgeRobustness(evidence: RobustnessEvidence): Judgement {
  const checks = robustnessChecks.map((check) => ({ check, finding: check.judge(evidence) }));
  const asked = checks.filter(({ check, finding }) => check.ofMasking && finding !== null);
  const flagged = asked.filter(({ finding }) => finding!.flag);
  const grave = flagged.some(({ finding }) => finding!.grave);
  const masking = grave || flagged.length > 1 ? 'likely' : flagged.length === 1 ? 'possible' : 'none seen';
  return {
    checks,
    masking: asked.length === 0 ? null : masking,
    because: flagged.map(({ check }) => check.name),
  };
}
