/** min over parameters of the mean of max_{|delta| <= epsilon} L(x + delta, y), the maximum by projected gradient ascent from a random start. */
import { defineDefense } from '../define-defense.ts';
import { cyclicAdam, peakOption } from './cyclic.ts';
import {
  ballAround,
  climb,
  crossEntropyOf,
  epsilonOption,
  inside,
  stepOf,
  stepOption,
  stepsOption,
  uniformStart,
} from './inner-attack.ts';

export const adversarialPgd = defineDefense({
  name: 'adversarial-pgd',
  title: 'Adversarial training by projected gradient descent',
  paper:
    'Madry, Makelov, Schmidt, Tsipras and Vladu 2018, Towards deep learning models resistant to adversarial attacks (ICLR), section 2.1',
  stage: 'training',
  options: {
    epsilon: epsilonOption,
    steps: stepsOption,
    step: stepOption,
    warmup: {
      about:
        'share of training over which epsilon rises from 0: from the start, large ones can leave a model at answering one class',
      default: 0,
      min: 0,
      max: 1,
    },
    peak: peakOption,
  },
  off: { epsilon: 0 },
  needsReserve: false,
  canary: null, // members are moved, not hidden: membership attacks gain by it (Song et al. 2019)
  robust: { norm: 'linf', epsilon: 0.15, options: { epsilon: 0.15, steps: 7 }, claim: 'resists' },
  needsBounds: true,
  fit({ classifier, data, space, options, recipe }) {
    const { epochs, batchSize = 64 } = recipe;
    const all = epochs * Math.ceil(data.size / batchSize);
    const { steps } = options;
    return {
      ...(options.peak > 0 && { optimizer: cyclicAdam(options.peak, Math.max(1, all)) }),
      batch({ x, y }, { rng, step }) {
        const risen = options.warmup > 0 ? Math.min(1, (step + 1) / (options.warmup * all)) : 1;
        const epsilon = options.epsilon * risen;
        const ball = ballAround(x, space, epsilon);
        const start = inside(uniformStart(x, ball, rng.split('start')), ball);
        const stepSize = stepOf(options.step, steps) * epsilon;
        return { x: climb(start, ball, { steps, stepSize, loss: crossEntropyOf(classifier, y) }), y };
      },
    };
  },
});
