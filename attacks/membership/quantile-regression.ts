import { Pacer } from '../../engine/index.ts';
import { defineMembershipAttack } from '../define-attack.ts';
import { fitQuantileNetwork } from './quantile-network.ts';
import { signalScores } from './signal-attack.ts';

/**
 * A network learns from a population what the target's log-odds of records look like that it was not trained on; scores are
 * how far a record lies above that. The threshold is the (1 - fpr) quantile of the same on rows of the population that the network
 * did not see, so it holds for new records too.
 */
export const quantileRegression = defineMembershipAttack({
  name: 'quantile-regression',
  title: 'Quantile regression on a population',
  paper: 'Bertran et al. 2023, Scalable membership inference attacks via quantile regression (NeurIPS), section 3',
  threat: { access: 'probabilities', knowledge: ['training-distribution', 'labels'], goal: 'membership' },
  options: {
    fpr: { about: 'false-positive rate of the threshold', default: 0.1, min: 1e-4, max: 0.5 },
    hidden: { about: 'units of the hidden layer', kind: 'whole', default: 64, min: 1, max: 4096 },
    epochs: { about: 'passes over the population, at most', kind: 'whole', default: 50, min: 0, max: 10_000 },
  },
  needs: { populationRows: 100 },
  canary: { mustSucceedOn: 'memorised-noise', mustFailOn: 'untrained', margin: 0.1 },
  queries: ({ candidates, population }) => candidates + population,
  async run({ target, candidates, known, options, engine, rng, signal }) {
    const pacer = new Pacer(signal);
    const population = known.population!;
    const phi = await signalScores(target, population, 'log-odds');
    const network = await fitQuantileNetwork(await engine(), population, phi, {
      classes: target.classes,
      hidden: options.hidden,
      epochs: options.epochs,
      rng: rng.split('quantiles'),
      pacer,
    });
    try {
      const scores = await network.standing(candidates, await signalScores(target, candidates, 'log-odds'));
      return { scores, threshold: upperQuantile(network.heldOut, options.fpr) };
    } finally {
      network.dispose();
    }
  },
});

/**
 * The value that a new draw exceeds with probability at most fpr: the ceil((1 - fpr)(m + 1))-th smallest of m (Vovk, Gammerman
 * & Shafer 2005, split conformal prediction); null where m draws cannot resolve that.
 */
export function upperQuantile(draws: Float64Array, fpr: number): number | null {
  const k = Math.ceil((1 - fpr) * (draws.length + 1) - 1e-9);
  return k > draws.length ? null : draws.slice().sort()[k - 1]!;
}
