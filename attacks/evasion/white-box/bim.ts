/** The basic iterative method: small steps from the row itself. */
import { defineEvasionAttack } from '../define-evasion.ts';
import { losses } from '../losses.ts';
import { ascend } from './ascent.ts';

export const bim = defineEvasionAttack({
  name: 'bim',
  title: 'Basic iterative method',
  paper: 'Kurakin, Goodfellow, Bengio 2017, Adversarial Examples in the Physical World, ICLR workshop, section 2.2',
  threat: { access: 'gradients', knowledge: ['architecture'], goal: 'evasion' },
  options: {
    steps: { about: 'gradient steps', kind: 'whole', default: 10, min: 1, max: 100_000 },
    step: { about: 'size of a step, in epsilons', default: 0.2, min: 1e-6, max: 2 },
  },
  norms: ['linf', 'l2', 'l1'],
  seeks: 'within',
  targeted: true,
  family: 'iterative',
  canary: { norm: 'linf', epsilon: 0.3, below: 0.1 },
  run: ({ target, options, ...task }) =>
    ascend(target, task, {
      loss: losses.crossEntropy,
      steps: options.steps,
      stepSize: options.step * task.epsilon,
      restarts: 1,
      start: 'always-clean',
      momentum: 0,
      full: false,
    }),
});
