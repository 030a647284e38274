/**
 * Binary logistic regression with an L2 penalty, by Newton's method in f64 with the engine's own exp: the same bits in
 * every JavaScript engine. For attack models of a few features, where it converges in a handful of steps.
 */
import { ConfigError } from '../errors.ts';
import { sigmoid } from '../math/index.ts';

export interface LogisticModel {
  /** of the standardised features */
  readonly weights: Float64Array;
  readonly bias: number;
  readonly mean: Float64Array;
  readonly std: Float64Array;
  /** log-odds of class 1 for a row of features */
  decision(row: ArrayLike<number>): number;
}

export interface LogisticOptions {
  /** weight of |w|^2 / 2 against the summed log-loss; the bias is free. Default 1, scikit-learn's C = 1 */
  readonly l2?: number;
  /** Newton steps at most; default 100 */
  readonly iterations?: number;
  /** stop when no coefficient moves by more; default 1e-10 */
  readonly tolerance?: number;
}

/**
 * Fits P(y = 1 | x) = sigmoid(w . (x - mean) / std + b).
 * @param x row-major [n, features]
 * @param y 0 or 1 [n]
 * @throws ConfigError when a class is missing or l2 is negative
 */
export function fitLogistic(x: Float64Array, y: ArrayLike<number>, options: LogisticOptions = {}): LogisticModel {
  const { l2 = 1, iterations = 100, tolerance = 1e-10 } = options;
  if (!(l2 >= 0)) throw new ConfigError(`logistic: expected l2 to be a number >= 0, got ${l2}.`, 'l2');
  const n = y.length;
  const d = x.length / n;
  let positives = 0;
  for (let i = 0; i < n; i++) positives += y[i]!;
  if (positives === 0 || positives === n) {
    throw new ConfigError(`logistic: expected rows of both classes, got ${positives} of class 1 among ${n}.`, 'y', [
      '0',
      '1',
    ]);
  }
  const { mean, std, z } = standardise(x, n, d);
  const theta = new Float64Array(d + 1);
  for (let step = 0; step < iterations; step++) {
    const { gradient, hessian } = derivatives(z, y, theta, n, d, l2);
    const move = solve(hessian, gradient, d + 1);
    let largest = 0;
    for (let j = 0; j <= d; j++) {
      theta[j]! -= move[j]!;
      largest = Math.max(largest, Math.abs(move[j]!));
    }
    if (largest <= tolerance) break;
  }
  const weights = theta.slice(0, d);
  const bias = theta[d]!;
  const decision = (row: ArrayLike<number>) => {
    let sum = bias;
    for (let j = 0; j < d; j++) sum += (weights[j]! * (row[j]! - mean[j]!)) / std[j]!;
    return sum;
  };
  return { weights, bias, mean, std, decision };
}

function standardise(x: Float64Array, n: number, d: number) {
  const mean = new Float64Array(d);
  const std = new Float64Array(d);
  for (let i = 0; i < n; i++) for (let j = 0; j < d; j++) mean[j]! += x[i * d + j]! / n;
  for (let i = 0; i < n; i++) for (let j = 0; j < d; j++) std[j]! += (x[i * d + j]! - mean[j]!) ** 2 / n;
  // what is no more than the rounding of the mean is a constant feature
  for (let j = 0; j < d; j++)
    std[j] = Math.sqrt(std[j]!) > n * Number.EPSILON * Math.abs(mean[j]!) ? Math.sqrt(std[j]!) : 1;
  const z = x.map((v, at) => (v - mean[at % d]!) / std[at % d]!);
  return { mean, std, z };
}

/** Gradient [d+1] and Hessian [d+1, d+1] of the penalised log-loss; the last coefficient is the bias. */
function derivatives(z: Float64Array, y: ArrayLike<number>, theta: Float64Array, n: number, d: number, l2: number) {
  const m = d + 1;
  const gradient = new Float64Array(m);
  const hessian = new Float64Array(m * m);
  const row = new Float64Array(m);
  row[d] = 1;
  for (let i = 0; i < n; i++) {
    let score = theta[d]!;
    for (let j = 0; j < d; j++) {
      row[j] = z[i * d + j]!;
      score += theta[j]! * row[j]!;
    }
    const p = sigmoid(score);
    const w = p * (1 - p);
    for (let a = 0; a < m; a++) {
      gradient[a]! += (p - y[i]!) * row[a]!;
      for (let b = 0; b <= a; b++) hessian[a * m + b]! += w * row[a]! * row[b]!;
    }
  }
  for (let j = 0; j < d; j++) {
    gradient[j]! += l2 * theta[j]!;
    hessian[j * m + j]! += l2;
  }
  // keeps the bias solvable when every probability has saturated
  hessian[d * m + d]! += 1e-12;
  return { gradient, hessian };
}

/** Solves H s = g for a symmetric positive definite H given by its lower triangle, by Cholesky; H is overwritten. */
function solve(h: Float64Array, g: Float64Array, m: number): Float64Array {
  const s = g.slice();
  for (let i = 0; i < m; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = h[i * m + j]!;
      for (let k = 0; k < j; k++) sum -= h[i * m + k]! * h[j * m + k]!;
      h[i * m + j] = i === j ? Math.sqrt(sum) : sum / h[j * m + j]!;
    }
  }
  for (let i = 0; i < m; i++) {
    for (let k = 0; k < i; k++) s[i]! -= h[i * m + k]! * s[k]!;
    s[i]! /= h[i * m + i]!;
  }
  for (let i = m - 1; i >= 0; i--) {
    for (let k = i + 1; k < m; k++) s[i]! -= h[k * m + i]! * s[k]!;
    s[i]! /= h[i * m + i]!;
  }
  return s;
}
