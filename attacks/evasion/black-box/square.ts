/** Square on logits. */
import { defineEvasionAttack } from '../define-evasion.ts';
import { openStanding } from '../standing.ts';
import { searchWithSquares } from './random-squares.ts';

export const SQUARE_OPTIONS = {
  queries: { about: 'questions about each row', kind: 'whole', default: 5000, min: 1, max: 10_000_000 },
  share: { about: 'share of a row in the first windows (p_init)', default: 0.8, min: 0.001, max: 1 },
  rescale: {
    about: 'windows shrink in step with the questions, not as if there were 10,000: 1 or 0',
    kind: 'switch',
    default: 0,
    min: 0,
    max: 1,
  },
} as const;

export const SQUARE_PAPER =
  'Andriushchenko, Croce, Flammarion, Hein 2020, Square Attack: a Query-efficient Black-box Adversarial Attack via Random Search, ECCV';

export const square = defineEvasionAttack({
  name: 'square',
  title: 'Square attack',
  paper: `${SQUARE_PAPER}, algorithms 1 to 3`,
  threat: { access: 'logits', knowledge: [], goal: 'evasion' },
  options: SQUARE_OPTIONS,
  norms: ['linf', 'l2'],
  seeks: 'within',
  targeted: true,
  family: 'score-based',
  canary: { norm: 'linf', epsilon: 0.3, below: 0.1, options: { queries: 300 } },
  run: ({ target, options, ...task }) =>
    searchWithSquares(task, openStanding(task), {
      ...options,
      rescale: options.rescale === 1,
      inputShape: target.inputShape,
      classes: target.classes,
      scores: (x) => target.logits(x),
    }),
});
