import { Pacer } from '../../engine/index.ts';
import { defineMembershipAttack } from '../define-attack.ts';
import { paced } from '../slices.ts';
import { liraSlices } from './lira.ts';
import { MODELS_FOR_OWN_VARIANCE } from './lira-online.ts';
import { type Observations, observe, thresholdFromReferences, viewsOption, withTarget } from './references.ts';

/** How far the target's answer lies above those of models that were not trained on the record. */
export const liraOffline = defineMembershipAttack({
  name: 'lira-offline',
  title: 'LiRA, offline: one-sided test against models without the record',
  paper: 'Carlini et al. 2022, Membership inference attacks from first principles (S&P), section IV-E',
  threat: {
    access: 'probabilities',
    knowledge: ['training-distribution', 'architecture', 'labels'],
    goal: 'membership',
  },
  options: {
    variance: {
      about: `deviations 0: of each record; 1: one for all; -1: 0 from ${MODELS_FOR_OWN_VARIANCE} models on, else 1`,
      kind: 'whole',
      default: -1,
      min: -1,
      max: 1,
    },
    views: viewsOption,
  },
  needs: { modelsOut: 1 },
  canary: { mustSucceedOn: 'memorised-noise', mustFailOn: 'untrained', margin: 0.1 },
  queries: ({ candidates, options, views }) => candidates * (options.views || views),
  async run({ target, candidates, known, options, signal }) {
    const pacer = new Pacer(signal);
    const observed = await observe({ target, candidates, known, pacer }, 'log-odds', options.views);
    const asked = options.variance;
    const own = asked === 0 || (asked < 0 && observed.models.length >= MODELS_FOR_OWN_VARIANCE);
    const scoresOf = (o: Observations) =>
      paced(liraSlices(o, { mode: 'offline', variance: own ? 'per-record' : 'shared' }), pacer);
    return {
      scores: await scoresOf(observed),
      threshold: await thresholdFromReferences(observed.trainedOn, (j) => scoresOf(withTarget(observed, j))),
    };
  },
});
