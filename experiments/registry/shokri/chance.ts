/**
 * How far an attack is from guessing, in words that its intervals support. Members and non-members are as many, so guessing has
 * a precision, and an AUC, of 50 %.
 *
 *   guessing   the intervals of AUC and of precision both hold 50 %, or end below it: nothing was shown
 *   near       one of them begins above 50 %, and both end within five points of it
 *   above      otherwise
 */
import { percent, rangeOf } from '../shares.ts';
import type { Judged } from './text.ts';

const GUESSING = 0.5;
/** A hair: points above guessing that an average attack may have, and still be called near it. */
const HAIR = 0.05;

export type Standing = 'guessing' | 'near' | 'above';

export function standingOf({ auc, precision }: Pick<Judged, 'auc' | 'precision'>): Standing {
  const shares = [auc, precision];
  if (shares.every(({ low }) => low <= GUESSING)) return 'guessing';
  return shares.every(({ high }) => high < GUESSING + HAIR) ? 'near' : 'above';
}

/** What an attack's standing is, with the intervals that say so, and whether a few records are found all the same. */
export function inWords(judged: Judged): string {
  const { auc, precision, tprAtFpr } = judged;
  const intervals = `AUC ${percent(auc.value)} ${rangeOf(auc)}, precision ${percent(precision.value)} ${rangeOf(precision)}`;
  const most = Math.max(auc.high, precision.high);
  const words = {
    guessing:
      most < GUESSING
        ? `is no better than guessing: the intervals end at ${percent(most)}`
        : `cannot be told from guessing: the intervals hold 50 %, and leave room up to ${percent(most)}`,
    near: 'is near guessing: above it, by less than five points',
    above: 'does better than guessing',
  }[standingOf(judged)];
  const rare = tprAtFpr['0.01'];
  const few =
    rare?.value != null && rare.low > 0.01
      ? ` At 1 % FPR it finds ${percent(rare.value)} ${rangeOf(rare)} of the members, more than the 1 % of guessing.`
      : '';
  return `${words} (${intervals}).${few}`;
}
