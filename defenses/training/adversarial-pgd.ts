/** min over parameters of the mean of max_{|delta| <= epsilon} L(x + delta, y), the maximum by projected gradient ascent from a random start. */
import { defineDefense } from '../define-defense.ts';
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
  options: { epsilon: epsilonOption, steps: stepsOption, step: stepOption },
  off: { epsilon: 0 },
  needsReserve: false,
  canary: null, // members are moved, not hidden: membership attacks gain by it (Song et al. 2019)
  robust: { norm: 'linf', epsilon: 0.15, options: { epsilon: 0.15, steps: 7 }, claim: 'resists' },
  needsBounds: true,
  fit: ({ classifier, space, options }) => ({
    batch({ x, y }, { rng }) {
      const ball = ballAround(x, space, options.epsilon);
      const start = inside(uniformStart(x, ball, rng.split('start')), ball);
      const steps = Math.round(options.steps);
      const stepSize = stepOf(options.step, steps) * options.epsilon;
      return { x: climb(start, ball, { steps, stepSize, loss: crossEntropyOf(classifier, y) }), y };
    },
  }),
});
