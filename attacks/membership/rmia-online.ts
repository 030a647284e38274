import { Pacer } from '../../engine/index.ts';
import { defineMembershipAttack } from '../define-attack.ts';
import { observe, observePopulation, thresholdFromReferences, withTarget } from './references.ts';
import { fittedA, gammaOption, rmiaScores, USUAL_A } from './rmia.ts';

/** Is the target surer of this record, against models with and without it, than of most others that nobody was trained on? */
export const rmiaOnline = defineMembershipAttack({
  name: 'rmia-online',
  title: 'RMIA, online: pairwise likelihood ratios',
  paper: 'Zarifzadeh, Liu & Shokri 2024, Low-cost high-power membership inference attacks (ICML), section 3',
  threat: {
    access: 'probabilities',
    knowledge: ['training-distribution', 'partial-training-data', 'architecture', 'labels'],
    goal: 'membership',
  },
  options: { gamma: gammaOption },
  needs: { modelsIn: 1, modelsOut: 1, populationRows: 25 },
  canary: { mustSucceedOn: 'memorised-noise', mustFailOn: 'untrained', margin: 0.1 },
  queries: ({ candidates, population }) => candidates + population,
  async run({ target, candidates, known, options, signal }) {
    const asking = { target, candidates, known, pacer: new Pacer(signal) };
    const records = await observe(asking, 'confidence');
    const population = await observePopulation(asking, 'confidence');
    // no model was trained on the population: what training on it would do is what it does to the candidates
    const o = { mode: 'online', a: fittedA(records) ?? USUAL_A, gamma: options.gamma } as const;
    const threshold = await thresholdFromReferences(records.trainedOn, async (j) => {
      await asking.pacer.breathe();
      return rmiaScores(withTarget(records, j), withTarget(population, j), o);
    });
    return { scores: rmiaScores(records, population, o), threshold };
  },
});
