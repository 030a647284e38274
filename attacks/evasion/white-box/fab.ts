/** The fast adaptive boundary attack, towards the nearest of all other classes. */
import { defineEvasionAttack } from '../define-evasion.ts';
import { nearestOf, walkTheBoundary } from './boundary-steps.ts';

export const FAB_OPTIONS = {
  steps: { about: 'steps of a walk', kind: 'whole', default: 100, min: 1, max: 100_000 },
  restarts: {
    about: 'walks: the first from the row itself, the others from random points',
    kind: 'whole',
    default: 1,
    min: 1,
    max: 1000,
  },
  alpha: { about: 'largest share of a step that leads back to the row (alpha_max)', default: 0.1, min: 0, max: 1 },
  eta: { about: 'overshoot beyond the boundary', default: 1.05, min: 1, max: 2 },
  beta: { about: 'what is left of a perturbation that fools, before the walk goes on', default: 0.9, min: 0, max: 1 },
  search: { about: 'steps of the search on the line at the end', kind: 'whole', default: 3, min: 0, max: 100 },
} as const;

/** What the paper fixes. */
export const FAB_DEFAULTS = {
  alpha: FAB_OPTIONS.alpha.default,
  eta: FAB_OPTIONS.eta.default,
  beta: FAB_OPTIONS.beta.default,
  search: FAB_OPTIONS.search.default,
} as const;

export const FAB_PAPER =
  'Croce, Hein 2020, Minimally Distorted Adversarial Examples with a Fast Adaptive Boundary Attack, ICML';

export const fab = defineEvasionAttack({
  name: 'fab',
  title: 'Fast adaptive boundary attack',
  paper: `${FAB_PAPER}, algorithm 1`,
  threat: { access: 'gradients', knowledge: ['architecture'], goal: 'evasion' },
  options: FAB_OPTIONS,
  norms: ['linf', 'l2', 'l1'],
  seeks: 'nearest',
  targeted: true,
  family: 'iterative',
  canary: { norm: 'linf', epsilon: 0.3, below: 0.1, options: { steps: 15 } },
  run: ({ target, options, ...task }) =>
    walkTheBoundary(target, task, nearestOf(task), { ...options, classes: 0, name: 'fab' }),
});
