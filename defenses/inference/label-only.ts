import { argmaxRows } from '../../attacks/index.ts';
import { defineDefense } from '../define-defense.ts';

/** The answer is the predicted class and no more; asked for probabilities, 1 for it and 0 for the others. */
export const labelOnly = defineDefense({
  name: 'label-only',
  title: 'Only the predicted class is answered',
  paper: 'Shokri et al. 2017, Membership inference attacks against machine learning models (S&P), section VIII',
  stage: 'inference',
  options: {},
  off: null,
  needsReserve: false,
  canary: { lowers: 'entropy', options: {} },
  answersLabels: true,
  outputs: () => ({
    change({ probabilities, classes }) {
      const out = new Float64Array(probabilities.length);
      for (const [i, label] of argmaxRows(probabilities, classes).entries()) out[i * classes + label] = 1;
      return out;
    },
    keepsLabels: true,
    varies: false,
  }),
});
