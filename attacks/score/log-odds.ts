/**
 * The log-odds of the true class, phi = log(p_y / (1 - p_y)), from a row of logits or of probabilities.
 *
 * Computed as -log sum_{j != y} exp(z_j - z_y): p_y itself is never formed, so a model that is certain to 40 digits still
 * gets a finite, distinct score. Softmax first and log afterwards would give +-Infinity, and ties.
 *
 * Source: Carlini et al. 2022, Membership inference attacks from first principles (S&P), section IV-C and score.py.
 */
import { log } from '../../engine/math/index.ts';
import { logSumExpExcept } from './logistic.ts';

/** One model output. A saturated f32 softmax holds exact zeros: see PROBABILITY_FLOOR. */
export interface Output {
  readonly kind: 'logits' | 'probabilities';
  /** [classes] */
  readonly row: ArrayLike<number>;
  /** the true class of the record */
  readonly label: number;
}

/** The smallest positive f32, about 1.4e-45: added to probabilities before a logarithm, as in score.py (1e-45). */
export const PROBABILITY_FLOOR = 2 ** -149;

/** phi = log(p_y / (1 - p_y)), higher for members. Within +-104 from probabilities, unbounded from logits. */
export function logOdds({ kind, row, label }: Output): number {
  checkLabel(row, label);
  if (kind === 'logits') return -logSumExpExcept(row, label, row[label]!);
  // the others are summed: 1 - p_y would cancel, and an output cut to its top k does not sum to 1
  let rest = 0;
  for (let i = 0; i < row.length; i++) if (i !== label) rest += row[i]!;
  return log(row[label]! + PROBABILITY_FLOOR) - log(rest + PROBABILITY_FLOOR);
}

export function checkLabel(row: ArrayLike<number>, label: number): void {
  if (Number.isInteger(label) && label >= 0 && label < row.length) return;
  throw new RangeError(`score: expected a label from 0 to ${row.length - 1}, got ${label}.`);
}
