/**
 * Adversarial training with one gradient step from a random point of the ball:
 *
 *   delta ~ U(-epsilon, epsilon);  delta <- clip(delta + alpha sign(grad L(x + delta)));  step on L(x + delta)
 *
 * Source: Wong, Rice & Kolter 2020 (ICLR), algorithm 3; learning rate, bounds and batch size of their MNIST code
 * (locuslab/fast_adversarial, train_mnist.py): Adam, batches of 100, a peak of 0.005.
 */
import { Rng } from '../../engine/index.ts';
import { defineDefense } from '../define-defense.ts';
import { cyclicAdam, peakOption } from './cyclic.ts';
import { ballAround, climb, crossEntropyOf, epsilonOption, uniformStart } from './inner-attack.ts';
import { evaluationUnderAttack } from './watched.ts';

export const adversarialFgsm = defineDefense({
  name: 'adversarial-fgsm',
  title: 'Adversarial training by single steps from random starts (FGSM-RS)',
  paper: 'Wong, Rice and Kolter 2020, Fast is better than free: Revisiting adversarial training (ICLR), algorithm 3',
  stage: 'training',
  options: {
    epsilon: epsilonOption,
    step: { about: 'size of the step, in epsilons', default: 1.25, min: 0.01, max: 2 },
    peak: { ...peakOption, default: 0.005 },
    watch: {
      about: 'training rows that are attacked by PGD after each epoch, of which the best is kept; 0: none, the last is',
      kind: 'whole',
      default: 0,
      min: 0,
      max: 1e6,
    },
  },
  off: { epsilon: 0 },
  needsReserve: false,
  canary: null, // it moves inputs against the model, and members' more: membership attacks gain by it (Song et al. 2019)
  robust: { norm: 'linf', epsilon: 0.15, options: { epsilon: 0.15 }, claim: 'resists' },
  needsBounds: true,
  fit({ classifier, data, space, options, recipe, seed }) {
    const { epochs, batchSize = 64 } = recipe;
    const { epsilon, watch } = options;
    const steps = epochs * Math.ceil(data.size / batchSize);
    const rng = Rng.from(seed).split('watched');
    return {
      ...(watch > 0 && {
        validation: evaluationUnderAttack({ classifier, data, space }, { rows: watch, epsilon, rng }),
        earlyStopping: { patience: Math.max(1, epochs) },
      }),
      ...(options.peak > 0 && { optimizer: cyclicAdam(options.peak, Math.max(1, steps)) }),
      batch({ x, y }, { rng }) {
        const ball = ballAround(x, space, epsilon);
        const start = uniformStart(x, ball, rng.split('start'));
        const climbed = { steps: 1, stepSize: options.step * epsilon, loss: crossEntropyOf(classifier, y) };
        return { x: climb(start, ball, climbed), y };
      },
    };
  },
});
