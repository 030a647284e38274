import { ops, randomNormal } from '../../engine/index.ts';
import { defineDefense } from '../define-defense.ts';

/** Every row gets fresh normal noise each time it is shown, beyond the bounds too: what a smoothed model will be asked about. */
export const gaussianAugmentation = defineDefense({
  name: 'gaussian-augmentation',
  title: 'Training on inputs with normal noise',
  paper:
    'Cohen, Rosenfeld and Kolter 2019, Certified adversarial robustness via randomized smoothing (ICML), section 3.3',
  stage: 'data',
  options: {
    sigma: {
      about: 'standard deviation of the noise, in the units that the model sees',
      default: 0.25,
      min: 0,
      max: 1e6,
    },
  },
  off: { sigma: 0 },
  needsReserve: false,
  canary: null, // a network that can memorise noise memorises noisy rows of it too
  robust: { norm: 'l2', epsilon: 0.75, options: { sigma: 0.25 }, claim: 'resists' },
  fit: ({ engine, options }) => ({
    batch({ x, y }, { rng }) {
      const noise = randomNormal(engine, rng.split('noise'), x.shape, { std: options.sigma, dtype: x.dtype });
      return { x: ops.add(x, noise), y };
    },
  }),
});
