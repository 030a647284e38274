/**
 * A thresholded attack class by class: precision and recall within each class of the target's task, each with its exact
 * interval, and their medians over classes, which is how Shokri et al. 2017 (S&P), section VI, report an attack.
 *
 * Precision depends on the shares of members and non-members in the evaluation: guessing gets `baseline`, not 0.5, unless
 * there are as many of both. Balanced accuracy does not.
 */
import { finish } from '../slices.ts';
import { DRAWS_PER_SLICE, defaultResamples, percentileInterval } from './bootstrap.ts';
import { clopperPearson, DEFAULT_CONFIDENCE, type Estimate } from './estimate.ts';
import type { MetricRng } from './rng.ts';
import { type Confusion, thresholdMetrics } from './threshold.ts';

/** One entry for each record that the attack was asked about. */
export interface LabelledScores {
  /** higher means more likely a member [n] */
  readonly scores: ArrayLike<number>;
  /** class of the record in the target's task [n] */
  readonly labels: ArrayLike<number>;
  /** 1 or true for records that the target was trained on [n] */
  readonly isMember: ArrayLike<number | boolean>;
}

/** What the medians over classes are made of. */
export interface ClassCounts extends Confusion {
  readonly precision: Pick<Estimate, 'value'>;
  readonly recall: Pick<Estimate, 'value'>;
}

export interface ClassMetrics extends Confusion {
  readonly class: number;
  /** members / (members + nonMembers): the precision of guessing */
  readonly baseline: number;
  readonly precision: Estimate;
  readonly recall: Estimate;
  /** null where the class has members only, or non-members only */
  readonly balancedAccuracy: Estimate | null;
}

export interface PerClass {
  /** the classes that occur, in their order */
  readonly classes: readonly ClassMetrics[];
  /** over the classes in which the metric is defined; null where there is none */
  readonly median: {
    readonly precision: number | null;
    readonly recall: number | null;
    readonly balancedAccuracy: number | null;
  };
}

export function checkAligned({ scores, labels, isMember }: LabelledScores): void {
  if (labels.length === scores.length && isMember.length === scores.length) return;
  throw new RangeError(
    `expected a label and a membership for each of ${scores.length} scores, got ${labels.length} and ${isMember.length}.`,
  );
}

/** "score >= threshold: member", judged within each class. @throws RangeError for arrays of different lengths */
export function perClass(o: LabelledScores & { threshold: number; confidence?: number }): PerClass {
  const { scores, labels, isMember, threshold, confidence = DEFAULT_CONFIDENCE } = o;
  checkAligned(o);
  if (Number.isNaN(threshold)) throw new RangeError('perClass: expected a threshold, got NaN.');
  const counts = new Map<
    number,
    { truePositives: number; falsePositives: number; members: number; nonMembers: number }
  >();
  for (let i = 0; i < scores.length; i++) {
    const label = labels[i]!;
    const c = counts.get(label) ?? { truePositives: 0, falsePositives: 0, members: 0, nonMembers: 0 };
    const called = scores[i]! >= threshold ? 1 : 0;
    if (isMember[i]) {
      c.members++;
      c.truePositives += called;
    } else {
      c.nonMembers++;
      c.falsePositives += called;
    }
    counts.set(label, c);
  }
  const classes = [...counts]
    .sort(([a], [b]) => a - b)
    .map(([label, c]): ClassMetrics => {
      const { truePositives: hits, falsePositives, members, nonMembers } = c;
      const both = members > 0 && nonMembers > 0;
      return {
        class: label,
        ...c,
        baseline: members / (members + nonMembers),
        precision: clopperPearson({ hits, n: hits + falsePositives, confidence }),
        recall: clopperPearson({ hits, n: members, confidence }),
        balancedAccuracy: both ? thresholdMetrics({ ...c, confidence }).balancedAccuracy : null,
      };
    });
  const over = (pick: (c: ClassMetrics) => Estimate | null) =>
    median(classes.map((c) => pick(c)?.value ?? null).filter((value) => value !== null));
  return {
    classes,
    median: {
      precision: over((c) => c.precision),
      recall: over((c) => c.recall),
      balancedAccuracy: over((c) => c.balancedAccuracy),
    },
  };
}

export interface MedianOptions {
  readonly classes: readonly ClassCounts[];
  readonly rng: MetricRng;
  readonly confidence?: number;
  readonly resamples?: number;
}

export interface Medians {
  readonly precision: Estimate;
  readonly recall: Estimate;
}

/**
 * The medians over classes with percentile intervals of the parametric bootstrap: the hits among members and
 * non-members of each class are drawn again, so the interval says how the choice of records moves the median of these classes. `n` counts the classes.
 */
export function medianOverClasses(o: MedianOptions): Medians {
  return finish(medianSlices(o));
}

/** The same in slices of a few milliseconds, for those who share the thread. */
export function* medianSlices(o: MedianOptions): Generator<void, Medians, void> {
  const { classes, rng, confidence = DEFAULT_CONFIDENCE } = o;
  const resamples = o.resamples ?? defaultResamples(confidence);
  const records = classes.reduce((sum, c) => sum + c.members + c.nonMembers, 0);
  const perSlice = Math.ceil(DRAWS_PER_SLICE / Math.max(1, records));
  const draws = { precision: [] as number[], recall: [] as number[] };
  for (let b = 0; b < resamples; b++) {
    if (b % perSlice === perSlice - 1) yield;
    const precisions: number[] = [];
    const recalls: number[] = [];
    for (const c of classes) {
      const hits = binomial(c.members, c.truePositives, rng);
      const alarms = binomial(c.nonMembers, c.falsePositives, rng);
      if (hits + alarms > 0) precisions.push(hits / (hits + alarms));
      if (c.members > 0) recalls.push(hits / c.members);
    }
    const [p, r] = [median(precisions), median(recalls)];
    if (p !== null) draws.precision.push(p);
    if (r !== null) draws.recall.push(r);
  }
  const estimate = (name: keyof Medians): Estimate => {
    const values = classes.map((c) => c[name].value).filter((value) => value !== null);
    const common = { n: values.length, confidence, method: 'bootstrap' } as const;
    const value = median(values);
    // resamples without a defined value say nothing: with any of them, no interval is claimed
    if (value === null || draws[name].length < resamples) return { value, low: 0, high: 1, ...common };
    const { low, high } = percentileInterval(Float64Array.from(draws[name]), confidence);
    return { value, low: Math.min(low, value), high: Math.max(high, value), ...common };
  };
  return { precision: estimate('precision'), recall: estimate('recall') };
}

/**
 * How many of n records would be hits in another draw: binomial with the rate (hits + 1/2) / (n + 1), since resamples of
 * a class with only hits, or none, would all agree and claim certainty.
 */
function binomial(n: number, hits: number, rng: MetricRng): number {
  const below = ((hits + 0.5) / (n + 1)) * 2 ** 32;
  let count = 0;
  for (let i = 0; i < n; i++) if (rng.uint32() < below) count++;
  return count;
}

/** null: of none */
export function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
