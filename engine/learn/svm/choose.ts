/**
 * C and gamma of an RBF machine by cross-validation over a grid: the most rows right, among equals the smaller C, then the
 * smaller gamma; then a fit with all rows.
 *
 * Distances are computed once, kernel values once for each gamma: all folds and all C read the same matrix.
 */
import { ConfigError } from '../../errors.ts';
import { Rng } from '../../random/rng.ts';
import { finish, finishAsync, fitSvmSlices, fitsOf, solve, workspaceFor } from './fit.ts';
import { loadSvmKernels } from './kernels.ts';
import type { SvmModel } from './model.ts';
import { type AsyncOptions, checkOptions, checkRows, type SvmOptions, type SvmProgress } from './options.ts';
import { matrixRows, pack, plainMaths, type RowMaths, range } from './rows.ts';
import type { SmoSolution } from './smo.ts';

export interface ChooseSvmOptions extends Omit<SvmOptions, 'kernel' | 'c'> {
  /** of each row, any numbers: rows of one fold are never on both sides. Shadow models are folds */
  readonly folds: ArrayLike<number>;
  readonly cs: readonly number[];
  readonly gammas: readonly number[];
  /** with more rows, the grid is searched on so many, drawn so that folds and labels keep their shares; default 4,000 */
  readonly searchRows?: number;
  /** draws them; default seed 0 */
  readonly rng?: Rng;
}

export interface SvmChoice {
  readonly c: number;
  readonly gamma: number;
  /** of the grid in order, C by C: the share of rows that the other folds' machine classified correctly */
  readonly grid: readonly { readonly c: number; readonly gamma: number; readonly accuracy: number }[];
  /** rows that the grid was searched on */
  readonly searchRows: number;
  /** machines of the grid that ran out of iterations */
  readonly unconverged: number;
  /** fitted with all rows */
  readonly model: SvmModel;
}

/** Rows for the search, ascending: of each fold and label as many as its share says, largest remainders first. */
function searched(y: ArrayLike<number>, folds: ArrayLike<number>, most: number, rng: Rng): Int32Array {
  const n = y.length;
  if (n <= most) return range(n);
  const strata = new Map<string, number[]>();
  for (const i of rng.split('search').permutation(n)) {
    const key = `${folds[i]} ${y[i]}`;
    const rows = strata.get(key);
    if (rows) rows.push(i);
    else strata.set(key, [i]);
  }
  const shares = [...strata.keys()].sort().map((key) => {
    const rows = strata.get(key)!;
    const share = (rows.length * most) / n;
    return { rows, take: Math.floor(share), rest: share - Math.floor(share) };
  });
  let left = most - shares.reduce((sum, { take }) => sum + take, 0);
  for (const share of [...shares].sort((a, b) => b.rest - a.rest)) if (left-- > 0) share.take++;
  return Int32Array.from(shares.flatMap(({ rows, take }) => rows.slice(0, take))).sort();
}

function checkGrid(y: ArrayLike<number>, o: ChooseSvmOptions): void {
  if (o.folds.length !== y.length)
    throw new ConfigError(`svm: expected a fold for each of ${y.length} rows, got ${o.folds.length}.`, 'folds');
  for (const [path, values] of [
    ['cs', o.cs],
    ['gammas', o.gammas],
  ] as const) {
    if (values.length === 0) throw new ConfigError(`svm: expected at least one value in ${path}, got none.`, path);
  }
  for (const c of o.cs) for (const gamma of o.gammas) checkOptions({ ...o, c, kernel: { kind: 'rbf', gamma } });
  const { searchRows = 2 } = o;
  if (!(Number.isInteger(searchRows) && searchRows >= 2))
    throw new ConfigError(`svm: expected searchRows to be a whole number >= 2, got ${searchRows}.`, 'searchRows');
}

interface Fold {
  readonly train: Int32Array;
  readonly held: Int32Array;
  /** labels of the training rows */
  readonly y: Uint8Array;
}

function foldsOf(y: ArrayLike<number>, numbers: ArrayLike<number>, ids: Int32Array): Fold[] {
  const names = [...new Set(Array.from(ids, (i) => numbers[i]!))].sort((a, b) => a - b);
  if (names.length < 2)
    throw new ConfigError(`svm: expected at least 2 folds among the rows, got ${names.length}.`, 'folds');
  return names.map((name) => {
    const train = range(ids.length).filter((t) => numbers[ids[t]!] !== name);
    const labels = Uint8Array.from(train, (t) => y[ids[t]!]!);
    const ones = labels.reduce((sum, v) => sum + v, 0);
    if (ones === 0 || ones === labels.length) {
      throw new ConfigError(
        `svm: expected rows of both classes outside of each fold, got one class outside of fold ${name}. Use fewer folds.`,
        'folds',
      );
    }
    return { train, held: range(ids.length).filter((t) => numbers[ids[t]!] === name), y: labels };
  });
}

/** Rows `rows` and columns `columns` of a matrix [n, n], at the beginning of `to`. */
function* part(
  matrix: Float64Array,
  n: number,
  rows: Int32Array,
  columns: Int32Array,
  to: Float64Array,
): Generator<void, Float64Array, void> {
  const m = columns.length;
  for (let r = 0; r < rows.length; r++) {
    const from = rows[r]! * n;
    for (let t = 0; t < m; t++) to[r * m + t] = matrix[from + columns[t]!]!;
    if (r % 64 === 63) yield;
  }
  return to.subarray(0, rows.length * m);
}

/** How many of the fold's rows the machine classifies correctly, from their kernel values [held, train]. */
function right(values: Float64Array, fold: Fold, y: Uint8Array, { alpha, rho }: SmoSolution): number {
  const m = alpha.length;
  const coefficients = alpha.map((a, t) => (fold.y[t] ? a : -a));
  let count = 0;
  for (let r = 0; r < fold.held.length; r++) {
    let sum = 0;
    for (let t = 0; t < m; t++) sum += coefficients[t]! * values[r * m + t]!;
    if (sum > rho === (y[fold.held[r]!] === 1)) count++;
  }
  return count;
}

/** Squared distances between rows [n, n]. */
function* distances(x: Float64Array, d: number, ids: Int32Array, maths: RowMaths): Generator<void, Float64Array, void> {
  const n = ids.length;
  const panels = pack(x, d, ids);
  const matrix = new Float64Array(n * n);
  for (const [t, i] of ids.entries()) {
    maths.squares(panels, x.subarray(i * d, (i + 1) * d), matrix.subarray(t * n, (t + 1) * n));
    if (t % 16 === 15) yield;
  }
  return matrix;
}

/** As `chooseSvm`, in slices of a few milliseconds. */
export function* chooseSvmSlices(
  x: Float64Array,
  y: ArrayLike<number>,
  o: ChooseSvmOptions,
): Generator<SvmProgress, SvmChoice> {
  checkGrid(y, o);
  const d = checkRows(x, y);
  const maths = o.kernels ?? plainMaths;
  const ids = searched(y, o.folds, o.searchRows ?? 4000, o.rng ?? Rng.from(0));
  const labels = Uint8Array.from(ids, (i) => y[i]!);
  const n = ids.length;
  const folds = foldsOf(y, o.folds, ids);
  const [cs, gammas] = [[...o.cs].sort((a, b) => a - b), [...o.gammas].sort((a, b) => a - b)];
  const at = { done: 0, fits: cs.length * gammas.length * folds.length + fitsOf(o) };
  const slice = () => ({ ...at, iterations: 0, violation: Infinity });
  function* during<T>(slices: Generator<void, T, void>): Generator<SvmProgress, T> {
    for (;;) {
      const next = slices.next();
      if (next.done) return next.value;
      yield slice();
    }
  }
  const workspace = workspaceFor(Math.max(...folds.map(({ train }) => train.length)), d, o);
  const squares = yield* during(distances(x, d, ids, maths));
  const matrix = new Float64Array(n * n);
  const inner = new Float64Array(Math.max(...folds.map(({ train }) => train.length ** 2)));
  const outer = new Float64Array(Math.max(...folds.map(({ train, held }) => train.length * held.length)));
  const correct = new Map<string, number>();
  let unconverged = 0;
  for (const gamma of gammas) {
    for (let t = 0; t < n; t++) {
      maths.exp(squares.subarray(t * n, (t + 1) * n), -gamma, matrix.subarray(t * n, (t + 1) * n));
      if (t % 64 === 63) yield slice();
    }
    for (const fold of folds) {
      const { train, held } = fold;
      const rows = matrixRows(yield* during(part(matrix, n, train, train, inner)), train.length);
      const values = yield* during(part(matrix, n, held, train, outer));
      for (const c of cs) {
        const s = yield* solve(rows, workspace, fold.y, { ...o, c }, at);
        if (!(s.violation < (o.tolerance ?? 1e-3))) unconverged++;
        const key = `${c} ${gamma}`;
        correct.set(key, (correct.get(key) ?? 0) + right(values, fold, labels, s));
        at.done++;
      }
    }
  }
  const grid = cs.flatMap((c) => gammas.map((gamma) => ({ c, gamma, accuracy: correct.get(`${c} ${gamma}`)! / n })));
  const best = grid.reduce((a, b) => (b.accuracy > a.accuracy ? b : a));
  const { c, gamma } = best;
  const model = yield* fitSvmSlices(x, y, { ...o, c, kernel: { kind: 'rbf', gamma } }, at);
  return { c, gamma, grid, searchRows: n, unconverged, model };
}

/**
 * Chooses C and gamma by cross-validation and fits with all rows.
 * @param x row-major [n, features], finite
 * @param y 0 or 1 [n]
 * @throws ConfigError when an option, x or y is out of range, or a fold leaves only one class to train on
 */
export function chooseSvm(x: Float64Array, y: ArrayLike<number>, o: ChooseSvmOptions): SvmChoice {
  return finish(chooseSvmSlices(x, y, o));
}

/** As `chooseSvm`, with SIMD kernels; the event loop has its turn every 16 ms. @throws the signal's reason once aborted */
export async function chooseSvmAsync(
  x: Float64Array,
  y: ArrayLike<number>,
  o: ChooseSvmOptions & AsyncOptions,
): Promise<SvmChoice> {
  return finishAsync(chooseSvmSlices(x, y, { ...o, kernels: o.kernels ?? (await loadSvmKernels()) }), o);
}
