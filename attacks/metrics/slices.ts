/**
 * The same attack on parts of the records: by class, by whether the target is right, by the values of a column.
 *
 * Slices are further looks at the same scores: of k intervals at 95 %, k / 20 miss by chance alone. A table therefore says
 * how many intervals it holds, and `allowed` widens one of them to hold together with all others (Bonferroni).
 */
import { normalQuantile } from '../../privacy/maths/index.ts';
import { finish } from '../slices.ts';
import { bootstrapSlices, defaultResamples } from './bootstrap.ts';
import { deLong } from './delong.ts';
import { clopperPearson, DEFAULT_CONFIDENCE, type Estimate } from './estimate.ts';
import { checkAligned, type LabelledScores } from './per-class.ts';
import { rank, type Scores } from './ranking.ts';
import type { MetricRng } from './rng.ts';
import { isResolved, tprAt } from './roc.ts';
import { DEFAULT_FPRS, intervalOf } from './summarise.ts';
import { confusionAt, thresholdMetrics } from './threshold.ts';

/** Records in named groups. */
export interface Groups {
  /** what they were grouped by: 'class', 'correct', the name of a column */
  readonly by: string;
  readonly names: readonly string[];
  /** place of each record's group in `names` [n]; -1: in none */
  readonly of: ArrayLike<number>;
}

export interface Slice {
  readonly value: string;
  readonly members: number;
  readonly nonMembers: number;
  /** fewer than `FEWEST` members or non-members: nothing is said about it */
  readonly tooSmall: boolean;
  readonly auc: Estimate | null;
  /** null without a threshold */
  readonly balancedAccuracy: Estimate | null;
  /** null where the slice's own non-members do not resolve the rate */
  readonly tprAtFpr: Readonly<Record<string, Estimate | null>>;
}

export interface SliceTable {
  readonly by: string;
  readonly slices: readonly Slice[];
  /** how many intervals there are in it */
  readonly looks: number;
}

/** A slice needs as many members, and as many non-members. */
export const FEWEST = 10;

export interface SliceOptions extends Omit<LabelledScores, 'labels'> {
  readonly groups: Groups;
  /** of the attack; null where it only ranks */
  readonly threshold: number | null;
  readonly rng: MetricRng;
  readonly confidence?: number;
  readonly fprs?: readonly number[];
}

/** One row for each group that has records. AUC by DeLong, TPR by the bootstrap, balanced accuracy by exact limits. */
export function sliceBy(o: SliceOptions): SliceTable {
  return finish(sliceBySlices(o));
}

/** The same in steps of a few milliseconds, for those who share the thread. */
export function* sliceBySlices(o: SliceOptions): Generator<void, SliceTable, void> {
  const { groups, scores, isMember } = o;
  checkAligned({ scores, isMember, labels: groups.of });
  const sides = groups.names.map(() => ({ members: [] as number[], nonMembers: [] as number[] }));
  for (let i = 0; i < scores.length; i++) {
    const side = sides[groups.of[i]!];
    if (side) (isMember[i] ? side.members : side.nonMembers).push(scores[i]!);
  }
  const slices: Slice[] = [];
  for (const [g, { members, nonMembers }] of sides.entries()) {
    if (members.length + nonMembers.length === 0) continue;
    const part = { members: Float64Array.from(members), nonMembers: Float64Array.from(nonMembers) };
    slices.push(yield* sliceOf(groups.names[g]!, part, o));
  }
  const estimates = slices.flatMap((s) => [s.auc, s.balancedAccuracy, ...Object.values(s.tprAtFpr)]);
  return { by: groups.by, slices, looks: estimates.filter((e) => e !== null).length };
}

function* sliceOf(value: string, part: Scores, o: SliceOptions): Generator<void, Slice, void> {
  const { threshold, rng, confidence = DEFAULT_CONFIDENCE, fprs = DEFAULT_FPRS } = o;
  const [members, nonMembers] = [part.members.length, part.nonMembers.length];
  const tooSmall = members < FEWEST || nonMembers < FEWEST;
  const tprAtFpr: Record<string, Estimate | null> = Object.fromEntries(fprs.map((fpr) => [String(fpr), null]));
  const head = { value, members, nonMembers, tooSmall };
  if (tooSmall) return { ...head, auc: null, balancedAccuracy: null, tprAtFpr };
  const ranking = rank(part);
  const resolved = fprs.filter((fpr) => isResolved({ nonMembers, fpr }));
  if (resolved.length > 0) {
    const resamples = defaultResamples(confidence);
    const draws = yield* bootstrapSlices({ ranking, fprs: resolved, rng, resamples });
    for (const [at, fpr] of resolved.entries()) {
      const estimate = { value: tprAt(ranking, fpr), n: members, confidence };
      tprAtFpr[String(fpr)] = intervalOf({ ...estimate, draws: draws.tprAt[at]!, pairs: members });
    }
  }
  const normal = deLong({ ranking, confidence });
  // at 0 and 1 DeLong's variance vanishes: disjoint pairs, as in `summarise`
  const pairs = Math.min(members, nonMembers);
  const extreme = normal.value === 0 || normal.value === 1;
  const auc = extreme ? clopperPearson({ hits: normal.value * pairs, n: pairs, confidence }) : normal;
  return {
    ...head,
    auc: { ...auc, n: members + nonMembers },
    balancedAccuracy:
      threshold === null
        ? null
        : thresholdMetrics({ ...confusionAt({ ...part, threshold }), confidence }).balancedAccuracy,
    tprAtFpr,
  };
}

/**
 * Whether the lower end stays above chance when the interval is widened, on the scale of a normal error, from level
 * 1 - alpha to level 1 - alpha / looks.
 */
export function aboveAfter(looks: number, e: Estimate, chance: number): boolean {
  if (e.value === null) return false;
  const z = (alpha: number) => -normalQuantile(alpha / 2);
  const widen = z((1 - e.confidence) / Math.max(1, looks)) / z(1 - e.confidence);
  return e.value - (e.value - e.low) * widen > chance;
}

/** Groups by a number: four of about equal size, cut at the quartiles. Equal numbers stay together; NaN is 'missing'. */
export function quartileGroups(by: string, values: ArrayLike<number>, show: (x: number) => string = String): Groups {
  const sorted = Float64Array.from(values)
    .filter((x) => !Number.isNaN(x))
    .sort();
  const cuts = [0.25, 0.5, 0.75].map((share) => sorted[Math.floor(share * sorted.length)]!);
  const edges = [...new Set(cuts)].filter((cut) => cut > sorted[0]!);
  const names = [
    ...(edges.length === 0 ? ['all'] : [`below ${show(edges[0]!)}`]),
    ...edges.map((edge, i) =>
      i + 1 < edges.length ? `${show(edge)} to ${show(edges[i + 1]!)}` : `${show(edge)} and above`,
    ),
    'missing',
  ];
  const of = Int32Array.from(values, (x) =>
    Number.isNaN(x) ? names.length - 1 : edges.filter((edge) => x >= edge).length,
  );
  return { by, names, of };
}
