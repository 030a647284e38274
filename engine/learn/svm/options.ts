/** What a support vector machine can be told, checked before anything is computed. */
import { ConfigError } from '../../errors.ts';
import type { Rng } from '../../random/rng.ts';
import type { SvmKernels } from './kernels.ts';

/** rbf: exp(-gamma |a - b|^2); linear: a . b; polynomial: (gamma a . b + coef0)^degree. */
export type SvmKernel =
  | { readonly kind: 'rbf'; readonly gamma: number }
  | { readonly kind: 'linear' }
  | { readonly kind: 'polynomial'; readonly gamma: number; readonly degree: number; readonly coef0: number };

export interface SvmOptions {
  readonly kernel: SvmKernel;
  /** upper bound of each row's coefficient: larger fits the rows more closely */
  readonly c: number;
  /** stop when the optimality conditions are violated by less; default 1e-3, libsvm's and scikit-learn's */
  readonly tolerance?: number;
  /** c is multiplied by the weight of the row's class, [class 0, class 1]; default [1, 1] */
  readonly classWeights?: readonly [number, number];
  /** for kernel rows; default 200 MB, as in scikit-learn, never less than two rows nor more than 3 GB */
  readonly cacheBytes?: number;
  /** sets rows aside that will hardly change again; the result is checked on all rows. Default true */
  readonly shrinking?: boolean;
  /** most steps; default 10 million, or 100 for each row if that is more. A model that stops there says so */
  readonly iterations?: number;
  /** Platt's probabilities, calibrated on out-of-fold decision values: k more fits. Default false */
  readonly probability?: boolean | { readonly folds?: number; readonly rng?: Rng };
  /** SIMD rows, with the same bits as the plain ones; default none, except in the asynchronous functions */
  readonly kernels?: SvmKernels;
}

/** How far a fit, or a search of many, has come. */
export interface SvmProgress {
  /** fits that are done, of how many; the one with all rows is the last */
  readonly done: number;
  readonly fits: number;
  /** of the fit that runs: steps so far, and by how much optimality is violated (below the tolerance it is done) */
  readonly iterations: number;
  readonly violation: number;
}

export interface AsyncOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: SvmProgress) => void;
}

const positive = (value: number, path: string) => {
  if (!(value > 0 && value < Infinity))
    throw new ConfigError(`svm: expected ${path} to be a finite number > 0, got ${value}.`, path);
};

/** @throws ConfigError when an option is out of its range */
export function checkOptions(o: SvmOptions): void {
  positive(o.c, 'c');
  positive(o.tolerance ?? 1e-3, 'tolerance');
  positive(o.cacheBytes ?? 1, 'cacheBytes');
  positive(o.iterations ?? 1, 'iterations');
  for (const weight of o.classWeights ?? []) positive(weight, 'classWeights');
  const folds = typeof o.probability === 'object' ? (o.probability.folds ?? 5) : 5;
  if (!(Number.isInteger(folds) && folds >= 2))
    throw new ConfigError(`svm: expected a whole number of at least 2 folds, got ${folds}.`, 'probability.folds');
  const { kernel } = o;
  if (kernel.kind === 'linear') return;
  positive(kernel.gamma, 'kernel.gamma');
  if (kernel.kind === 'rbf') return;
  if (!(Number.isInteger(kernel.degree) && kernel.degree >= 1 && kernel.degree < 2 ** 31))
    throw new ConfigError(`svm: expected degree to be a whole number >= 1, got ${kernel.degree}.`, 'kernel.degree');
  if (!Number.isFinite(kernel.coef0))
    throw new ConfigError(`svm: expected coef0 to be finite, got ${kernel.coef0}.`, 'kernel.coef0');
}

/**
 * The number of features of row-major x [n, d] with labels y [n].
 * @throws ConfigError when x does not divide into rows or is not finite, or y is not 0s and 1s, both of them
 */
export function checkRows(x: Float64Array, y: ArrayLike<number>): number {
  const n = y.length;
  const d = x.length / n;
  if (!(Number.isInteger(d) && d >= 1)) {
    throw new ConfigError(`svm: expected features for each of ${n} rows, got ${x.length} numbers.`, 'x');
  }
  const bad = x.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0) {
    throw new ConfigError(
      `svm: expected finite features, got ${x[bad]} in row ${Math.floor(bad / d)}, feature ${bad % d}. Remove or replace it.`,
      'x',
    );
  }
  let ones = 0;
  for (let i = 0; i < n; i++) {
    if (y[i] !== 0 && y[i] !== 1)
      throw new ConfigError(`svm: expected labels 0 and 1, got ${y[i]} in row ${i}.`, 'y', ['0', '1']);
    ones += y[i]!;
  }
  if (ones === 0 || ones === n)
    throw new ConfigError(`svm: expected rows of both classes, got ${ones} of class 1 among ${n}.`, 'y', ['0', '1']);
  return d;
}
