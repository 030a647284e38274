/** Iterative FGSM along a running sum of normalised gradients, which carries over to other models better. */
import { defineEvasionAttack } from '../define-evasion.ts';
import { losses } from '../losses.ts';
import { ascend } from './ascent.ts';

export const miFgsm = defineEvasionAttack({
  name: 'mi-fgsm',
  title: 'Momentum PGD (MI-FGSM)',
  paper: 'Dong et al. 2018, Boosting Adversarial Attacks with Momentum, CVPR, algorithm 1',
  threat: { access: 'gradients', knowledge: ['architecture'], goal: 'evasion' },
  options: {
    steps: { about: 'gradient steps', kind: 'whole', default: 10, min: 1, max: 100_000 },
    step: { about: 'size of a step, in epsilons; 0: 1 / steps', default: 0, min: 0, max: 2 },
    decay: { about: 'what is left of the sum at each step (mu)', default: 1, min: 0.01, max: 10 },
    normalise: {
      about:
        'sums gradients 1: divided by their l1 sizes, as published; 0: as they are; 2: their steps, in linf signs (foolbox)',
      kind: 'whole',
      default: 1,
      min: 0,
      max: 2,
    },
    restarts: {
      about: 'starts: the first at the row itself, the others random',
      kind: 'whole',
      default: 1,
      min: 1,
      max: 1000,
    },
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
      stepSize: (options.step > 0 ? options.step : 1 / options.steps) * task.epsilon,
      restarts: options.restarts,
      start: 'clean',
      momentum: options.decay,
      summed: (['plain', 'sized', 'direction'] as const)[options.normalise]!,
      full: false,
    }),
});
