/** Member and non-member scores counted into common bins, for plots. */
import type { Scores } from './ranking.ts';

export interface ScoreHistogram {
  /** [bins + 1] increasing */
  readonly edges: number[];
  /** [bins] */
  readonly members: number[];
  readonly nonMembers: number[];
}

/**
 * Equal bins over the central 99 % of all scores together; what lies beyond, infinities included, is counted in the outer
 * bins, so that one extreme score does not squeeze all others into a single bin.
 */
export function scoreHistogram({ members, nonMembers, bins = 40 }: Scores & { bins?: number }): ScoreHistogram {
  const all = new Float64Array(members.length + nonMembers.length);
  all.set(members);
  all.set(nonMembers, members.length);
  const finite = all.filter(Number.isFinite).sort();
  const at = (share: number) => finite[Math.round(share * (finite.length - 1))] ?? 0;
  let low = at(0.005);
  let high = at(0.995);
  if (!(high > low)) {
    low -= 0.5;
    high += 0.5;
  }
  const edges = Array.from({ length: bins + 1 }, (_, i) => (i === bins ? high : low + ((high - low) * i) / bins));
  const count = (scores: Float64Array) => {
    const counts = new Array<number>(bins).fill(0);
    for (const s of scores) {
      const bin = Math.floor(((s - low) / (high - low)) * bins);
      counts[Math.max(0, Math.min(bins - 1, bin))]!++;
    }
    return counts;
  };
  return { edges, members: count(members), nonMembers: count(nonMembers) };
}
