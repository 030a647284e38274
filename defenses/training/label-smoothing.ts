import { nn } from '../../engine/index.ts';
import { defineDefense } from '../define-defense.ts';

/** Cross-entropy against (1 - s) onehot(y) + s / classes. */
export const labelSmoothing = defineDefense({
  name: 'label-smoothing',
  title: 'Label smoothing',
  paper: 'Szegedy et al. 2016, Rethinking the Inception architecture (CVPR), section 7',
  stage: 'training',
  options: { smoothing: { about: 'share of a label that is spread over all classes', default: 0.1, min: 0, max: 1 } },
  off: { smoothing: 0 },
  needsReserve: false,
  canary: null, // it flattens the answers for members and teaches the others nothing: attacks by loss gain, if anything
  fit: ({ options }) => ({ loss: (z, y) => nn.losses.smoothedCrossEntropy(z, y, options.smoothing) }),
});
