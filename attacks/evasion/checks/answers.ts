/** What the target itself shows when it is asked: gradients at clean rows, answers that change, scores that are no logits; and rows that do not survive storing. */
import { anyOf, countOf, countOver, defineCheck, onlyFirst } from './define-check.ts';

/** e^-46: a cross-entropy gradient as small as that is on its way out of the range of f32, whatever multiplies it */
export const VANISHING = 1e-20;
const FEW = 0.01;

export const gradientsVanish = defineCheck({
  name: 'vanishing-gradients',
  question: 'Has the model gradients to follow, at the rows themselves?',
  source: 'Carlini & Wagner 2017, section IV (defensive distillation); Croce & Hein 2020, checks.py (zero gradients)',
  remedy:
    'Attack a loss of the logits that does not saturate (margin, DLR, Carlini-Wagner); for steps and rounding in the model use BPDA.',
  ofMasking: true,
  judge({ gradients }) {
    if (!gradients || gradients.norms.length === 0) return null;
    const { norms } = gradients;
    const n = norms.length;
    const zero = norms.filter((norm) => norm === 0).length;
    const broken = norms.filter((norm) => !Number.isFinite(norm)).length;
    const tiny = norms.filter((norm) => norm > 0 && norm < VANISHING).length;
    const { flag, grave, text } = countOver(zero + broken + tiny, n, FEW);
    return {
      flag,
      grave,
      evidence: `The gradient of the cross-entropy says nothing at ${text}: ${zero} are zero, ${tiny} below ${VANISHING}, ${broken} not finite.`,
    };
  },
});

export const answersAtRandom = defineCheck({
  name: 'randomised-outputs',
  question: 'Does the model answer the same question differently?',
  source: 'Athalye, Carlini, Wagner 2018, section 4.2; Croce & Hein 2020, checks.py (randomized defences)',
  remedy:
    'Average gradients and answers over the randomness (EOT), and count a row as robust only by repeated questions.',
  ofMasking: true,
  judge({ answers }) {
    if (!answers || answers.asked === 0) return null;
    const { of, asked, differ } = answers;
    return { flag: differ > 0, grave: false, evidence: `${differ} of ${asked} rows got other ${of} when asked again.` };
  },
});

export const probabilitiesForLogits = defineCheck({
  name: 'probabilities-as-logits',
  question: 'Are the scores that losses are computed from logits, and not probabilities?',
  source: 'Croce & Hein 2020, checks.py (softmax output)',
  remedy:
    'Take the softmax off the model, or give attacks the logarithm of its outputs: a softmax of a softmax hides gradients.',
  ofMasking: true,
  judge({ answers }) {
    if (!answers || answers.likeProbabilities === null || answers.asked === 0) return null;
    const { likeProbabilities, asked } = answers;
    const flag = likeProbabilities === asked;
    return {
      flag,
      grave: false,
      evidence: `The scores of ${likeProbabilities} of ${asked} rows lie between 0 and 1 and sum to 1.`,
    };
  },
});

export const survivesRounding = defineCheck({
  name: 'fails-after-rounding',
  question: 'Do adversarial rows still fool when they are stored as the data are, in whole steps?',
  source: 'Carlini & Wagner 2017, section VI (discretisation); Carlini et al. 2019, section 5',
  remedy:
    'Report the figure after rounding where rows reach the model as files; attacks that stop at the boundary do better when they go on beyond it (pgd: full).',
  ofMasking: false,
  judge({ runs, epsilons, attacked }) {
    let most: { readonly lost: number; readonly of: number; readonly epsilon: number } | null = null;
    for (const epsilon of epsilons) {
      const here = runs.filter((run) => run.epsilon === epsilon && run.rounded);
      if (here.length === 0) continue;
      const n = attacked.length;
      const before = anyOf(
        here.map(({ fooled }) => fooled),
        n,
      );
      const after = anyOf(
        here.map(({ rounded }) => rounded!),
        n,
      );
      const [lost, of] = [onlyFirst(before, after), countOf(before)];
      if (of > 0 && (most === null || lost > most.lost)) most = { lost, of, epsilon };
    }
    if (!most) return null;
    const { flag, text } = countOver(most.lost, most.of, FEW);
    const evidence = `At epsilon ${+most.epsilon.toPrecision(4)}, of the rows that were fooled, rounding saves ${text}.`;
    // one row is an accident
    return { flag: flag && most.lost > 1, grave: false, evidence };
  },
});
