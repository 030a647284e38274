import { Pacer } from '../../engine/index.ts';
import { defineMembershipAttack } from '../define-attack.ts';
import { paced } from '../slices.ts';
import { liraSlices } from './lira.ts';
import { observe, viewsOption } from './references.ts';

const variances = ['per-record', 'shared', 'apart'] as const;

/** Below so many models a deviation of each record's own is mostly noise (Carlini et al. 2022, section VI-B, figure 8). */
export const MODELS_FOR_OWN_VARIANCE = 64;

/** Compares two explanations of the target's answer: models that were trained on the record, and models that were not. */
export const liraOnline = defineMembershipAttack({
  name: 'lira-online',
  title: 'LiRA, online: likelihood ratio, models with and without it',
  paper: 'Carlini et al. 2022, Membership inference attacks from first principles (S&P), algorithm 1',
  threat: {
    access: 'probabilities',
    knowledge: ['training-distribution', 'partial-training-data', 'architecture', 'labels'],
    goal: 'membership',
  },
  options: {
    variance: {
      about: `deviations 0: of each record; 1: one for all; 2: one for records in, one for out; -1: 0 from ${MODELS_FOR_OWN_VARIANCE} models on, else 1`,
      kind: 'whole',
      default: -1,
      min: -1,
      max: 2,
    },
    views: viewsOption,
  },
  needs: { modelsIn: 1, modelsOut: 1 },
  canary: { mustSucceedOn: 'memorised-noise', mustFailOn: 'untrained', margin: 0.1 },
  queries: ({ candidates, options, views }) => candidates * (options.views || views),
  async run({ target, candidates, known, options, signal }) {
    const pacer = new Pacer(signal);
    const observed = await observe({ target, candidates, known, pacer }, 'log-odds', options.views);
    const few = observed.models.length < MODELS_FOR_OWN_VARIANCE;
    const variance = variances[options.variance] ?? (few ? 'shared' : 'per-record');
    // above 0 the models that were trained on the record explain the answer better
    return { scores: await paced(liraSlices(observed, { mode: 'online', variance }), pacer), threshold: 0 };
  },
});
