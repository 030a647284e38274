/**
 * Square on probabilities, for services that show no logits. log p_c - log p_y is z_c - z_y, so that both find the same, until the
 * probability of every wrong class is too small for a number: a model that is so sure shows no slope here, and does in its logits.
 */
import { defineEvasionAttack } from '../define-evasion.ts';
import { openStanding } from '../standing.ts';
import { searchWithSquares } from './random-squares.ts';
import { asLogits } from './scores.ts';
import { SQUARE_OPTIONS, SQUARE_PAPER } from './square.ts';

export const squareProbabilities = defineEvasionAttack({
  name: 'square-probabilities',
  title: 'Square attack, on probabilities',
  paper: `${SQUARE_PAPER}, algorithms 1 to 3`,
  threat: { access: 'probabilities', knowledge: [], goal: 'evasion' },
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
      scores: async (x) => asLogits(await target.probabilities(x)),
    }),
});
