import type { Rng } from '../../engine/index.ts';
import { defineDefense } from '../define-defense.ts';

/** Probabilities with normal noise, cut to what is not negative and divided by their sum; even ones where nothing is left. */
export function noised(probabilities: Float64Array, classes: number, std: number, rng: Rng): Float64Array {
  const out = probabilities.map((p) => Math.max(0, p + std * rng.normal()));
  for (let at = 0; at < out.length; at += classes) {
    const row = out.subarray(at, at + classes);
    const sum = row.reduce((a, b) => a + b, 0);
    for (let c = 0; c < classes; c++) row[c] = sum > 0 ? row[c]! / sum : 1 / classes;
  }
  return out;
}

/** Each answer has noise of its own, labels too: who asks often enough averages it away. */
export const gaussianNoise = defineDefense({
  name: 'gaussian-noise',
  title: 'Normal noise on the probabilities',
  paper: 'Jia et al. 2019, MemGuard (CCS), section 5.1, "random noise"',
  stage: 'inference',
  options: { std: { about: 'standard deviation of the noise on each probability', default: 0.1, min: 0, max: 10 } },
  off: { std: 0 },
  needsReserve: false,
  canary: { lowers: 'entropy', options: { std: 0.2 } },
  outputs: ({ options, rng }) => ({
    change: ({ probabilities, classes, asked }) =>
      noised(probabilities, classes, options.std, rng.split(`answer ${asked}`)),
    keepsLabels: false,
    varies: true,
  }),
});
