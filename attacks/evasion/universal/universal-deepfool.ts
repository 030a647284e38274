/**
 * Universal adversarial perturbation by DeepFool: row after row, the least step that takes x_i + v out of its class is added to v,
 * and v moved back into the ball:
 *
 *   while fooling rate of v <= 1 - delta: for each x_i with k(x_i + v) = k(x_i):
 *     v <- project(v + argmin |r|_2 : k(x_i + v + r) != k(x_i))
 *
 * Rows come in another order in each pass. Rows are kept inside their bounds, and only the part of a step that is inside them counts.
 * The v of the pass with the highest fooling rate is kept.
 *
 * Source: Moosavi-Dezfooli, Fawzi, Fawzi, Frossard 2017 (CVPR), algorithm 1; delta and overshoot as in the authors' code, which
 * goes on until delta is reached, with 10 steps of DeepFool a row: here passes and steps are options, 10 and 50.
 */
import { deepFool } from '../white-box/index.ts';
import { defineUniversalAttack } from './define-universal.ts';
import { perturbed, projectPerturbation, shareOf, worksOn } from './perturbation.ts';

export const universalDeepfool = defineUniversalAttack({
  name: 'universal-deepfool',
  title: 'Universal perturbation by DeepFool',
  paper: 'Moosavi-Dezfooli, Fawzi, Fawzi, Frossard 2017, Universal Adversarial Perturbations, CVPR, algorithm 1',
  threat: { access: 'gradients', knowledge: ['architecture', 'training-distribution'], goal: 'evasion' },
  options: {
    delta: { about: 'share of rows that need not be fooled', default: 0.2, min: 0, max: 0.99 },
    passes: { about: 'passes over the rows, at most', kind: 'whole', default: 10, min: 1, max: 10_000 },
    overshoot: {
      about: 'of DeepFool: how far beyond the boundary, as a share of the way',
      default: 0.02,
      min: 0,
      max: 10,
    },
    iterations: { about: 'of DeepFool: linearisations, at most', kind: 'whole', default: 50, min: 2, max: 10_000 },
    classes: {
      about: 'of DeepFool: most likely classes that are looked at',
      kind: 'whole',
      default: 10,
      min: 2,
      max: 10_000,
    },
  },
  norms: ['linf', 'l2'],
  targeted: false,
  canary: { norm: 'l2', epsilon: 2.5, above: 0.5, options: { passes: 3 } },
  async craft({ target, x, clean, space, norm, epsilon, best, options, rng, signal, onProgress }) {
    const { width } = space;
    const n = clean.length;
    const v = new Float32Array(width);
    let highest = 0;
    for (let pass = 0; pass < options.passes; pass++) {
      const order = rng.split(`pass ${pass}`).permutation(n);
      for (const [k, i] of order.entries()) {
        const start = perturbed(space, x.subarray(i * width, (i + 1) * width), v);
        const end = start.slice();
        const task = { x: start, y: clean.subarray(i, i + 1), space, best: end, signal };
        const [fooled] = await deepFool(target, task, { ...options, norm: 'l2' });
        // a step that led nowhere, as the authors leave it out; a row that is fooled already does not move
        if (!fooled) continue;
        for (let j = 0; j < width; j++) v[j]! += end[j]! - start[j]!;
        projectPerturbation(space, norm, epsilon, v);
        if (highest === 0) best.set(v);
        onProgress?.((pass + k / n) / options.passes);
      }
      const rate = shareOf(worksOn(clean, await target.labels(perturbed(space, x, v)), null));
      if (rate > highest || pass === 0) {
        highest = rate;
        best.set(v);
      }
      if (rate > 1 - options.delta) return;
    }
  },
});
