import { softmaxRows } from '../../attacks/index.ts';
import { defineDefense } from '../define-defense.ts';

/** softmax(z / T): the larger T, the flatter the answers; the model is the same. */
export const temperature = defineDefense({
  name: 'temperature',
  title: 'Softmax at a temperature',
  paper: 'Shokri et al. 2017, Membership inference attacks against machine learning models (S&P), section VIII',
  stage: 'inference',
  options: { temperature: { about: 'T, by which logits are divided', default: 5, min: 0.01, max: 1e6 } },
  off: { temperature: 1 },
  needsReserve: false,
  canary: { lowers: 'entropy', options: { temperature: 20 } },
  outputs: ({ options }) => ({
    change: ({ logits, classes }) =>
      softmaxRows(
        logits.map((z) => z / options.temperature),
        classes,
      ),
    keepsLabels: true,
    varies: false,
  }),
});
