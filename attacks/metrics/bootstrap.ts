/**
 * The stratified bootstrap of a ranking: members and non-members are drawn separately and with replacement, as many as
 * there are, and every threshold is found again in each resample.
 *
 * A resample is a table of counts over the distinct scores, so nothing is ever sorted again: draws + one sweep.
 *
 * Source: Efron and Tibshirani 1993, An introduction to the bootstrap, chapters 8 and 13.
 */
import { finish } from '../slices.ts';
import { checkConfidence } from './estimate.ts';
import type { Ranking } from './ranking.ts';
import type { MetricRng } from './rng.ts';
import { falsePositivesAllowed } from './roc.ts';

export interface BootstrapDraws {
  /** [resamples] */
  readonly auc: Float64Array;
  /** one array [resamples] per false-positive rate asked for */
  readonly tprAt: readonly Float64Array[];
}

/** Enough resamples that at least 10 fall beyond each end of the interval, and no fewer than 1,000. */
export function defaultResamples(confidence: number): number {
  return Math.max(1000, Math.ceil(20 / (1 - confidence) - 1e-6));
}

export interface BootstrapOptions {
  readonly ranking: Ranking;
  readonly fprs: readonly number[];
  readonly rng: MetricRng;
  readonly resamples: number;
}

// About 5 ms of drawing: thousands of records resampled a thousand times would hold up a page for a good part of a second.
export const DRAWS_PER_SLICE = 1 << 17;

/** The draws, computed in slices: each yield is a chance to let others have the thread. */
export function* bootstrapSlices(o: BootstrapOptions): Generator<void, BootstrapDraws, void> {
  const { ranking: r, fprs, rng, resamples } = o;
  const groups = r.scores.length;
  const memberGroup = expand(r.memberCounts, r.members);
  const nonMemberGroup = expand(r.nonMemberCounts, r.nonMembers);
  const memberCounts = new Int32Array(groups);
  const nonMemberCounts = new Int32Array(groups);
  const allowed = Int32Array.from(fprs, (fpr) => falsePositivesAllowed({ nonMembers: r.nonMembers, fpr }));
  const mostAllowed = Math.max(-1, ...allowed);
  const hits = new Int32Array(fprs.length);
  const aucs = new Float64Array(resamples);
  const tprAt = fprs.map(() => new Float64Array(resamples));
  const perSlice = Math.ceil(DRAWS_PER_SLICE / (r.members + r.nonMembers));
  for (let b = 0; b < resamples; b++) {
    if (b % perSlice === perSlice - 1) yield;
    draw(memberGroup, memberCounts, rng);
    draw(nonMemberGroup, nonMemberCounts, rng);
    let wins = 0;
    let m = 0;
    let n = 0;
    hits.fill(0);
    for (let g = 0; g < groups; g++) {
      const mg = memberCounts[g]!;
      const ng = nonMemberCounts[g]!;
      wins += ng * (m + mg / 2);
      m += mg;
      n += ng;
      if (n <= mostAllowed) {
        for (let f = 0; f < hits.length; f++) if (n <= allowed[f]!) hits[f] = m;
      }
    }
    aucs[b] = wins / (r.members * r.nonMembers);
    for (let f = 0; f < hits.length; f++) tprAt[f]![b] = hits[f]! / r.members;
  }
  return { auc: aucs, tprAt };
}

export const bootstrap = (o: BootstrapOptions): BootstrapDraws => finish(bootstrapSlices(o));

/** [n]: for each record of one side, the index of its distinct score. */
function expand(counts: Int32Array, n: number): Int32Array {
  const group = new Int32Array(n);
  let at = 0;
  for (let g = 0; g < counts.length; g++) {
    group.fill(g, at, at + counts[g]!);
    at += counts[g]!;
  }
  return group;
}

function draw(groupOf: Int32Array, counts: Int32Array, rng: MetricRng): void {
  counts.fill(0);
  const scale = groupOf.length / 2 ** 32;
  for (let i = 0; i < groupOf.length; i++) counts[groupOf[Math.floor(rng.uint32() * scale)]!]!++;
}

/**
 * The percentile interval [q(alpha/2), q(1 - alpha/2)], with the order statistics k = floor((B + 1) alpha / 2) from
 * either end. Needs B >= 2 / alpha - 1 resamples to have any; throws otherwise. Sorts `draws`.
 */
export function percentileInterval(draws: Float64Array, confidence: number): { low: number; high: number } {
  checkConfidence(confidence);
  draws.sort();
  const k = Math.floor(((draws.length + 1) * (1 - confidence)) / 2 + 1e-9);
  if (k < 1) {
    const need = Math.ceil(2 / (1 - confidence) - 1e-6) - 1;
    throw new RangeError(
      `bootstrap: expected at least ${need} resamples for confidence ${confidence}, got ${draws.length}.`,
    );
  }
  return { low: draws[k - 1]!, high: draws[draws.length - k]! };
}
