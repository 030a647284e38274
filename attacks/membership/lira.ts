/**
 * The likelihood-ratio attack on arrays. phi [views][n] are log-odds of the true class; for each record and view the models
 * that were trained on it give N(mu_in, s_in^2), the others N(mu_out, s_out^2), mu being medians.
 *
 *   online:   mean over views of log N(phi; mu_in, s_in^2) - log N(phi; mu_out, s_out^2)
 *   offline:  mean over views of z = (phi - mu_out) / s_out; the paper's Pr[Z <= z] rises with it, but is 1 from z = 8.3 on
 *
 * Source: Carlini et al. 2022, Membership inference attacks from first principles (S&P), algorithm 1, section IV and VI-B, and
 * plot.py; docs/decisions/reference-attacks.md says where the two differ and what is done here.
 */
import { log } from '../../engine/math/index.ts';
import { median } from '../score/index.ts';
import { finish, type Slices } from '../slices.ts';
import type { Observations } from './references.ts';

export interface LiraOptions {
  readonly mode: 'online' | 'offline';
  /**
   * Whose deviation is used: each record's own; one for all records, those in and those out together; one for all records
   * trained on, and one for the others. Offline the last two are the same
   */
  readonly variance: 'per-record' | 'shared' | 'apart';
}

/** Added to every deviation, as in plot.py: models that agree to the last bit leave a finite score. */
const STD_FLOOR = 1e-30;
const RECORDS_PER_SLICE = 4096;

/** What the models of one side say about each record. */
interface Side {
  /** models per record [n] */
  readonly count: Int32Array;
  /** [views][n], 0 where there is none */
  readonly middle: readonly Float64Array[];
  readonly std: readonly Float64Array[];
  /** sum of squared deviations from each record's own mean, and its degrees of freedom */
  readonly squares: number;
  readonly freedom: number;
}

/** Scores of all records, higher for members [n]. */
export const liraScores = (o: Observations, options: LiraOptions): Float64Array => finish(liraSlices(o, options));

/** The same in slices of a few milliseconds. */
export function* liraSlices(o: Observations, { mode, variance }: LiraOptions): Slices<Float64Array> {
  const { target } = o;
  const views = target.length;
  const n = target[0]!.length;
  const scores = new Float64Array(n);
  const outside = yield* sideOf(o, 0);
  const own = (side: Side, all: number) => (v: number, i: number) =>
    (variance === 'per-record' && side.count[i]! > 1 ? side.std[v]![i]! : all) + STD_FLOOR;
  if (mode === 'offline') {
    const std = own(outside, pooled(outside));
    for (let v = 0; v < views; v++) {
      const typical = meanWhere(outside.middle[v]!, (i) => outside.count[i]! > 0);
      for (let i = 0; i < n; i++) {
        const centre = outside.count[i]! > 0 ? outside.middle[v]![i]! : typical;
        scores[i]! += (target[v]![i]! - centre) / std(v, i) / views;
      }
      yield;
    }
    return scores;
  }
  const inside = yield* sideOf(o, 1);
  const together = variance === 'shared' ? pooled(inside, outside) : null;
  const stdIn = own(inside, together ?? pooled(inside));
  const stdOut = own(outside, together ?? pooled(outside));
  const both = (i: number) => inside.count[i]! > 0 && outside.count[i]! > 0;
  for (let v = 0; v < views; v++) {
    const [middleIn, middleOut] = [inside.middle[v]!, outside.middle[v]!];
    // a record that no model knows, or that all know, is taken to move as the others do when they are trained on
    const shift = meanWhere(
      middleIn.map((m, i) => m - middleOut[i]!),
      both,
    );
    for (let i = 0; i < n; i++) {
      const muIn = inside.count[i]! > 0 ? middleIn[i]! : middleOut[i]! + shift;
      const muOut = outside.count[i]! > 0 ? middleOut[i]! : middleIn[i]! - shift;
      const [sIn, sOut] = [stdIn(v, i), stdOut(v, i)];
      const zIn = (target[v]![i]! - muIn) / sIn;
      const zOut = (target[v]![i]! - muOut) / sOut;
      scores[i]! += (log(sOut / sIn) + (zOut * zOut - zIn * zIn) / 2) / views;
    }
    yield;
  }
  return scores;
}

function* sideOf({ target, models, trainedOn }: Observations, side: 0 | 1): Slices<Side> {
  const n = target[0]!.length;
  const count = new Int32Array(n);
  for (const marks of trainedOn) for (let i = 0; i < n; i++) if (marks[i] === side) count[i]!++;
  const zeros = () => target.map(() => new Float64Array(n));
  const [middle, std] = [zeros(), zeros()];
  const values = new Float64Array(models.length);
  let [squares, freedom] = [0, 0];
  for (let v = 0; v < target.length; v++) {
    for (let i = 0; i < n; i++) {
      if (i % RECORDS_PER_SLICE === RECORDS_PER_SLICE - 1) yield;
      let k = 0;
      for (let m = 0; m < models.length; m++) if (trainedOn[m]![i] === side) values[k++] = models[m]![v]![i]!;
      if (k === 0) continue;
      let mean = 0;
      for (let j = 0; j < k; j++) mean += values[j]! / k;
      let sum = 0;
      for (let j = 0; j < k; j++) sum += (values[j]! - mean) ** 2;
      squares += sum;
      freedom += k - 1;
      std[v]![i] = Math.sqrt(sum / k);
      middle[v]![i] = median(values, k);
    }
  }
  return { count, middle, std, squares, freedom };
}

/** The deviation within records; where no record has two models, 1: the scores then rank as any other would. */
function pooled(...sides: readonly Side[]): number {
  const total = (of: 'squares' | 'freedom') => sides.reduce((sum, side) => sum + side[of], 0);
  return total('freedom') > 0 ? Math.sqrt(total('squares') / total('freedom')) : 1;
}

/** The mean of the values whose index passes; 0 where none does. */
function meanWhere(values: Float64Array, passes: (i: number) => boolean): number {
  let [sum, count] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    if (!passes(i)) continue;
    sum += values[i]!;
    count++;
  }
  return count > 0 ? sum / count : 0;
}
