import { Pacer } from '../../engine/index.ts';
import { defineMembershipAttack } from '../define-attack.ts';
import { shareBelow } from '../score/index.ts';
import { signalScores } from './signal-attack.ts';

/** Log-odds and labels of some records. */
export interface Labelled {
  readonly phi: Float64Array;
  readonly y: Int32Array;
}

/** A class with fewer rows in the population is judged by all of them. */
const LEAST_OF_A_CLASS = 10;

/**
 * The share of the population that the target is less sure of than of the record [n], smoothed by `shareBelow`: 1 - alpha at
 * the loss where the false-positive rate of a threshold is alpha.
 * @param perClass among the population's rows of the record's own class
 */
export function attackPScores(records: Labelled, population: Labelled, perClass: boolean): Float64Array {
  const all = population.phi.slice().sort();
  const classes = new Map<number, Float64Array>();
  if (perClass) {
    for (const label of new Set(population.y)) {
      const own = population.phi.filter((_, i) => population.y[i] === label).sort();
      if (own.length >= LEAST_OF_A_CLASS) classes.set(label, own);
    }
  }
  return records.phi.map((v, i) => shareBelow(classes.get(records.y[i]!) ?? all, v));
}

/** One threshold for all records, or for each class: the quantile of the target's losses on a population. */
export const attackP = defineMembershipAttack({
  name: 'attack-p',
  title: 'Attack P: thresholds from a population',
  paper: 'Ye et al. 2022, Enhanced membership inference attacks against machine learning models (CCS), section 4.2',
  threat: { access: 'probabilities', knowledge: ['training-distribution', 'labels'], goal: 'membership' },
  options: {
    perClass: { about: '1: a threshold for each class; 0: one for all', kind: 'switch', default: 1, min: 0, max: 1 },
    fpr: { about: 'false-positive rate of the threshold', default: 0.1, min: 1e-4, max: 0.5 },
  },
  needs: { populationRows: 25 },
  canary: { mustSucceedOn: 'memorised-noise', mustFailOn: 'untrained', margin: 0.1 },
  queries: ({ candidates, population }) => candidates + population,
  async run({ target, candidates, known, options, signal }) {
    const pacer = new Pacer(signal);
    const phi = async (rows: typeof candidates): Promise<Labelled> => {
      const scores = await signalScores(target, rows, 'log-odds');
      await pacer.breathe();
      return { phi: scores, y: rows.y };
    };
    const [records, population] = [await phi(candidates), await phi(known.population!)];
    return { scores: attackPScores(records, population, options.perClass === 1), threshold: 1 - options.fpr };
  },
});
