/** Auto-PGD on the cross-entropy. */
import { defineEvasionAttack } from '../define-evasion.ts';
import { losses } from '../losses.ts';
import { openStanding } from '../standing.ts';
import { climbAdaptively } from './apgd.ts';

export const APGD_OPTIONS = {
  steps: { about: 'gradient steps', kind: 'whole', default: 100, min: 1, max: 100_000 },
  restarts: { about: 'random starts', kind: 'whole', default: 1, min: 1, max: 1000 },
  rho: { about: 'the step is halved where no more than this share of the steps climb', default: 0.75, min: 0, max: 1 },
} as const;

export const APGD_PAPER =
  'Croce, Hein 2020, Reliable Evaluation of Adversarial Robustness with an Ensemble of Diverse Parameter-free Attacks, ICML';

export const apgdCe = defineEvasionAttack({
  name: 'apgd-ce',
  title: 'Auto-PGD, cross-entropy',
  paper: `${APGD_PAPER}, algorithm 1`,
  threat: { access: 'gradients', knowledge: ['architecture'], goal: 'evasion' },
  options: APGD_OPTIONS,
  norms: ['linf', 'l2'],
  seeks: 'within',
  targeted: true,
  family: 'iterative',
  canary: { norm: 'linf', epsilon: 0.3, below: 0.1, options: { steps: 20 } },
  run: ({ target, options, ...task }) =>
    climbAdaptively(target, task, openStanding(task), {
      ...options,
      loss: losses.crossEntropy,
      classes: 0,
      name: 'apgd-ce',
    }),
});
