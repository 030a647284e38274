/**
 * Gradient-boosted decision trees for two classes: a sum of small trees, each fitted to what the ones before leave of the log-loss.
 *
 * F_0 = log(positives / negatives); tree t is grown on g = p - y, h = p (1 - p) with p = sigmoid(F_{t-1}), and
 * F_t = F_{t-1} + learningRate * tree_t. f64, the engine's own exp: the same bits in every JavaScript engine.
 *
 * Source: Friedman 2001, Greedy function approximation (Annals of Statistics), algorithm 5; leaves by a Newton step with an
 * L2 penalty as in Chen & Guestrin 2016, XGBoost (KDD); subsampling: Friedman 2002, Stochastic gradient boosting.
 */
import { ConfigError } from '../../errors.ts';
import { exp, log, log1p, sigmoid } from '../../math/index.ts';
import type { Rng } from '../../random/index.ts';
import type { BinaryModel } from '../binary-model.ts';
import { type Binned, binFeatures, MOST_BINS } from './bins.ts';
import { type Grown, growTree, type Tree } from './grow.ts';

export interface BoostedTreesOptions {
  /** at most; default 100 */
  readonly trees?: number;
  /** questions between root and leaf, at most; default 4 */
  readonly depth?: number;
  /** of one tree, at most; default as many as the depth allows */
  readonly leaves?: number;
  /** share of each tree that is added; default 0.1 */
  readonly learningRate?: number;
  /** weight of |leaf value|^2 / 2 against the summed log-loss; default 1 */
  readonly l2?: number;
  /** sum of p (1 - p) that each side of a split must have; default 1 */
  readonly minChildWeight?: number;
  /** a split must lower the penalised loss by more; default 0 */
  readonly minGain?: number;
  /** share of the rows that a tree is grown on, drawn anew for each; default 1 */
  readonly subsample?: number;
  /** of the rows; needed where subsample < 1 */
  readonly rng?: Rng;
  /** per feature, at most; default and most 256 */
  readonly bins?: number;
  /** rows that say when to stop: after `patience` (default 10) trees that do not lower their log-loss, those trees are dropped */
  readonly validation?: { readonly x: Float64Array; readonly y: ArrayLike<number>; readonly patience?: number };
}

/** What was fitted, as JSON. */
export interface BoostedTreesData {
  /** how many numbers a row has */
  readonly features: number;
  /** F_0: the log-odds before any question */
  readonly bias: number;
  /** with the learning rate in their leaves */
  readonly trees: readonly Tree[];
}

/** `decision` is the log-odds of class 1. */
export interface BoostedTrees extends BinaryModel, BoostedTreesData {}

/**
 * @param x row-major [n, features]
 * @param y 0 or 1 [n]
 * @throws ConfigError for options out of range, a number that is not finite, or a class without rows
 */
export function fitBoostedTrees(
  x: Float64Array,
  y: ArrayLike<number>,
  options: BoostedTreesOptions = {},
): BoostedTrees {
  const steps = boostedTreesSteps(x, y, options);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** The same tree by tree, for those who share the thread; yields how many are grown. */
export function* boostedTreesSteps(
  x: Float64Array,
  y: ArrayLike<number>,
  options: BoostedTreesOptions = {},
): Generator<number, BoostedTrees, void> {
  const o = resolve(options);
  const n = y.length;
  const features = x.length / n;
  const positives = checkRows(x, y);
  const { validation } = options;
  if (validation && validation.x.length !== validation.y.length * features) {
    const got = `${validation.x.length} numbers for ${validation.y.length} labels`;
    throw new ConfigError(`trees: expected validation rows of ${features} features, got ${got}.`, 'validation.x');
  }
  const data = binFeatures(x, features, o.bins);
  const bias = log(positives / (n - positives));
  const scores = new Float64Array(n).fill(bias);
  const g = new Float64Array(n);
  const h = new Float64Array(n);
  const everyRow = Int32Array.from({ length: n }, (_, i) => i);
  const trees: Tree[] = [];
  const watch = validation && watchLoss(validation, { features, bias, trees });
  while (trees.length < o.trees) {
    for (let i = 0; i < n; i++) {
      const p = sigmoid(scores[i]!);
      g[i] = p - y[i]!;
      h[i] = Math.max(p * (1 - p), LEAST_CURVATURE);
    }
    const rows = o.subsample < 1 ? draw(o.rng!.split(`tree ${trees.length}`), n, o.subsample) : everyRow.slice();
    const grown = growTree(data, rows, g, h, o);
    if (grown.tree.feature.length === 1 && o.subsample === 1) break; // nothing to ask: the next trees would find the same
    const { value } = grown.tree;
    for (let i = 0; i < value.length; i++) value[i]! *= o.learningRate;
    addTree(scores, grown, data);
    trees.push(grown.tree);
    if (watch?.isOver()) break;
    yield trees.length;
  }
  if (watch) trees.length = watch.best();
  return boostedTrees({ features, bias, trees });
}

/** The model that data describe. */
export function boostedTrees(data: BoostedTreesData): BoostedTrees {
  const { features, bias, trees } = data;
  const decision = (row: ArrayLike<number>): number => {
    let sum = bias;
    for (const tree of trees) sum += answer(tree, row, 0);
    return sum;
  };
  const decisions = (x: Float64Array): Float64Array => {
    const out = new Float64Array(x.length / features).fill(bias);
    for (const tree of trees) for (let i = 0; i < out.length; i++) out[i]! += answer(tree, x, i * features);
    return out;
  };
  return { features, bias, trees, decision, decisions };
}

/** keeps the curvature of a row that the model is certain of from vanishing */
const LEAST_CURVATURE = 1e-16;

function answer({ feature, threshold, left, value }: Tree, x: ArrayLike<number>, from: number): number {
  let node = 0;
  for (let f = feature[0]!; f >= 0; f = feature[node]!) node = left[node]! + (x[from + f]! <= threshold[node]! ? 0 : 1);
  return value[node]!;
}

/** Adds a tree's answers to the scores of all rows, by their bins. */
function addTree(scores: Float64Array, { tree, bins }: Grown, { codes, cuts }: Binned): void {
  const { feature, left, value } = tree;
  for (let i = 0; i < scores.length; i++) {
    let node = 0;
    for (let f = feature[0]!; f >= 0; f = feature[node]!)
      node = left[node]! + (codes[i * cuts.length + f]! <= bins[node]! ? 0 : 1);
    scores[i]! += value[node]!;
  }
}

/** Each row by a coin of its own; never none. */
function draw(rng: Rng, n: number, share: number): Int32Array {
  const rows = Int32Array.from({ length: n }, (_, i) => i).filter(() => rng.uniform() < share);
  return rows.length > 0 ? rows : Int32Array.of(rng.below(n));
}

/** Follows the log-loss of other rows while trees are added. */
function watchLoss(
  { x, y, patience = 10 }: NonNullable<BoostedTreesOptions['validation']>,
  { features, bias, trees }: BoostedTreesData,
) {
  const scores = new Float64Array(y.length).fill(bias);
  let best = 0;
  let least = logLoss(scores, y);
  return {
    best: () => best,
    isOver(): boolean {
      const tree = trees[trees.length - 1]!;
      for (let i = 0; i < scores.length; i++) scores[i]! += answer(tree, x, i * features);
      const loss = logLoss(scores, y);
      if (loss < least) {
        least = loss;
        best = trees.length;
      }
      return trees.length - best >= patience;
    },
  };
}

/** sum log(1 + exp(-F)) over class 1, log(1 + exp(F)) over class 0 */
function logLoss(scores: Float64Array, y: ArrayLike<number>): number {
  let sum = 0;
  for (const [i, score] of scores.entries()) {
    const margin = y[i] === 1 ? score : -score;
    sum += margin > 0 ? log1p(exp(-margin)) : log1p(exp(margin)) - margin;
  }
  return sum;
}

type Resolved = Required<Omit<BoostedTreesOptions, 'rng' | 'validation'>> & Pick<BoostedTreesOptions, 'rng'>;

function resolve(options: BoostedTreesOptions): Resolved {
  const depth = options.depth ?? 4;
  const o = {
    trees: 100,
    learningRate: 0.1,
    l2: 1,
    minChildWeight: 1,
    minGain: 0,
    subsample: 1,
    bins: MOST_BINS,
    leaves: 2 ** Math.min(depth, 30),
    ...options,
    depth,
  };
  const expect = (name: keyof BoostedTreesOptions, ok: boolean, what: string) => {
    if (!ok) throw new ConfigError(`trees: expected ${name} to be ${what}, got ${o[name]}.`, name);
  };
  const whole = (value: number, least: number) => Number.isSafeInteger(value) && value >= least;
  expect('trees', whole(o.trees, 0), 'a whole number >= 0');
  expect('depth', whole(o.depth, 1), 'a whole number >= 1');
  expect('leaves', whole(o.leaves, 2), 'a whole number >= 2');
  expect('bins', whole(o.bins, 2) && o.bins <= MOST_BINS, `a whole number from 2 to ${MOST_BINS}`);
  expect('learningRate', o.learningRate > 0 && o.learningRate <= 1, 'a number above 0, at most 1');
  for (const name of ['l2', 'minChildWeight', 'minGain'] as const) expect(name, o[name] >= 0, 'a number >= 0');
  expect('subsample', o.subsample > 0 && o.subsample <= 1, 'a number above 0, at most 1');
  if (o.subsample < 1 && !o.rng)
    throw new ConfigError('trees: expected rng with subsample < 1, got none. Pass { rng }.', 'rng');
  const patience = options.validation?.patience ?? 10;
  if (!whole(patience, 1))
    throw new ConfigError(
      `trees: expected validation.patience to be a whole number >= 1, got ${patience}.`,
      'validation.patience',
    );
  return o;
}

/** Returns how many rows are of class 1. */
function checkRows(x: Float64Array, y: ArrayLike<number>): number {
  const n = y.length;
  if (n === 0 || x.length === 0 || x.length % n !== 0)
    throw new ConfigError(`trees: expected as many rows as labels, got ${x.length} numbers for ${n} labels.`, 'x');
  const bad = x.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0) throw new ConfigError(`trees: expected finite features, got ${x[bad]}.`, 'x');
  let positives = 0;
  for (let i = 0; i < n; i++) {
    if (y[i] !== 0 && y[i] !== 1) throw new ConfigError(`trees: expected labels 0 or 1, got ${y[i]}.`, 'y', ['0', '1']);
    positives += y[i]!;
  }
  if (positives === 0 || positives === n)
    throw new ConfigError(`trees: expected rows of both classes, got ${positives} of class 1 among ${n}.`, 'y');
  return positives;
}
