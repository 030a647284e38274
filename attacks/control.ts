/**
 * The control: a classifier that sees the records and never the model. Members and non-members drawn from one source at
 * random cannot be told apart by it; where it can (non-members collected later, or elsewhere), every attack on the model
 * "succeeds" for the same reason, and its numbers say nothing about memory.
 *
 *   AUC of cross-validated decisions, members against non-members, +- z c sd at 99.9 %, sd by DeLong's formula;
 *   broken when the lower end is above 0.5 and AUC - 0.5 > z c sqrt((m + n + 1) / (12 m n)), the error of a useless ranking.
 *
 * The models of k folds share training rows, so their errors do not average out as those of independent records would:
 * c = sqrt(1 + k / (k - 1)), 1.5 for five folds (Nadeau and Bengio 2003, Inference for the generalization error, Machine
 * Learning 52, section 3; 1.35 was measured on random splits, where c = 1 gave alarms in every hundredth).
 *
 * Source: blind baselines as in Das, Zhang and Tramèr 2024, Blind baselines beat membership inference attacks for
 * foundation models; the variance under the null is that of Mann and Whitney 1947.
 */
import { Pacer, type Rng, type Rows, type Shape } from '../engine/index.ts';
import { fitLogistic } from '../engine/learn/index.ts';
import { deLong, deLongVariance, type Estimate, normalQuantile, rank } from './metrics/index.ts';

export interface ControlOptions {
  readonly members: Rows;
  readonly nonMembers: Rows;
  /** of one record; images are [height, width, channels] */
  readonly inputShape: Shape;
  readonly classes: number;
  readonly rng: Rng;
  /** default 5 */
  readonly folds?: number;
  readonly signal?: AbortSignal;
}

export interface Control {
  /** what tells members from non-members without the model; 0.5 is as it should be. At 99.9 % confidence */
  readonly auc: Estimate;
  readonly folds: number;
  /** numbers that the classifier saw of each record */
  readonly features: number;
  readonly broken: boolean;
  readonly warning: SplitWarning | null;
}

export interface SplitWarning {
  readonly code: 'broken-split' | 'overlap' | 'scaling';
  readonly message: string;
}

const CONFIDENCE = 0.999;
/** with fewer on either side the normal approximation of the interval means little */
const FEWEST = 20;
/** of each side, for the fit of a fold; all of them are judged */
const MOST_FITTED = 2000;

/**
 * Whether members and non-members can be told apart without the model; null with fewer than 20 of either.
 * @throws the signal's reason
 */
export async function controlClassifier(o: ControlOptions): Promise<Control | null> {
  const { members, nonMembers, rng, folds = 5 } = o;
  const [m, n] = [members.y.length, nonMembers.y.length];
  if (Math.min(m, n) < FEWEST) return null;
  const pacer = new Pacer(o.signal);
  const inside = summaries(members, o);
  await pacer.breathe();
  const outside = summaries(nonMembers, o);
  await pacer.breathe();
  const width = inside.length / m;
  // folds of equal shares of both sides: a fold with more members would leave fewer to learn from, and shift its scores
  const [foldOfMember, foldOfNonMember] = [rng.split('member folds'), rng.split('non-member folds')].map((r, side) =>
    r.permutation(side === 0 ? m : n).map((place) => place % folds),
  ) as [Int32Array, Int32Array];
  const scores = { members: new Float64Array(m), nonMembers: new Float64Array(n) };
  for (let fold = 0; fold < folds; fold++) {
    const parts = [
      { x: inside, rows: others(foldOfMember, fold), label: 1 },
      { x: outside, rows: others(foldOfNonMember, fold), label: 0 },
    ];
    const x = new Float64Array(parts.reduce((sum, { rows }) => sum + rows.length, 0) * width);
    const y: number[] = [];
    for (const { x: from, rows, label } of parts) {
      for (const row of rows) {
        x.set(from.subarray(row * width, (row + 1) * width), y.length * width);
        y.push(label);
      }
    }
    const model = fitLogistic(x, y);
    await pacer.breathe();
    judge(scores.members, inside, foldOfMember, fold, width, model.decision);
    judge(scores.nonMembers, outside, foldOfNonMember, fold, width, model.decision);
    await pacer.breathe();
  }
  const ranking = rank(scores);
  const estimate = deLong({ ranking, confidence: CONFIDENCE });
  const value = estimate.value!;
  const z = normalQuantile((1 + CONFIDENCE) / 2) * Math.sqrt(1 + folds / (folds - 1));
  const half = z * Math.sqrt(deLongVariance(ranking));
  const auc = { ...estimate, low: Math.max(0, value - half), high: Math.min(1, value + half) };
  const broken = auc.low > 0.5 && value - 0.5 > z * Math.sqrt((m + n + 1) / (12 * m * n));
  return { auc, folds, features: width, broken, warning: broken ? brokenSplit(auc) : null };
}

function brokenSplit({ value, low }: Estimate): SplitWarning {
  return {
    code: 'broken-split',
    message:
      'The split looks broken: a classifier that never sees the model tells members from non-members with an AUC of ' +
      `${value!.toFixed(3)} (99.9 %: at least ${low.toFixed(3)}). Draw both at random from one source, or no attack's number ` +
      'says anything about the model.',
  };
}

function others(foldOf: Int32Array, fold: number): number[] {
  const rows: number[] = [];
  for (const [row, own] of foldOf.entries()) if (own !== fold && rows.length < MOST_FITTED) rows.push(row);
  return rows;
}

function judge(
  into: Float64Array,
  x: Float64Array,
  foldOf: Int32Array,
  fold: number,
  width: number,
  decision: (row: ArrayLike<number>) => number,
): void {
  for (const [row, own] of foldOf.entries())
    if (own === fold) into[row] = decision(x.subarray(row * width, (row + 1) * width));
}

/** inputs of at most so many values are taken as they are, longer ones by their moments and by projections */
const MOST_RAW = 32;
const PROJECTIONS = 16;
const MOST_CLASSES = 16;

/**
 * What the classifier sees of each record, row-major: the input, or mean and standard deviation per channel and random
 * projections of it; and its class, where there are few.
 */
function summaries({ x, y }: Rows, { inputShape, classes, rng }: ControlOptions): Float64Array {
  const length = x.length / y.length;
  const channels = inputShape.length === 3 ? inputShape[2]! : 1;
  const raw = length <= MOST_RAW;
  const classWidth = classes <= MOST_CLASSES ? classes : 0;
  const width = (raw ? length : 2 * channels + PROJECTIONS) + classWidth;
  const out = new Float64Array(y.length * width);
  const signs = raw ? null : projectionSigns(rng.split('projections'), length);
  for (const [row, label] of y.entries()) {
    const input = x.subarray(row * length, (row + 1) * length);
    const into = out.subarray(row * width, (row + 1) * width);
    if (signs) summarise(input, channels, signs, into);
    else into.set(input);
    if (classWidth > 0) into[width - classWidth + label] = 1;
  }
  return out;
}

function summarise(input: ArrayLike<number>, channels: number, signs: Int32Array, into: Float64Array): void {
  const pixels = input.length / channels;
  for (let c = 0; c < channels; c++) {
    let mean = 0;
    let square = 0;
    for (let i = c; i < input.length; i += channels) mean += input[i]! / pixels;
    for (let i = c; i < input.length; i += channels) square += (input[i]! - mean) ** 2 / pixels;
    into[2 * c] = mean;
    into[2 * c + 1] = Math.sqrt(square);
  }
  const first = 2 * channels;
  for (let i = 0; i < input.length; i++) {
    const value = input[i]!;
    const bits = signs[i]!;
    for (let p = 0; p < PROJECTIONS; p++) into[first + p]! += (bits >> p) & 1 ? value : -value;
  }
}

/** One bit for each projection of each value: plus or minus. */
function projectionSigns(rng: Rng, length: number): Int32Array {
  return Int32Array.from({ length }, () => rng.uint32());
}
