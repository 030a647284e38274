/**
 * Scores sorted once: the distinct values in descending order, and how many members and non-members have each.
 * Every threshold metric is a sweep over this table, and a bootstrap resample is the same table with other counts.
 */
export interface Scores {
  /** one score per member of the training set; higher = the attack thinks it more likely a member */
  readonly members: Float64Array;
  /** one score per record that was not trained on */
  readonly nonMembers: Float64Array;
}

export interface Ranking {
  /** [g] distinct scores, highest first */
  readonly scores: Float64Array;
  /** [g] members with that score; sums to `members` */
  readonly memberCounts: Int32Array;
  /** [g] non-members with that score; sums to `nonMembers` */
  readonly nonMemberCounts: Int32Array;
  readonly members: number;
  readonly nonMembers: number;
}

/** Sorts and merges; infinite scores are fine, NaN and empty sides are errors. */
export function rank({ members, nonMembers }: Scores): Ranking {
  const m = sorted('members', members);
  const n = sorted('nonMembers', nonMembers);
  const scores = new Float64Array(m.length + n.length);
  const memberCounts = new Int32Array(scores.length);
  const nonMemberCounts = new Int32Array(scores.length);
  let i = m.length - 1;
  let j = n.length - 1;
  let groups = 0;
  while (i >= 0 || j >= 0) {
    const score = j < 0 || (i >= 0 && m[i]! > n[j]!) ? m[i]! : n[j]!;
    // an equal score of either side joins the same step: a threshold cannot fall between them
    for (; i >= 0 && m[i] === score; i--) memberCounts[groups]!++;
    for (; j >= 0 && n[j] === score; j--) nonMemberCounts[groups]!++;
    scores[groups++] = score;
  }
  return {
    scores: scores.slice(0, groups),
    memberCounts: memberCounts.slice(0, groups),
    nonMemberCounts: nonMemberCounts.slice(0, groups),
    members: m.length,
    nonMembers: n.length,
  };
}

/** For each member and each non-member, the place of its score in `ranking.scores`. */
export function groupsOf(
  { members, nonMembers }: Scores,
  { scores }: Ranking,
): { members: Int32Array; nonMembers: Int32Array } {
  const place = (score: number) => {
    let low = 0;
    let high = scores.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (scores[middle]! > score) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return { members: Int32Array.from(members, place), nonMembers: Int32Array.from(nonMembers, place) };
}

function sorted(name: string, values: Float64Array): Float64Array {
  if (values.length === 0) throw new RangeError(`rank: expected at least one score in ${name}, got none.`);
  const bad = values.findIndex(Number.isNaN);
  if (bad >= 0) {
    throw new RangeError(`rank: expected numbers, got NaN at ${name}[${bad}]. Check the target's outputs for NaN.`);
  }
  return Float64Array.from(values).sort();
}
