/**
 * DeLong's variance of the AUC, and the normal interval from it: no resampling, and a cross-check of the bootstrap.
 *
 *   V10_i = P(score_i > non-member) + P(equal)/2 for each member, V01_j likewise for each non-member,
 *   var(AUC) = var(V10) / members + var(V01) / nonMembers,   sample variances.
 *
 * Two attacks on the same records: their V10 and V01 are correlated, and
 *
 *   var(AUC_a - AUC_b) = var(V10_a - V10_b) / members + var(V01_a - V01_b) / nonMembers.
 *
 * Source: DeLong, DeLong and Clarke-Pearson 1988, Biometrics 44; placements as in Sun and Xu 2014.
 */
import { normalCdf, normalQuantile } from '../../privacy/maths/index.ts';
import { checkConfidence, DEFAULT_CONFIDENCE, type Estimate } from './estimate.ts';
import { groupsOf, type Ranking, rank, type Scores } from './ranking.ts';
import { auc } from './roc.ts';

export function deLongVariance(r: Ranking): number {
  if (r.members < 2 || r.nonMembers < 2) return Infinity;
  const mean = auc(r);
  let memberSquares = 0;
  let nonMemberSquares = 0;
  let m = 0;
  let n = 0;
  for (let g = 0; g < r.scores.length; g++) {
    const mg = r.memberCounts[g]!;
    const ng = r.nonMemberCounts[g]!;
    memberSquares += mg * ((r.nonMembers - n - ng / 2) / r.nonMembers - mean) ** 2;
    nonMemberSquares += ng * ((m + mg / 2) / r.members - mean) ** 2;
    m += mg;
    n += ng;
  }
  return memberSquares / (r.members * (r.members - 1)) + nonMemberSquares / (r.nonMembers * (r.nonMembers - 1));
}

/** AUC +- z sqrt(var), cut to [0, 1]. Too narrow where AUC is close to 0 or 1. */
export function deLong(o: { ranking: Ranking; confidence?: number }): Estimate {
  const { ranking, confidence = DEFAULT_CONFIDENCE } = o;
  checkConfidence(confidence);
  const value = auc(ranking);
  const half = normalQuantile((1 + confidence) / 2) * Math.sqrt(deLongVariance(ranking));
  return {
    value,
    low: Math.max(0, value - half),
    high: Math.min(1, value + half),
    n: ranking.members + ranking.nonMembers,
    confidence,
    method: 'delong',
  };
}

export interface DeLongDifference {
  /** AUC_a - AUC_b +- z sqrt(var) */
  readonly difference: Estimate;
  /** two-sided, of the hypothesis that the two AUCs are equal; null where the variance is 0 */
  readonly pValue: number | null;
}

/** @param o.a,o.b scores of two attacks, member i of both being the same record, and non-member j likewise */
export function deLongDifference(o: { a: Scores; b: Scores; confidence?: number }): DeLongDifference {
  const { a, b, confidence = DEFAULT_CONFIDENCE } = o;
  checkConfidence(confidence);
  checkPaired(a, b);
  const [ra, rb] = [rank(a), rank(b)];
  const [pa, pb] = [placements(a, ra), placements(b, rb)];
  const value = auc(ra) - auc(rb);
  const variance =
    varianceOfDifference(pa.members, pb.members) / ra.members +
    varianceOfDifference(pa.nonMembers, pb.nonMembers) / ra.nonMembers;
  const sd = Math.sqrt(variance);
  const half = normalQuantile((1 + confidence) / 2) * sd;
  const n = ra.members + ra.nonMembers;
  return {
    difference: {
      value,
      low: Math.max(-1, value - half),
      high: Math.min(1, value + half),
      n,
      confidence,
      method: 'delong',
    },
    pValue: sd > 0 ? 2 * normalCdf(-Math.abs(value) / sd) : null,
  };
}

/** V10 of each member and V01 of each non-member, in their own order. */
function placements(scores: Scores, r: Ranking): Scores {
  const memberPlace = new Float64Array(r.scores.length);
  const nonMemberPlace = new Float64Array(r.scores.length);
  let m = 0;
  let n = 0;
  for (let g = 0; g < r.scores.length; g++) {
    memberPlace[g] = (r.nonMembers - n - r.nonMemberCounts[g]! / 2) / r.nonMembers;
    nonMemberPlace[g] = (m + r.memberCounts[g]! / 2) / r.members;
    m += r.memberCounts[g]!;
    n += r.nonMemberCounts[g]!;
  }
  const of = groupsOf(scores, r);
  return {
    members: Float64Array.from(of.members, (g) => memberPlace[g]!),
    nonMembers: Float64Array.from(of.nonMembers, (g) => nonMemberPlace[g]!),
  };
}

/** The sample variance of x - y; infinite for a single record. */
function varianceOfDifference(x: Float64Array, y: Float64Array): number {
  const n = x.length;
  if (n < 2) return Infinity;
  let mean = 0;
  for (let i = 0; i < n; i++) mean += (x[i]! - y[i]!) / n;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (x[i]! - y[i]! - mean) ** 2;
  return squares / (n - 1);
}

/** @throws RangeError unless both have scores for the same numbers of members and non-members */
export function checkPaired(a: Scores, b: Scores): void {
  if (a.members.length === b.members.length && a.nonMembers.length === b.nonMembers.length) return;
  throw new RangeError(
    `expected two attacks on the same records, got scores of ${a.members.length} members and ${a.nonMembers.length} ` +
      `non-members, and of ${b.members.length} and ${b.nonMembers.length}.`,
  );
}
