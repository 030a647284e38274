/** Projected gradient descent on the model's loss turned round: random starts, small steps, the best iterate kept. */
import { defineEvasionAttack } from '../define-evasion.ts';
import { losses } from '../losses.ts';
import { ascend } from './ascent.ts';

export const pgd = defineEvasionAttack({
  name: 'pgd',
  title: 'Projected gradient descent',
  paper:
    'Madry, Makelov, Schmidt, Tsipras, Vladu 2018, Towards Deep Learning Models Resistant to Adversarial Attacks, ICLR; L1 steps: Tramer, Boneh 2019, NeurIPS',
  threat: { access: 'gradients', knowledge: ['architecture'], goal: 'evasion' },
  options: {
    steps: { about: 'gradient steps', kind: 'whole', default: 40, min: 1, max: 100_000 },
    step: {
      about: 'size of a step, in epsilons; 0: 2.5 / steps, but at least 1/30 (0.01 of 0.3)',
      default: 0,
      min: 0,
      max: 2,
    },
    restarts: { about: 'random starts', kind: 'whole', default: 1, min: 1, max: 1000 },
    margin: {
      about: 'climbs the margin of the logits instead of the cross-entropy: 1 or 0',
      kind: 'switch',
      default: 0,
      min: 0,
      max: 1,
    },
    full: {
      about: 'goes on where the model is fooled, to the highest loss: 1 or 0',
      kind: 'switch',
      default: 0,
      min: 0,
      max: 1,
    },
  },
  norms: ['linf', 'l2', 'l1'],
  seeks: 'within',
  targeted: true,
  family: 'iterative',
  canary: { norm: 'linf', epsilon: 0.3, below: 0.1, options: { steps: 20 } },
  run({ target, options, ...task }) {
    const share = options.step > 0 ? options.step : Math.max(1 / 30, 2.5 / options.steps);
    return ascend(target, task, {
      loss: options.margin === 1 ? losses.margin : losses.crossEntropy,
      steps: options.steps,
      stepSize: share * task.epsilon,
      restarts: options.restarts,
      start: 'random',
      momentum: 0,
      full: options.full === 1,
    });
  },
});
