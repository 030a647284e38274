/** Attacks held against each other, row by row: what asks for less must not find what the stronger misses. */
import { accessLevels } from '../../target/index.ts';
import { anyOf, countOf, countOver, defineCheck, type Finding, onlyFirst, TOLERATED } from './define-check.ts';
import type { AttackEvidence, RobustnessEvidence } from './evidence.ts';

/**
 * In many steps: a single one is weaker than many questions on any model. An ensemble has both kinds in it: it belongs to neither side.
 */
const climbsGradients = ({ access, family }: AttackEvidence) =>
  accessLevels.indexOf(access) >= accessLevels.indexOf('gradients') &&
  !(family === 'single-step' || family === 'ensemble' || family === 'transfer');
const isBlackBox = ({ family }: AttackEvidence) => family === 'score-based' || family === 'decision-based';
const named = (runs: readonly AttackEvidence[]) => [...new Set(runs.map(({ attack }) => attack))].join(', ');

/** The epsilon at which the weaker side alone fools most, of those where both were run. */
function worst(
  { runs, epsilons, attacked }: RobustnessEvidence,
  weaker: (run: AttackEvidence) => boolean,
  stronger: (run: AttackEvidence) => boolean,
): Finding | null {
  const n = countOf(attacked);
  let most: { alone: number; epsilon: number; a: string; b: string; others: boolean } | null = null;
  for (const epsilon of epsilons) {
    const here = runs.filter((run) => run.epsilon === epsilon);
    const [a, b] = [here.filter(weaker), here.filter(stronger)];
    if (a.length === 0 || b.length === 0) continue;
    const of = (side: readonly AttackEvidence[]) =>
      anyOf(
        side.map(({ fooled }) => fooled),
        attacked.length,
      );
    const alone = onlyFirst(of(a), of(b));
    if (most === null || alone > most.alone)
      most = { alone, epsilon, a: named(a), b: named(b), others: named(b).includes(',') };
  }
  if (most === null || n === 0) return null;
  const { flag, grave, text } = countOver(most.alone, n, TOLERATED);
  return {
    flag,
    grave,
    evidence: `At epsilon ${+most.epsilon.toPrecision(4)}, ${most.a} fools ${text} that ${most.b} ${most.others ? 'do' : 'does'} not.`,
  };
}

export const singleStepWins = defineCheck({
  name: 'single-step-beats-iterative',
  question: 'Does one step find what many small steps miss?',
  source: 'Athalye, Carlini, Wagner 2018, Obfuscated Gradients, section 3.1; Carlini et al. 2019, section 5',
  remedy:
    'Give the iterative attack more steps, other step sizes and restarts; attack logits (margin, DLR) instead of the cross-entropy.',
  ofMasking: true,
  judge: (evidence) =>
    worst(
      evidence,
      ({ family }) => family === 'single-step',
      ({ family }) => family === 'iterative' || family === 'ensemble',
    ),
});

export const blackBoxWins = defineCheck({
  name: 'black-box-beats-white-box',
  question: 'Do attacks that only ask find what attacks that follow gradients miss?',
  source: 'Athalye, Carlini, Wagner 2018, section 3.1; Croce & Hein 2020, checks.py (Square)',
  remedy:
    'Do not report the white-box figure. Report the worst case over all attacks, and attack what hides the gradients: BPDA, other losses, more steps.',
  ofMasking: true,
  judge: (evidence) => worst(evidence, isBlackBox, climbsGradients),
});

export const transferWins = defineCheck({
  name: 'transfer-beats-white-box',
  question: 'Do adversarial rows made on another model fool this one where its own gradients do not?',
  source: 'Athalye, Carlini, Wagner 2018, section 3.1; Carlini et al. 2019, section 5',
  remedy:
    'The gradients of this model mislead. Attack it through a substitute or a smooth approximation (BPDA), and report the worst case.',
  ofMasking: true,
  judge: (evidence) => worst(evidence, ({ family }) => family === 'transfer', climbsGradients),
});

export const randomSearchWins = defineCheck({
  name: 'random-search',
  question: 'Does noise in the ball, as many draws as an attack has steps, find what gradients miss?',
  source: 'Athalye, Carlini, Wagner 2018, section 3.1; Carlini et al. 2019, section 5',
  remedy: 'Gradient attacks do worse than chance here: find out what hides the gradients before reporting any figure.',
  ofMasking: true,
  judge({ noise, runs, attacked }) {
    const n = countOf(attacked);
    if (n === 0) return null;
    let most: { readonly alone: number; readonly epsilon: number; readonly tries: number } | null = null;
    for (const { epsilon, fooled, tries } of noise) {
      const own = runs.filter((run) => run.epsilon === epsilon && climbsGradients(run));
      if (own.length === 0) continue;
      const alone = onlyFirst(
        fooled,
        anyOf(
          own.map((run) => run.fooled),
          attacked.length,
        ),
      );
      if (most === null || alone > most.alone) most = { alone, epsilon, tries };
    }
    if (most === null) return null;
    const { flag, grave, text } = countOver(most.alone, n, TOLERATED);
    const evidence = `At epsilon ${+most.epsilon.toPrecision(4)}, ${most.tries} random draws fool ${text} that attacks along gradients do not.`;
    return { flag, grave, evidence };
  },
});
