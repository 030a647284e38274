import { Pacer } from '../../engine/index.ts';
import { defineMembershipAttack } from '../define-attack.ts';
import { paced } from '../slices.ts';
import { observe, observePopulation, thresholdFromReferences, withTarget } from './references.ts';
import { gammaOption, rmiaScores, tunedASlices, USUAL_A } from './rmia.ts';

/** Is the target surer of this record, against what models without it say, than of most others that nobody was trained on? */
export const rmiaOffline = defineMembershipAttack({
  name: 'rmia-offline',
  title: 'RMIA, offline: pairwise likelihood ratios',
  paper: 'Zarifzadeh, Liu & Shokri 2024, Low-cost high-power membership inference attacks (ICML), appendix B.2.2',
  threat: {
    access: 'probabilities',
    knowledge: ['training-distribution', 'architecture', 'labels'],
    goal: 'membership',
  },
  options: {
    gamma: gammaOption,
    a: {
      about: 'how p_in follows p_out, 0 to 1; -1: tuned by attacking reference models',
      default: -1,
      min: -1,
      max: 1,
    },
  },
  needs: { modelsOut: 1, populationRows: 25 },
  canary: { mustSucceedOn: 'memorised-noise', mustFailOn: 'untrained', margin: 0.1 },
  queries: ({ candidates, population }) => candidates + population,
  async run({ target, candidates, known, options, signal }) {
    const asking = { target, candidates, known, pacer: new Pacer(signal) };
    const records = await observe(asking, 'confidence');
    const population = await observePopulation(asking, 'confidence');
    const a = options.a >= 0 ? options.a : ((await paced(tunedASlices(records), asking.pacer)) ?? USUAL_A);
    const o = { mode: 'offline', a, gamma: options.gamma } as const;
    const threshold = await thresholdFromReferences(records.trainedOn, async (j) => {
      await asking.pacer.breathe();
      return rmiaScores(withTarget(records, j), withTarget(population, j), o);
    });
    return { scores: rmiaScores(records, population, o), threshold };
  },
});
