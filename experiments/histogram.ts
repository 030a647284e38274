import type { AuditAttack } from './audit-record.ts';

const BINS = 40;
/** share of the scores that each outer bin may take in, so that a few extreme ones do not flatten the rest */
const TRIM = 0.005;

/** Scores of members and non-members in shared bins; what lies beyond the outer edges is counted in the outer bins. */
export function histogram(members: Float64Array, nonMembers: Float64Array): AuditAttack['histogram'] {
  const all = Float64Array.from([...members, ...nonMembers]).sort();
  const distinct = new Set(all).size;
  const bins = Math.max(1, Math.min(BINS, distinct < BINS ? 2 * distinct - 1 : BINS));
  let low = all[Math.floor(TRIM * (all.length - 1))] ?? 0;
  let high = all[Math.ceil((1 - TRIM) * (all.length - 1))] ?? 1;
  if (!(high > low)) [low, high] = [low - 0.5, low + 0.5];
  const width = (high - low) / bins;
  const count = (scores: Float64Array) => {
    const counts = new Array<number>(bins).fill(0);
    for (const s of scores) counts[Math.max(0, Math.min(bins - 1, Math.floor((s - low) / width)))]!++;
    return counts;
  };
  return {
    edges: Array.from({ length: bins + 1 }, (_, i) => low + i * width),
    members: count(members),
    nonMembers: count(nonMembers),
  };
}
