/** The ROC curve and the numbers read off it. A record is called a member when its score >= the threshold. */
import { log1p } from '../../engine/math/index.ts';
import type { Ranking } from './ranking.ts';

export interface RocCurve {
  /** [k] nondecreasing from 0 to 1 */
  readonly fpr: number[];
  /** [k] nondecreasing from 0 to 1 */
  readonly tpr: number[];
}

/** Below this many expected false positives a rate is noise: with 10, its relative standard error is still about 1/3. */
export const MIN_FALSE_POSITIVES = 10;

// products such as 0.001 * 10000 and 0.29 * 100 come out just beside the integer they mean
const SLACK = 1e-9;

/** Whether so many non-members can resolve this false-positive rate: nonMembers * fpr >= 10. */
export function isResolved(o: { nonMembers: number; fpr: number }): boolean {
  return o.nonMembers * o.fpr >= MIN_FALSE_POSITIVES - SLACK;
}

/** The smallest number of non-members that resolves this false-positive rate. */
export function nonMembersNeeded(fpr: number): number {
  return Math.ceil(MIN_FALSE_POSITIVES / fpr - SLACK);
}

/** The largest number of false positives that keeps the rate at or below fpr. */
export function falsePositivesAllowed(o: { nonMembers: number; fpr: number }): number {
  return Math.floor(o.nonMembers * o.fpr + SLACK);
}

/** The full curve: one point per distinct score, so that tied scores make one (diagonal) step; starts at (0, 0). */
export function rocCurve(r: Ranking): RocCurve {
  const fpr = [0];
  const tpr = [0];
  let m = 0;
  let n = 0;
  for (let g = 0; g < r.scores.length; g++) {
    m += r.memberCounts[g]!;
    n += r.nonMemberCounts[g]!;
    fpr.push(n / r.nonMembers);
    tpr.push(m / r.members);
  }
  return { fpr, tpr };
}

/**
 * The area under the curve: P(member's score > non-member's) + P(equal) / 2, the Mann-Whitney statistic.
 * Source: Hanley and McNeil 1982, Radiology 143.
 */
export function auc(r: Ranking): number {
  let wins = 0;
  let m = 0;
  for (let g = 0; g < r.scores.length; g++) {
    wins += r.nonMemberCounts[g]! * (m + r.memberCounts[g]! / 2);
    m += r.memberCounts[g]!;
  }
  return wins / (r.members * r.nonMembers);
}

/**
 * The largest TPR among thresholds whose FPR <= fpr. No interpolation: a threshold inside a tie does not exist, so ties
 * count against the attacker, and an attack with a single operating point above fpr has TPR 0 here.
 */
export function tprAt(r: Ranking, fpr: number): number {
  const allowed = falsePositivesAllowed({ nonMembers: r.nonMembers, fpr });
  let m = 0;
  let n = 0;
  for (let g = 0; g < r.scores.length; g++) {
    n += r.nonMemberCounts[g]!;
    if (n > allowed) break;
    m += r.memberCounts[g]!;
  }
  return m / r.members;
}

/**
 * At most about `points` points of the curve, for storage and plots: a point is kept when the curve has moved far enough
 * since the last one, where distance counts each axis both linearly and logarithmically, so that the steps at low FPR all
 * survive. Points are picked, never averaged; both ends stay.
 */
export function thinRoc(curve: RocCurve, o: { points?: number; members: number; nonMembers: number }): RocCurve {
  const { points = 400, members, nonMembers } = o;
  const last = curve.fpr.length - 1;
  if (last < points) return curve;
  const axis = (rate: number, n: number) => rate + (2 * log1p(rate * n)) / log1p(n);
  const place = (i: number) => axis(curve.fpr[i]!, nonMembers) + axis(curve.tpr[i]!, members);
  const stride = place(last) / (points - 2);
  const fpr = [0];
  const tpr = [0];
  let reached = 0;
  for (let i = 1; i <= last; i++) {
    if (i < last && place(i) - reached < stride) continue;
    reached = place(i);
    fpr.push(curve.fpr[i]!);
    tpr.push(curve.tpr[i]!);
  }
  return { fpr, tpr };
}
