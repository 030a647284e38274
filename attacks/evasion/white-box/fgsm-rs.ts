/** One step from a random point of the ball: what fast adversarial training trains with. */
import { defineEvasionAttack } from '../define-evasion.ts';
import { losses } from '../losses.ts';
import { ascend } from './ascent.ts';

export const fgsmRs = defineEvasionAttack({
  name: 'fgsm-rs',
  title: 'FGSM from a random start',
  paper: 'Wong, Rice, Kolter 2020, Fast Is Better Than Free: Revisiting Adversarial Training, ICLR, algorithm 3',
  threat: { access: 'gradients', knowledge: ['architecture'], goal: 'evasion' },
  options: {
    step: { about: 'size of the step, in epsilons', default: 1.25, min: 0.01, max: 2 },
    restarts: { about: 'random starts', kind: 'whole', default: 1, min: 1, max: 1000 },
  },
  norms: ['linf', 'l2', 'l1'],
  seeks: 'within',
  targeted: true,
  family: 'single-step',
  canary: { norm: 'linf', epsilon: 0.3, below: 0.4 },
  run: ({ target, options, ...task }) =>
    ascend(target, task, {
      loss: losses.crossEntropy,
      steps: 1,
      stepSize: options.step * task.epsilon,
      restarts: options.restarts,
      start: 'random',
      momentum: 0,
      full: false,
    }),
});
