import { Pacer } from '../../engine/index.ts';
import { defineMembershipAttack } from '../define-attack.ts';
import { shareBelow } from '../score/index.ts';
import { finish, paced, type Slices } from '../slices.ts';
import { type Observations, observe, thresholdFromReferences, withTarget } from './references.ts';

const RECORDS_PER_SLICE = 4096;

/**
 * The share of models without the record whose log-odds lie below the target's [n]; where there is no such model, the share
 * among all answers of models to records they were not trained on. As log-odds fall with the loss, this is the level alpha
 * at which the target's loss meets the record's own threshold; `shareBelow` smooths the quantile.
 */
export const attackRScores = (o: Observations): Float64Array => finish(attackRSlices(o));

/** The same in slices of a few milliseconds. */
export function* attackRSlices({ target, models, trainedOn }: Observations): Slices<Float64Array> {
  const own = target[0]!;
  const values = new Float64Array(models.length);
  const outOf = (i: number) => {
    let k = 0;
    for (let m = 0; m < models.length; m++) if (trainedOn[m]![i] === 0) values[k++] = models[m]![0]![i]!;
    return values.subarray(0, k).sort();
  };
  const scale = yield* spread(own.length, outOf);
  let everybody: Float64Array | null = null;
  const scores = new Float64Array(own.length);
  for (let i = 0; i < own.length; i++) {
    if (i % RECORDS_PER_SLICE === RECORDS_PER_SLICE - 1) yield;
    const outside = outOf(i);
    everybody ??= outside.length === 0 ? answersOutside(models, trainedOn) : null;
    const sample = outside.length > 0 ? outside : everybody!;
    scores[i] = sample.length > 0 ? shareBelow(sample, own[i]!, scale) : 0.5;
  }
  return scores;
}

/** How far the answers about one record lie apart, over all records: what counts as far beyond them. */
function* spread(n: number, outOf: (i: number) => Float64Array): Slices<number> {
  let [squares, freedom] = [0, 0];
  for (let i = 0; i < n; i++) {
    if (i % RECORDS_PER_SLICE === RECORDS_PER_SLICE - 1) yield;
    const sample = outOf(i);
    let mean = 0;
    for (const v of sample) mean += v / sample.length;
    for (const v of sample) squares += (v - mean) ** 2;
    freedom += Math.max(0, sample.length - 1);
  }
  return squares > 0 ? Math.sqrt(squares / freedom) : 1;
}

function answersOutside(models: Observations['models'], trainedOn: readonly Uint8Array[]): Float64Array {
  const all: number[] = [];
  for (const [m, marks] of trainedOn.entries())
    for (const [i, mark] of marks.entries()) if (mark === 0) all.push(models[m]![0]![i]!);
  return Float64Array.from(all).sort();
}

/** A threshold for each record: the quantile of its losses under models that were not trained on it. */
export const attackR = defineMembershipAttack({
  name: 'attack-r',
  title: 'Attack R: a threshold for each record, from reference models',
  paper: 'Ye et al. 2022, Enhanced membership inference attacks against machine learning models (CCS), section 4.3',
  threat: {
    access: 'probabilities',
    knowledge: ['training-distribution', 'architecture', 'labels'],
    goal: 'membership',
  },
  options: {
    fpr: {
      about: 'false-positive rate of the threshold; 0: what is best on the reference models',
      default: 0,
      min: 0,
      max: 1,
    },
  },
  needs: { modelsOut: 2 },
  canary: { mustSucceedOn: 'memorised-noise', mustFailOn: 'untrained', margin: 0.1 },
  async run({ target, candidates, known, options, signal }) {
    const pacer = new Pacer(signal);
    const observed = await observe({ target, candidates, known, pacer }, 'log-odds');
    const scoresOf = (o: Observations) => paced(attackRSlices(o), pacer);
    const threshold =
      options.fpr > 0
        ? 1 - options.fpr
        : await thresholdFromReferences(observed.trainedOn, (j) => scoresOf(withTarget(observed, j)));
    return { scores: await scoresOf(observed), threshold };
  },
});
