/** The fast adaptive boundary attack, aimed at the likeliest other classes one after another: one gradient a step, however many classes. */
import { defineEvasionAttack } from '../define-evasion.ts';
import { AIMED } from './aimed.ts';
import { nearestOf, walkTheBoundary } from './boundary-steps.ts';
import { FAB_OPTIONS, FAB_PAPER } from './fab.ts';

export const fabTargeted = defineEvasionAttack({
  name: 'fab-targeted',
  title: 'Fast adaptive boundary attack, aimed (FAB-T)',
  paper: `${FAB_PAPER}; aimed: Croce, Hein 2020, Reliable Evaluation of Adversarial Robustness, ICML, section 5`,
  threat: { access: 'gradients', knowledge: ['architecture'], goal: 'evasion' },
  options: {
    ...FAB_OPTIONS,
    classes: AIMED,
  },
  norms: ['linf', 'l2', 'l1'],
  seeks: 'nearest',
  targeted: true,
  family: 'iterative',
  canary: { norm: 'linf', epsilon: 0.3, below: 0.1, options: { steps: 15, classes: 3 } },
  run: ({ target, options, ...task }) =>
    walkTheBoundary(target, task, nearestOf(task), { ...options, name: 'fab-targeted' }),
});
