/**
 * Universal adversarial perturbation by stochastic gradient ascent on the loss of mini-batches, clipped so that rows that are
 * fooled by far do not drown the others:
 *
 *   v <- project(v + alpha direction(mean over the batch of grad min(L(x_i + v), beta)))
 *
 * with the steepest direction of the norm (linf: the sign). L is the cross-entropy with the class that the target gives x_i; with a
 * wanted class t it is log p_t, which has a largest value of its own. The step shrinks to a tenth over the epochs; the v of the
 * epoch with the highest fooling rate is kept.
 *
 * Source: Shafahi, Najibi, Xu, Dickerson, Davis, Goldstein 2020 (AAAI), Universal adversarial training: the clipped loss, ascended
 * by stochastic gradients.
 */
import { losses } from '../losses.ts';
import { stepAlong } from '../norms.ts';
import { gather } from '../rows.ts';
import { defineUniversalAttack } from './define-universal.ts';
import { perturbed, projectPerturbation, shareOf, worksOn } from './perturbation.ts';

export const universalSgd = defineUniversalAttack({
  name: 'universal-sgd',
  title: 'Universal perturbation by stochastic gradients',
  paper:
    'Shafahi, Najibi, Xu, Dickerson, Davis, Goldstein 2020, Universal Adversarial Training, AAAI (attack by stochastic gradients)',
  threat: { access: 'gradients', knowledge: ['architecture', 'training-distribution'], goal: 'evasion' },
  options: {
    epochs: { about: 'passes over the rows', kind: 'whole', default: 20, min: 1, max: 100_000 },
    batch: { about: 'rows of a step', kind: 'whole', default: 64, min: 1, max: 100_000 },
    step: { about: 'size of the first step, in epsilons', default: 0.1, min: 1e-6, max: 2 },
    clip: { about: 'largest loss of a row, in nats (beta); without a wanted class', default: 9, min: 0.01, max: 1e6 },
  },
  norms: ['linf', 'l2'],
  targeted: true,
  canary: { norm: 'linf', epsilon: 0.3, above: 0.5 },
  async craft({ target, x, clean, wanted, space, norm, epsilon, best, options, rng, signal, onProgress }) {
    const { width } = space;
    const { classes } = target;
    const n = clean.length;
    const batch = Math.min(n, options.batch);
    const v = new Float32Array(width);
    const derivative = new Float64Array(classes);
    let highest = 0;
    for (let epoch = 0; epoch < options.epochs; epoch++) {
      const order = rng.split(`epoch ${epoch}`).permutation(n);
      const size = options.step * epsilon * (1 - (0.9 * epoch) / options.epochs);
      for (let at = 0; at < n; at += batch) {
        signal?.throwIfAborted();
        const rows = order.slice(at, at + batch);
        const sum = new Float64Array(width);
        await target.inputGradients(perturbed(space, gather(x, rows, width), v), (logits, back, from) => {
          const cotangent = new Float64Array(logits.length);
          for (let k = 0; k < logits.length / classes; k++) {
            const z = logits.subarray(k * classes, (k + 1) * classes);
            const loss = losses.crossEntropy.of(z, clean[rows[from + k]!]!, wanted, derivative);
            if (wanted !== null || loss < options.clip) cotangent.set(derivative, k * classes);
          }
          for (const [i, value] of back(cotangent).entries()) sum[i % width]! += value;
        });
        const direction = Float32Array.from(sum, (value, j) => (space.fixed[j] ? 0 : value / rows.length));
        stepAlong(norm, size, { values: direction, at: 0 }, { values: v, at: 0 }, width);
        projectPerturbation(space, norm, epsilon, v);
        if (highest === 0) best.set(v);
      }
      const rate = shareOf(worksOn(clean, await target.labels(perturbed(space, x, v)), wanted));
      if (rate > highest) {
        highest = rate;
        best.set(v);
      }
      onProgress?.((epoch + 1) / options.epochs);
    }
  },
});
