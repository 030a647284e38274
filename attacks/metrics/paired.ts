/**
 * Is one attack better than another? Both see the same records, so their errors are correlated: the interval is that of
 * the difference, from resamples in which both attacks see the same records (members and non-members drawn separately).
 *
 * Two separate intervals that overlap prove nothing; a paired one that holds 0 is what "no difference seen" means.
 *
 * Source: Efron and Tibshirani 1993, An introduction to the bootstrap, chapter 8; for the AUC beside it DeLong et al. 1988.
 */
import { finish } from '../slices.ts';
import { DRAWS_PER_SLICE, defaultResamples, percentileInterval } from './bootstrap.ts';
import { type DeLongDifference, deLongDifference } from './delong.ts';
import { clopperPearson, DEFAULT_CONFIDENCE, type Estimate } from './estimate.ts';
import { groupsOf, rank, type Scores } from './ranking.ts';
import type { MetricRng } from './rng.ts';
import { auc, falsePositivesAllowed, isResolved, tprAt } from './roc.ts';
import { DEFAULT_FPRS } from './summarise.ts';

export interface PairedOptions {
  /** scores of two attacks: member i of both is the same record, and so is non-member j */
  readonly a: Scores;
  readonly b: Scores;
  readonly rng: MetricRng;
  readonly confidence?: number;
  readonly resamples?: number;
  /** default 0.1, 0.01, 0.001 */
  readonly fprs?: readonly number[];
}

/** Each value is that of a less that of b. */
export interface PairedDifference {
  readonly auc: Estimate;
  readonly deLong: DeLongDifference;
  /** keyed by String(fpr); null where the non-members do not resolve the rate */
  readonly tprAtFpr: Readonly<Record<string, Estimate | null>>;
}

export function pairedDifference(o: PairedOptions): PairedDifference {
  return finish(pairedSlices(o));
}

/** The same in slices of a few milliseconds, for those who share the thread. */
export function* pairedSlices(o: PairedOptions): Generator<void, PairedDifference, void> {
  const { a, b, rng, confidence = DEFAULT_CONFIDENCE, fprs = DEFAULT_FPRS } = o;
  const deLong = deLongDifference({ a, b, confidence });
  const [members, nonMembers] = [a.members.length, a.nonMembers.length];
  const resolved = fprs.filter((fpr) => isResolved({ nonMembers, fpr }));
  const allowed = resolved.map((fpr) => falsePositivesAllowed({ nonMembers, fpr }));
  const [first, second] = [resampler(a, allowed), resampler(b, allowed)];
  const resamples = o.resamples ?? defaultResamples(confidence);
  const aucs = new Float64Array(resamples);
  const tprs = resolved.map(() => new Float64Array(resamples));
  const [drawnMembers, drawnNonMembers] = [new Int32Array(members), new Int32Array(nonMembers)];
  const perSlice = Math.ceil(DRAWS_PER_SLICE / (2 * (members + nonMembers)));
  for (let s = 0; s < resamples; s++) {
    if (s % perSlice === perSlice - 1) yield;
    draw(drawnMembers, rng);
    draw(drawnNonMembers, rng);
    const [x, y] = [first(drawnMembers, drawnNonMembers), second(drawnMembers, drawnNonMembers)];
    aucs[s] = (x.wins - y.wins) / (members * nonMembers);
    for (const [f, draws] of tprs.entries()) draws[s] = (x.hits[f]! - y.hits[f]!) / members;
  }
  const [ra, rb] = [rank(a), rank(b)];
  const same = a.members === b.members && a.nonMembers === b.nonMembers;
  const estimate = (value: number, draws: Float64Array, n: number, trials: number): Estimate => {
    const { low, high } = percentileInterval(draws, confidence);
    // resamples that all agree would claim certainty: so many trials without a difference allow this much of one
    const rest = low === high && !same ? clopperPearson({ hits: 0, n: trials, confidence }).high : 0;
    return {
      value,
      low: Math.max(-1, Math.min(low, value) - rest),
      high: Math.min(1, Math.max(high, value) + rest),
      n,
      confidence,
      method: 'paired-bootstrap',
    };
  };
  const tprAtFpr = Object.fromEntries(
    fprs.map((fpr): [string, Estimate | null] => {
      const at = resolved.indexOf(fpr);
      if (at < 0) return [String(fpr), null];
      return [String(fpr), estimate(tprAt(ra, fpr) - tprAt(rb, fpr), tprs[at]!, members, members)];
    }),
  );
  const pairs = Math.min(members, nonMembers);
  return { auc: estimate(auc(ra) - auc(rb), aucs, members + nonMembers, pairs), deLong, tprAtFpr };
}

/** n record numbers, with replacement. */
function draw(records: Int32Array, rng: MetricRng): void {
  const scale = records.length / 2 ** 32;
  for (let i = 0; i < records.length; i++) records[i] = Math.floor(rng.uint32() * scale);
}

interface Resample {
  /** pairs won, ties as half */
  readonly wins: number;
  /** members found at each number of false positives allowed */
  readonly hits: Int32Array;
}

/** One attack's results on any resample of its records: counts over its distinct scores, and one sweep. */
function resampler(
  scores: Scores,
  allowed: readonly number[],
): (members: Int32Array, nonMembers: Int32Array) => Resample {
  const ranking = rank(scores);
  const of = groupsOf(scores, ranking);
  const groups = ranking.scores.length;
  const memberCounts = new Int32Array(groups);
  const nonMemberCounts = new Int32Array(groups);
  const hits = new Int32Array(allowed.length);
  return (members, nonMembers) => {
    memberCounts.fill(0);
    nonMemberCounts.fill(0);
    for (let i = 0; i < members.length; i++) memberCounts[of.members[members[i]!]!]!++;
    for (let i = 0; i < nonMembers.length; i++) nonMemberCounts[of.nonMembers[nonMembers[i]!]!]!++;
    let wins = 0;
    let m = 0;
    let n = 0;
    hits.fill(0);
    for (let g = 0; g < groups; g++) {
      wins += nonMemberCounts[g]! * (m + memberCounts[g]! / 2);
      m += memberCounts[g]!;
      n += nonMemberCounts[g]!;
      for (let f = 0; f < hits.length; f++) if (n <= allowed[f]!) hits[f] = m;
    }
    return { wins, hits };
  };
}
