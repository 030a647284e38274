import { Pacer } from '../../engine/index.ts';
import { log } from '../../engine/math/index.ts';
import { defineMembershipAttack } from '../define-attack.ts';
import { askShadows, fitNetwork, network } from './shokri/index.ts';

/** members, and non-members, that the shadow model needs */
const SHADOW_ROWS = 25;

/** The largest probabilities of each row, from the largest on. [n, classes] -> [n, top] */
export function topProbabilities(probabilities: Float64Array, classes: number, top: number): Float64Array {
  const out = new Float64Array((probabilities.length / classes) * top);
  for (let i = 0; i * classes < probabilities.length; i++) {
    const sorted = probabilities.slice(i * classes, (i + 1) * classes).sort();
    for (let k = 0; k < top; k++) out[i * top + k] = sorted[classes - 1 - k]!;
  }
  return out;
}

/** One shadow model is enough: a single attack model of all classes looks at the three largest probabilities and at no label. */
export const mlLeaks = defineMembershipAttack({
  name: 'ml-leaks',
  title: 'ML-Leaks: one shadow model, the three largest probabilities',
  paper: 'Salem et al. 2019, ML-Leaks (NDSS), section III (adversary 1)',
  threat: { access: 'probabilities', knowledge: ['training-distribution', 'architecture'], goal: 'membership' },
  options: {
    top: { about: 'largest probabilities that the attack model sees', kind: 'whole', default: 3, min: 1, max: 1e6 },
    epochs: { about: 'passes over the rows of the attack model', kind: 'whole', default: 50, min: 1, max: 10_000 },
    learningRate: { about: 'of Adam', default: 0.01, min: 1e-6, max: 1 },
  },
  needs: { shadowRows: SHADOW_ROWS },
  canary: { mustSucceedOn: 'memorised-noise', mustFailOn: 'untrained', margin: 0.1 },
  async run({ target, candidates, known, options, engine, rng, signal }) {
    const { classes } = target;
    const top = Math.min(options.top, classes);
    const enough = known.shadows.filter((s) => Math.min(s.members.y.length, s.nonMembers.y.length) >= SHADOW_ROWS);
    const { probabilities, member } = await askShadows(enough.slice(0, 1), classes, new Pacer(signal));
    const x = topProbabilities(probabilities, classes, top);
    const { epochs, learningRate } = options;
    const data = await fitNetwork(await engine(), x, member, {
      units: 64,
      batchSize: 100,
      epochs,
      learningRate,
      rng,
      signal,
    });
    const members = member.reduce((sum, one) => sum + one, 0);
    // the log-odds among the shadow model's rows, without its share of members
    const prior = log(members / (member.length - members));
    const seen = topProbabilities(await target.probabilities(candidates.x), classes, top);
    return {
      scores: network(data)
        .decisions(seen)
        .map((d) => d - prior),
      threshold: 0,
    };
  },
});
