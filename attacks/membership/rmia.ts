/**
 * The robust membership attack on arrays. p is the probability of the true class; a record x is compared with records z of the
 * population, none of which any model was trained on:
 *
 *   score(x) = share of z with  (p(x | target) / p(x)) / (p(z | target) / p(z)) > gamma
 *   p(x) = (p_in(x) + p_out(x)) / 2,   and where p_in is unknown  p_in(x) = a p_out(x) + 1 - a   (eq. 10)
 *
 * p_in and p_out being means over the reference models. The z are sorted by their ratio once, so this is O((n + m) log m),
 * and `shareBelow` puts records that beat the same z in the order of their own ratio.
 *
 * Source: Zarifzadeh, Liu and Shokri 2024, Low-cost high-power membership inference attacks (ICML), section 3, appendix B.2.2.
 */
import { log } from '../../engine/math/index.ts';
import type { OptionDef } from '../define-attack.ts';
import { auc, rank } from '../metrics/index.ts';
import { PROBABILITY_FLOOR, shareBelow } from '../score/index.ts';
import { finish, type Slices } from '../slices.ts';
import { bySide, heldOut, type Observations, withTarget } from './references.ts';

export interface RmiaOptions {
  readonly mode: 'online' | 'offline';
  /** how p_in follows p_out, 0 to 1 */
  readonly a: number;
  readonly gamma: number;
}

/** What Zarifzadeh et al. use on CIFAR-10; for where there is no model to tune a on. */
export const USUAL_A = 0.3;

export const gammaOption = {
  about: 'how many times the ratio of a population record a member has to exceed; moves scores, not their order',
  default: 1,
  min: 1e-3,
  max: 1e3,
} as const satisfies OptionDef;

/** Scores of all records, higher for members [n]. */
export function rmiaScores(records: Observations, population: Observations, o: RmiaOptions): Float64Array {
  const beaten = logRatios(population, o).sort();
  const shift = log(o.gamma);
  return logRatios(records, o).map((v) => shareBelow(beaten, v - shift));
}

/**
 * log p(x | target) / p(x) of each record [n]. A record that every model knows gets the mean p_out of all records, one
 * that none knows the p_in that a predicts.
 */
export function logRatios(o: Observations, { mode, a }: Pick<RmiaOptions, 'mode' | 'a'>): Float64Array {
  const [inside, outside] = [meanOf(o, 1), meanOf(o, 0)];
  const typical = meanOfNumbers(outside.filter((p) => !Number.isNaN(p)));
  return o.target[0]!.map((p, i) => {
    const out = Number.isNaN(outside[i]!) ? typical : outside[i]!;
    const follows = a * out + 1 - a;
    const own = mode === 'online' && !Number.isNaN(inside[i]!) ? inside[i]! : follows;
    return log(p + PROBABILITY_FLOOR) - log((own + out) / 2 + PROBABILITY_FLOOR);
  });
}

const meanOfNumbers = (values: Float64Array) =>
  values.length > 0 ? values.reduce((a, b) => a + b, 0) / values.length : 0;

/** Mean over the models on one side of each record [n], NaN where there is none. */
function meanOf({ target, models, trainedOn }: Observations, side: 0 | 1): Float64Array {
  const n = target[0]!.length;
  const sums = new Float64Array(n);
  const counts = new Int32Array(n);
  for (const [m, marks] of trainedOn.entries()) {
    for (let i = 0; i < n; i++) {
      if (marks[i] !== side) continue;
      sums[i]! += models[m]![0]![i]!;
      counts[i]!++;
    }
  }
  return sums.map((sum, i) => sum / counts[i]!);
}

/**
 * The a that predicts p_in best where both sides are known: least squares of 1 - p_in = a (1 - p_out) over the records,
 * limited to 0 .. 1; null where no record has both.
 */
export function fittedA(o: Observations): number | null {
  const [inside, outside] = [meanOf(o, 1), meanOf(o, 0)];
  let [cross, square, both] = [0, 0, 0];
  for (let i = 0; i < inside.length; i++) {
    if (Number.isNaN(inside[i]! + outside[i]!)) continue;
    cross += (1 - inside[i]!) * (1 - outside[i]!);
    square += (1 - outside[i]!) ** 2;
    both++;
  }
  if (both === 0) return null;
  return square > 0 ? Math.min(1, Math.max(0, cross / square)) : 1;
}

/**
 * The a of 0, 0.1 .. 1 with which the offline attack on reference models, each with the help of the others, has the largest
 * AUC; the first of equally good ones; null where none can be attacked. The target is not asked. For one target the score rises
 * with the ratio, so the population plays no part in the AUC.
 */
export const tunedA = (records: Observations): number | null => finish(tunedASlices(records));

/** The same in slices of a few milliseconds. */
export function* tunedASlices(records: Observations): Slices<number | null> {
  const attacked = heldOut(records.trainedOn);
  if (attacked.length === 0) return null;
  let [best, most] = [0, -1];
  for (let step = 0; step <= 10; step++) {
    let sum = 0;
    for (const j of attacked) {
      const scores = logRatios(withTarget(records, j), { mode: 'offline', a: step / 10 });
      sum += auc(rank(bySide(scores, records.trainedOn[j]!)));
      yield;
    }
    if (sum > most) [best, most] = [step / 10, sum];
  }
  return best;
}
