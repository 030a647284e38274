import { ConfigError } from '../../engine/index.ts';
import { defineDefense } from '../define-defense.ts';

/**
 * Differentially private training: every record's gradient clipped, noise once a step. The noise is named by the seed, so that
 * a defended model can be trained again for an experiment; it then protects nothing, and the notes say so.
 */
export const dpSgd = defineDefense({
  name: 'dp-sgd',
  title: 'Differentially private training (DP-SGD)',
  paper: 'Abadi et al. 2016, Deep learning with differential privacy (CCS), algorithm 1',
  stage: 'training',
  options: {
    epsilon: { about: 'the privacy budget that the noise is calibrated to', default: 8, min: 1e-3, max: 1e6 },
    delta: { about: 'probability with which it may fail; below 1 / rows', default: 1e-5, min: 1e-15, max: 0.1 },
    clip: { about: "bound on the norm of each record's gradient", default: 1, min: 1e-6, max: 1e6 },
  },
  off: null,
  needsReserve: false,
  canary: { lowers: 'loss', options: { delta: 1e-3 } },
  check({ augmented }) {
    if (augmented)
      throw new ConfigError(
        'dp-sgd: expected a recipe without augmentation, got one. Private batches are not changed.',
        'augment',
      );
  },
  async train({ engine, classifier, data, options, recipe, seed, watch }) {
    // loaded when asked for: a page that trains otherwise need not bring it
    const { fitPrivate } = await import('../../privacy/index.ts');
    const { batchSize = 64, optimizer, epochs } = recipe;
    const { checkpoint, signal, onProgress } = watch;
    const result = await fitPrivate(engine, classifier.model, classifier.params, data, {
      epochs,
      batchSize: Math.min(batchSize, data.size),
      clip: { kind: 'flat', norm: options.clip },
      epsilon: options.epsilon,
      delta: options.delta,
      reproducible: seed,
      ...(optimizer && { optimizer }),
      ...(checkpoint && { checkpoint }),
      ...(signal && { signal }),
      ...(onProgress && { onProgress: (p) => onProgress({ ...p, loss: Number.NaN }) }),
    });
    return {
      epochs,
      steps: result.steps,
      ...(result.epsilon.upper !== null && { epsilon: result.epsilon.upper }),
      notes: result.ledger.marks,
    };
  },
});
