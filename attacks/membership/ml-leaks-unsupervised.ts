import { Pacer, type Rng, type Rows } from '../../engine/index.ts';
import { defineMembershipAttack } from '../define-attack.ts';
import type { Samples } from '../target/index.ts';
import { topProbabilities } from './ml-leaks.ts';

/** Rows each feature of which is that of a candidate drawn for it alone: values that occur, in combinations that nobody trained on. */
async function randomRows({ x, y }: Rows, n: number, rng: Rng, pacer: Pacer): Promise<Samples> {
  const width = x.length / y.length;
  const out = new Float32Array(n * width);
  for (let row = 0; row < n; row++) {
    for (let f = 0; f < width; f++) out[row * width + f] = x[Math.floor(rng.uniform() * y.length) * width + f]!;
    await pacer.breathe();
  }
  return out;
}

/**
 * Needs no shadow model and no label: the score is the largest probability, and the threshold is what few random inputs
 * reach, which nobody can have trained on.
 */
export const mlLeaksUnsupervised = defineMembershipAttack({
  name: 'ml-leaks-unsupervised',
  title: 'ML-Leaks without a shadow model: the largest probability',
  paper: 'Salem et al. 2019, ML-Leaks (NDSS), section V (adversary 3)',
  threat: { access: 'probabilities', knowledge: [], goal: 'membership' },
  options: {
    randomInputs: {
      about: 'random inputs that the threshold is chosen from',
      kind: 'whole',
      default: 1000,
      min: 1,
      max: 1e6,
    },
    share: { about: 'share of the random inputs that reach the threshold', default: 0.1, min: 0, max: 1 },
  },
  needs: {},
  queries: ({ options, candidates }) => candidates + options.randomInputs,
  canary: { mustSucceedOn: 'memorised-noise', mustFailOn: 'untrained', margin: 0.1 },
  async run({ target, candidates, options, rng, signal }) {
    const { classes } = target;
    const scores = topProbabilities(await target.probabilities(candidates.x), classes, 1);
    const random = await randomRows(candidates, options.randomInputs, rng.split('random inputs'), new Pacer(signal));
    const reached = topProbabilities(await target.probabilities(random), classes, 1).sort();
    const above = Math.min(reached.length, Math.max(1, Math.round(options.share * reached.length)));
    return { scores, threshold: reached[reached.length - above]! };
  },
});
