/**
 * The privacy risk score of a record: the posterior probability that it is a member, given what the attack sees of it,
 *
 *   r(s) = pi p(s | member) / (pi p(s | member) + (1 - pi) p(s | non-member)),   pi = 1/2,
 *
 * with the two densities counted on models whose members are known (shadow models), class by class. No label of the
 * target's own members enters it.
 *
 * Densities are histograms over bins that hold equally many shadow records, half a record added to each, so that a bin of
 * three members does not promise certainty. A higher score means more likely a member, so neighbouring bins that say
 * otherwise are merged (pool adjacent violators: isotonic regression); `monotone: false` leaves the plain histogram.
 *
 * Source: Song and Mittal 2021, Systematic evaluation of privacy risks of machine learning models (USENIX Security),
 * definition 1 (privacy risk score) with class-wise shadow histograms; Ayer et al. 1955 for the merging.
 */
import { checkAligned, type LabelledScores } from './per-class.ts';

export interface RiskOptions extends LabelledScores {
  /** P(member) before the score is seen; default 1/2 */
  readonly prior?: number;
  /** default true */
  readonly monotone?: boolean;
  /** a class with fewer shadow members, or non-members, is judged by the records of all classes; default 30 */
  readonly fewestPerClass?: number;
}

export interface RiskModel {
  /** P(member | score) for a record of that class */
  risk(score: number, label: number): number;
  /** the classes that had shadow records, but too few of their own */
  readonly pooled: readonly number[];
}

/** @throws RangeError without members or without non-members, and for a prior outside (0, 1) */
export function fitRisk(o: RiskOptions): RiskModel {
  const { scores, labels, isMember, prior = 0.5, monotone = true, fewestPerClass = 30 } = o;
  checkAligned(o);
  if (!(prior > 0 && prior < 1)) throw new RangeError(`fitRisk: expected a prior between 0 and 1, got ${prior}.`);
  const byClass = new Map<number, Sides>();
  const all: Sides = { members: [], nonMembers: [] };
  for (let i = 0; i < scores.length; i++) {
    const own = byClass.get(labels[i]!) ?? { members: [], nonMembers: [] };
    byClass.set(labels[i]!, own);
    for (const sides of [own, all]) (isMember[i] ? sides.members : sides.nonMembers).push(scores[i]!);
  }
  if (all.members.length === 0 || all.nonMembers.length === 0) {
    throw new RangeError(
      `fitRisk: expected shadow members and non-members, got ${all.members.length} and ${all.nonMembers.length}.`,
    );
  }
  const settings = { prior, monotone };
  const common = posterior(all, settings);
  const own = new Map<number, (score: number) => number>();
  const pooled: number[] = [];
  for (const [label, sides] of [...byClass].sort(([a], [b]) => a - b)) {
    if (Math.min(sides.members.length, sides.nonMembers.length) < fewestPerClass) pooled.push(label);
    else own.set(label, posterior(sides, settings));
  }
  return { risk: (score, label) => (own.get(label) ?? common)(score), pooled };
}

interface Sides {
  readonly members: number[];
  readonly nonMembers: number[];
}

const MOST_BINS = 50;

interface Block {
  members: number;
  nonMembers: number;
  /** of the histogram, merged in it */
  bins: number;
  /** the lowest score that belongs to it */
  from: number;
}

/** Score -> P(member | score), from the scores of one class. */
function posterior(
  { members, nonMembers }: Sides,
  { prior, monotone }: { prior: number; monotone: boolean },
): (score: number) => number {
  const bins = histogram(members, nonMembers);
  const n = bins.length;
  const value = (b: Block) => {
    const inside = (prior * (b.members + b.bins / 2)) / (members.length + n / 2);
    const outside = ((1 - prior) * (b.nonMembers + b.bins / 2)) / (nonMembers.length + n / 2);
    return inside / (inside + outside);
  };
  const blocks: Block[] = [];
  for (const bin of bins) {
    let block = bin;
    for (let last = blocks.at(-1); monotone && last && value(last) >= value(block); last = blocks.at(-1)) {
      blocks.pop();
      block = {
        members: last.members + block.members,
        nonMembers: last.nonMembers + block.nonMembers,
        bins: last.bins + block.bins,
        from: last.from,
      };
    }
    blocks.push(block);
  }
  const values = blocks.map(value);
  return (score) => {
    let at = 0;
    while (at + 1 < blocks.length && score >= blocks[at + 1]!.from) at++;
    return values[at]!;
  };
}

/** About sqrt(n) bins with equally many records each; equal scores share a bin. */
function histogram(members: readonly number[], nonMembers: readonly number[]): Block[] {
  const inside = Float64Array.from(members).sort();
  const outside = Float64Array.from(nonMembers).sort();
  const sorted = Float64Array.from([...members, ...nonMembers]).sort();
  const count = Math.max(1, Math.min(MOST_BINS, Math.floor(Math.sqrt(sorted.length))));
  const edges = new Set<number>();
  for (let b = 1; b < count; b++) {
    const edge = sorted[Math.floor((b * sorted.length) / count)]!;
    if (edge > sorted[0]!) edges.add(edge);
  }
  const starts = [-Infinity, ...edges];
  let [i, j] = [0, 0];
  return starts.map((from, b) => {
    const end = starts[b + 1] ?? Infinity;
    const block = { members: 0, nonMembers: 0, bins: 1, from };
    const last = b + 1 === starts.length;
    for (; i < inside.length && (last || inside[i]! < end); i++) block.members++;
    for (; j < outside.length && (last || outside[j]! < end); j++) block.nonMembers++;
    return block;
  });
}

export interface ExposedOptions {
  /** P(member | score) of each record [n] */
  readonly risks: ArrayLike<number>;
  /** breaks ties of the risk [n] */
  readonly scores: ArrayLike<number>;
  readonly isMember: ArrayLike<number | boolean>;
  /** how many; default 20 */
  readonly most?: number;
}

/** The members with the highest risk, highest first, as places among the records. */
export function mostExposed({ risks, scores, isMember, most = 20 }: ExposedOptions): number[] {
  const members = Array.from(risks, (_, i) => i).filter((i) => isMember[i]);
  return members.sort((a, b) => risks[b]! - risks[a]! || scores[b]! - scores[a]! || a - b).slice(0, most);
}
