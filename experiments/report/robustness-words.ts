/** What an evaluation of robustness says, in sentences: for the report and for the terminal. */
import type { RobustnessFlag, RobustnessRecord } from '../robustness/index.ts';
import { integer, intervalText, percent, valueText } from './format.ts';

export const NORMS: Readonly<Record<RobustnessRecord['norm'], string>> = { linf: 'L∞', l2: 'L2', l1: 'L1', l0: 'L0' };

/** 0.0313725 as 0.03137 (8/255): budgets of images are whole steps of 255. */
export function epsilonText(epsilon: number): string {
  const steps = 255 * epsilon;
  const text = String(+epsilon.toPrecision(4));
  const whole = Math.round(steps);
  return whole >= 1 && whole < 64 && Math.abs(steps - whole) < 1e-6 && text.length > 4 ? `${whole}/255` : text;
}

export const VERDICTS = {
  likely: { tone: 'strong', sign: '▲', kicker: 'Gradient masking likely' },
  possible: { tone: 'hint', sign: '◆', kicker: 'Gradient masking possible' },
  fooled: { tone: 'visible', sign: '▲', kicker: 'Easily fooled; no sign of gradient masking' },
  'none seen': { tone: 'none', sign: '●', kicker: 'No sign of gradient masking' },
  unknown: { tone: 'hint', sign: '◆', kicker: 'Not checked' },
} as const;

const ATTACKERS: Readonly<Record<NonNullable<RobustnessRecord['defence']>['attacker'], string>> = {
  adaptive: 'The attacker knows it, and works on the model and the defence together.',
  unaware:
    'The attacker does not know it: what fools the model alone is handed over. One that knows it may find far more.',
  answers: 'The attacker asks the defended model, and has no gradients through the defence.',
};

/** What stands before the model and who attacks it; null where nothing does. */
export function defenceWords({
  defence,
}: RobustnessRecord): { readonly before: string; readonly attacker: string } | null {
  if (!defence) return null;
  const { name, options, attacker } = defence;
  const given = Object.entries(options).map(([option, value]) => `${option} ${value}`);
  return { before: given.length > 0 ? `${name} (${given.join(', ')})` : name, attacker: ATTACKERS[attacker] };
}

export interface Goal {
  /** what robust rows do */
  readonly stays: string;
  /** how a row is robust */
  readonly robust: string;
  /** how it is not robust without any attack */
  readonly lost: string;
  /** the class, where one is wanted */
  readonly wanted: string | null;
  /** rows that are robust without an attack, of all */
  readonly start: number;
}

/** What the attacker wants, in the words of everything that is said about it. */
export function goalOf({ wanted, clean, worst, dataset }: RobustnessRecord): Goal {
  if (wanted === null)
    return {
      stays: 'stay right',
      robust: 'right before the attack and after it',
      lost: 'are wrong without an attack',
      wanted: null,
      start: clean.value ?? 0,
    };
  const name = wanted === 'next' ? 'the class after their own' : `class ${wanted}`;
  const one = wanted === 'next' ? 'the class after its own' : name;
  return {
    stays: `do not become ${name}`,
    robust: `not read as ${one} before the attack, nor after it`,
    lost: `are read as ${name} without an attack`,
    wanted: name,
    start: worst[0]!.success.n / dataset.rows,
  };
}

export interface RobustnessWords {
  readonly verdict: (typeof VERDICTS)[keyof typeof VERDICTS];
  readonly headline: string;
  readonly reasons: readonly string[];
}

export function robustnessWords(record: RobustnessRecord): RobustnessWords {
  const { masking, worst, clean, norm, flags } = record;
  const last = worst.at(-1)!;
  const at = `${NORMS[norm]} perturbations of ${epsilonText(last.epsilon)}`;
  const stays = valueText(last.robust, 'percent');
  const goal = goalOf(record);
  const flagged = flags.filter(({ flag, name }) => flag && record.because.includes(name));
  const easily = masking === 'none seen' && last.robust.high < goal.start / 2;
  const verdict = VERDICTS[easily ? 'fooled' : (masking ?? 'unknown')];
  const headline =
    masking === 'likely'
      ? `The ${stays} that ${goal.stays} under ${at} are no measure of robustness.`
      : `${stays} of the rows ${goal.stays} under ${at}.`;
  const before = `Without an attack ${valueText(clean, 'percent')} are right ${intervalText(clean, 'percent')}`;
  const under = `under ${attacksText(record)} ${stays} ${intervalText(last.robust, 'percent')}`;
  const figures =
    goal.wanted === null
      ? `${before}; ${under}.`
      : `${before}, and ${percent(1 - goal.start)} are read as ${goal.wanted}; ${under} ${goal.stays}, right or wrong.`;
  const asked = flags.filter(({ flag, ofMasking = true }) => ofMasking && flag !== null).length;
  const others = flags.filter(({ flag, ofMasking = true }) => flag && !ofMasking).map(questionText);
  const because = {
    likely: `The model, or the attack, hides from gradients: ${flagged.map(questionText).join(' ')} An attack that does not follow them may well find more.`,
    possible: `One check of the evaluation was flagged: ${flagged.map(questionText).join(' ')} Look into it before the figure is used.`,
    'none seen': `None of the ${integer(asked)} checks for gradient masking that could be asked found any. That is no proof of robustness: a stronger attack, or one made for this model, may find more.`,
    unknown: 'No check of the evaluation could be asked.',
  }[masking ?? 'unknown'];
  const words = defenceWords(record);
  const behind = words ? [`Before the model stands ${words.before}. ${words.attacker}`] : [];
  const besides = others.length > 0 ? [`Flagged for another reason: ${others.join(' ')}`] : [];
  return { verdict, headline, reasons: [figures, ...behind, because, ...besides] };
}

const attacksText = ({ attacks }: RobustnessRecord) =>
  attacks.length === 1 ? attacks[0]!.title : `the worst of ${integer(attacks.length)} attacks, row by row,`;

const questionText = ({ question, evidence }: RobustnessFlag) => `${question} ${evidence ?? ''}`.trim();

/** yes, no, or not asked, as the table of checks has it. */
export const answerOf = ({ flag }: RobustnessFlag) =>
  flag === null
    ? ({ sign: '–', word: 'not asked' } as const)
    : flag
      ? ({ sign: '▲', word: 'flagged' } as const)
      : ({ sign: '●', word: 'fine' } as const);

/** Flags first, then what was found fine, then what could not be asked. */
export const inOrder = (flags: readonly RobustnessFlag[]): RobustnessFlag[] => {
  const rank = ({ flag }: RobustnessFlag) => (flag ? 0 : flag === null ? 2 : 1);
  return [...flags].sort((a, b) => rank(a) - rank(b));
};

export interface Step {
  readonly title: string;
  readonly text: string;
}

/** What to do next, the most pressing first. */
export function robustnessAdvice(record: RobustnessRecord): Step[] {
  const { flags, masking, attacks, worst, controls } = record;
  const flagged = inOrder(flags).filter(({ flag }) => flag);
  const low = worst.at(-1)!.robust.value ?? 0;
  const steps: Step[] = flagged.map(({ question, remedy }) => ({ title: question, text: remedy }));
  if (!attacks.some(({ family }) => family === 'score-based' || family === 'decision-based' || family === 'ensemble'))
    steps.push({
      title: 'Ask without gradients too',
      text: 'No attack here only asks. One that does (keyhole list evasion) shows what gradients may have missed.',
    });
  if (!controls.convergence && masking !== null)
    steps.push({
      title: 'Run the controls',
      text: 'Whether more steps and more starts find more was not asked. Without gradients, or with --no-controls, it cannot be.',
    });
  if (low < 0.5)
    steps.push({
      title: 'Train against such inputs',
      text: 'Adversarial training (projected gradient descent, or one step from a random start) is what holds up; randomised smoothing gives a certificate. Measure again afterwards.',
    });
  if (record.defence?.attacker !== 'adaptive')
    steps.push({
      title: 'Attack the defence, not the model alone',
      text: record.defence
        ? 'Run the same evaluation with --attacker adaptive: only what an attacker leaves who knows the defence counts.'
        : 'If anything stands before or behind the model (filters, detectors, randomness), evaluate both together with an attack that knows of it (EOT, BPDA).',
    });
  return steps;
}
