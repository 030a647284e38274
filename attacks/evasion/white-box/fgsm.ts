/** The fast gradient sign method: one step of the size of the ball. L2: along the gradient; L1: the largest coordinates. */
import { defineEvasionAttack } from '../define-evasion.ts';
import { losses } from '../losses.ts';
import { ascend } from './ascent.ts';

export const fgsm = defineEvasionAttack({
  name: 'fgsm',
  title: 'Fast gradient sign method',
  paper: 'Goodfellow, Shlens, Szegedy 2015, Explaining and Harnessing Adversarial Examples, ICLR, section 4',
  threat: { access: 'gradients', knowledge: ['architecture'], goal: 'evasion' },
  options: {},
  norms: ['linf', 'l2', 'l1'],
  seeks: 'within',
  targeted: true,
  family: 'single-step',
  canary: { norm: 'linf', epsilon: 0.3, below: 0.3 },
  run: ({ target, ...task }) =>
    ascend(target, task, {
      loss: losses.crossEntropy,
      steps: 1,
      stepSize: task.epsilon,
      restarts: 1,
      start: 'always-clean',
      momentum: 0,
      full: false,
    }),
});
