/**
 * The control: classifiers that see the records and never the model. Members and non-members drawn from one source at
 * random cannot be told apart by them; where they can be (non-members collected later, or elsewhere), every attack on the
 * model "succeeds" for the same reason, and its numbers say nothing about memory.
 *
 *   AUC of cross-validated decisions, members against non-members, +- z c sd, sd by DeLong's formula, z for 99.9 % of all
 *   the classifiers together (Bonferroni);
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
import { type BinaryModel, boostedTreesSteps, fitLogistic } from '../engine/learn/index.ts';
import { auc, deLongVariance, type Estimate, normalQuantile, rank, type Scores } from './metrics/index.ts';

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

/** What was tried: a linear boundary, and one of axis-parallel steps. */
export const controlClassifiers = ['logistic', 'boosted-trees'] as const;

export interface Control {
  /** how well each tells members from non-members without the model; 0.5 is as it should be */
  readonly classifiers: readonly { readonly name: (typeof controlClassifiers)[number]; readonly auc: Estimate }[];
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

/** the share of sound splits that may be called broken */
const ALPHA = 0.001;
/** with fewer on either side the normal approximation of the interval means little */
const FEWEST = 20;
/** the boundary need not be exact to judge by it */
const ENOUGH = { iterations: 8, tolerance: 1e-3 };
/** of each side, for the fit of a fold; all of them are judged */
const MOST_FITTED = 1000;

/**
 * Whether members and non-members can be told apart without the model, by inputs that are finite; null with fewer than 20 of either.
 * @throws the signal's reason
 */
export async function controlClassifier(o: ControlOptions): Promise<Control | null> {
  const { members, nonMembers, rng, folds = 5 } = o;
  const [m, n] = [members.y.length, nonMembers.y.length];
  if (Math.min(m, n) < FEWEST) return null;
  const pacer = new Pacer(o.signal);
  const inside = await summaries(members, o, pacer);
  const outside = await summaries(nonMembers, o, pacer);
  const width = inside.length / m;
  // folds of equal shares of both sides: a fold with more members would leave fewer to learn from, and shift its scores
  const [foldOfMember, foldOfNonMember] = [rng.split('member folds'), rng.split('non-member folds')].map((r, side) =>
    r.permutation(side === 0 ? m : n).map((place) => place % folds),
  ) as [Int32Array, Int32Array];
  const classifiers: Control['classifiers'][number][] = [];
  let broken: Estimate | null = null;
  for (const name of controlClassifiers) {
    const scores = { members: new Float64Array(m), nonMembers: new Float64Array(n) };
    for (let fold = 0; fold < folds; fold++) {
      const { x, y } = trainingRows([inside, outside], [foldOfMember, foldOfNonMember], fold, width);
      const model = name === 'logistic' ? fitLogistic(x, y, ENOUGH) : await growTrees(x, y, pacer);
      await pacer.breathe();
      judge(scores.members, inside, foldOfMember, fold, width, model.decision);
      judge(scores.nonMembers, outside, foldOfNonMember, fold, width, model.decision);
      await pacer.breathe();
    }
    const { auc, clear } = aucOf(scores, folds);
    classifiers.push({ name, auc });
    if (clear && !(broken && broken.low >= auc.low)) broken = auc;
  }
  const warning = broken ? brokenSplit(broken) : null;
  return { classifiers, folds, features: width, broken: broken !== null, warning };
}

/** The AUC with its interval, and whether it lies clearly above 0.5. */
function aucOf(scores: Scores, folds: number): { auc: Estimate; clear: boolean } {
  const ranking = rank(scores);
  const { members: m, nonMembers: n } = ranking;
  const confidence = 1 - ALPHA / controlClassifiers.length;
  const z = normalQuantile((1 + confidence) / 2) * Math.sqrt(1 + folds / (folds - 1));
  const value = auc(ranking);
  const half = z * Math.sqrt(deLongVariance(ranking));
  const [low, high] = [Math.max(0, value - half), Math.min(1, value + half)];
  const margin = z * Math.sqrt((m + n + 1) / (12 * m * n));
  return {
    auc: { value, low, high, n: m + n, confidence, method: 'delong' },
    clear: low > 0.5 && value - 0.5 > margin,
  };
}

function brokenSplit({ value, low }: Estimate): SplitWarning {
  return {
    code: 'broken-split',
    message:
      'The split looks broken: a classifier that never sees the model tells members from non-members with an AUC of ' +
      `${value!.toFixed(3)} (at least ${low.toFixed(3)} at 99.9 %). Draw both at random from one source, or no attack's number ` +
      'says anything about the model.',
  };
}

/** The rows of both sides that are not in the fold, with 1 for members; the same number of either side at most. */
function trainingRows(
  sides: readonly Float64Array[],
  foldOf: readonly Int32Array[],
  fold: number,
  width: number,
): { x: Float64Array; y: number[] } {
  const chosen = foldOf.map((own) => [...own.keys()].filter((row) => own[row] !== fold).slice(0, MOST_FITTED));
  const x = new Float64Array(chosen.reduce((sum, rows) => sum + rows.length, 0) * width);
  const y: number[] = [];
  for (const [side, rows] of chosen.entries()) {
    for (const row of rows) {
      x.set(sides[side]!.subarray(row * width, (row + 1) * width), y.length * width);
      y.push(1 - side);
    }
  }
  return { x, y };
}

async function growTrees(x: Float64Array, y: readonly number[], pacer: Pacer): Promise<BinaryModel> {
  const steps = boostedTreesSteps(x, y, { trees: 40, depth: 3, bins: 64 });
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    await pacer.breathe();
  }
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
 * What the classifiers see of each record, row-major: the input, or mean and standard deviation per channel and random
 * projections of it; and its class, where there are few.
 */
async function summaries({ x, y }: Rows, o: ControlOptions, pacer: Pacer): Promise<Float64Array> {
  const { inputShape, classes, rng } = o;
  const length = x.length / y.length;
  const channels = inputShape.length === 3 ? inputShape[2]! : 1;
  const raw = length <= MOST_RAW;
  const classWidth = classes <= MOST_CLASSES ? classes : 0;
  const width = (raw ? length : 2 * channels + PROJECTIONS) + classWidth;
  const out = new Float64Array(y.length * width);
  const sketch = raw ? null : sketchOf(rng.split('projections'), length);
  for (const [row, label] of y.entries()) {
    if (row % 64 === 63) await pacer.breathe();
    const input = x.subarray(row * length, (row + 1) * length);
    const into = out.subarray(row * width, (row + 1) * width);
    if (sketch) summarise(input, channels, sketch, into);
    else into.set(input);
    if (classWidth > 0) into[width - classWidth + label] = 1;
  }
  return out;
}

/** Each value of the input is added to one projection, or subtracted: sparse random projections (Charikar et al. 2002). */
interface Sketch {
  readonly place: Int32Array;
  readonly sign: Float64Array;
}

function sketchOf(rng: Rng, length: number): Sketch {
  const words = Uint32Array.from({ length }, () => rng.uint32());
  return {
    place: Int32Array.from(words, (word) => word % PROJECTIONS),
    sign: Float64Array.from(words, (word) => (word >= 2 ** 31 ? 1 : -1)),
  };
}

function summarise(input: ArrayLike<number>, channels: number, { place, sign }: Sketch, into: Float64Array): void {
  const pixels = input.length / channels;
  const first = 2 * channels;
  for (let i = 0; i < input.length; i++) {
    const value = input[i]!;
    into[i % channels]! += value / pixels;
    into[first + place[i]!]! += sign[i]! * value;
  }
  for (let i = 0; i < input.length; i++) {
    const rest = input[i]! - into[i % channels]!;
    into[channels + (i % channels)]! += (rest * rest) / pixels;
  }
  for (let c = channels; c < first; c++) into[c] = Math.sqrt(into[c]!);
}
