import { localTarget } from '../../attacks/index.ts';
import type { Examples, Rng } from '../../engine/index.ts';
import { sigmoid } from '../../engine/math/index.ts';
import { defineDefense, held } from '../define-defense.ts';
import { type Representative, representatives } from './memguard-noise.ts';
import { trainSurrogate } from './surrogate.ts';

/**
 * Phase II: the changed answer r is given with probability min(budget / |r - s|_1, 1), so that an answer is moved by at most
 * the budget on average, and never where the surrogate is more certain of r than of s. The coin is named by the answer itself: who
 * asks again hears the same.
 */
export function released(
  own: Float64Array,
  { probabilities, before, after }: Representative,
  classes: number,
  budget: number,
  rng: Rng,
): Float64Array {
  const out = own.slice();
  const doubt = (odds: number) => Math.abs(sigmoid(odds) - 0.5);
  for (let i = 0; i < before.length; i++) {
    const [s, r] = [own, probabilities].map((p) => p.subarray(i * classes, (i + 1) * classes));
    const distance = s!.reduce((sum, p, c) => sum + Math.abs(p - r![c]!), 0);
    if (distance === 0 || doubt(before[i]!) <= doubt(after[i]!)) continue;
    if (rng.split(String(s)).uniform() < Math.min(budget / distance, 1)) out.set(r!, i * classes);
  }
  return out;
}

/** As many rows as both have, the first ones. */
const rowsFrom = (data: Examples, n: number) => data.take(Int32Array.from({ length: n }, (_, i) => i)).x;

/** Answers changed so little that the label stays, and so much that the defender's own attack model is left undecided. */
export const memguard = defineDefense({
  name: 'memguard',
  title: 'MemGuard: changed answers that leave an attack model undecided',
  paper: 'Jia, Salem, Backes, Zhang and Gong 2019, MemGuard (CCS), sections 4.2 and 4.3',
  stage: 'inference',
  options: {
    budget: { about: 'distance |r - s|_1 by which an answer is moved at most, on average', default: 1, min: 0, max: 2 },
    epochs: { about: "of the defender's attack model", kind: 'whole', default: 100, min: 1, max: 10000 },
    held,
  },
  off: { budget: 0 },
  needsReserve: true,
  canary: { lowers: 'entropy', options: {} },
  async outputs({ engine, classifier, data, reserve, options, rng, signal }) {
    const { classes } = classifier.model;
    const target = localTarget(classifier, signal ? { signal } : {});
    const n = Math.min(data.size, reserve.size);
    const surrogate = await trainSurrogate(engine, {
      members: await target.probabilities(rowsFrom(data, n)),
      others: await target.probabilities(rowsFrom(reserve, n)),
      classes,
      epochs: options.epochs,
      seed: rng.split('surrogate').uint32(),
      signal,
    });
    const coins = rng.split('coins');
    return {
      async change({ logits, probabilities }) {
        const found = await representatives(engine, surrogate, logits, classes, signal);
        return released(probabilities, found, classes, options.budget, coins);
      },
      keepsLabels: true,
      varies: false,
    };
  },
});
