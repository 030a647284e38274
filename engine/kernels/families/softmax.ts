/** Rows of [rows, cols]: softmax, log-softmax, cross-entropy with labels or soft targets, and their gradients. */
import { defineKernel } from '../family.ts';

type F64 = Float64Array;

/** log sum of e^x over row r, by way of the row's maximum. */
function logSumExp(x: F64, r: number, cols: number): number {
  let top = -Infinity;
  for (let i = r * cols; i < (r + 1) * cols; i++) top = Math.max(top, x[i]!);
  return top + Math.log(sumRow(r, cols, (i) => Math.exp(x[i]! - top)));
}

/** Sum of f(i) over the places i of row r. */
function sumRow(r: number, cols: number, f: (i: number) => number): number {
  let sum = 0;
  for (let i = r * cols; i < (r + 1) * cols; i++) sum += f(i);
  return sum;
}

/** y[i] = f(i) for the places i of row r. */
function fillRow(y: F64, r: number, cols: number, f: (i: number) => number): void {
  for (let i = r * cols; i < (r + 1) * cols; i++) y[i] = f(i);
}

/** Softmax of row r; returns its log sum e^x. */
function softmaxRow(x: F64, y: F64, r: number, cols: number): number {
  const total = logSumExp(x, r, cols);
  fillRow(y, r, cols, (i) => Math.exp(x[i]! - total));
  return total;
}

export const softmax = defineKernel({
  name: 'softmax',
  about: 'y = e^x / sum of e^x over a row',
  reference(x: F64, y: F64, rows: number, cols: number) {
    for (let r = 0; r < rows; r++) softmaxRow(x, y, r, cols);
  },
});

export const logSoftmax = defineKernel({
  name: 'log_softmax',
  about: 'y = x - log sum of e^x over a row',
  reference(x: F64, y: F64, rows: number, cols: number) {
    for (let r = 0; r < rows; r++) {
      const total = logSumExp(x, r, cols);
      fillRow(y, r, cols, (i) => x[i]! - total);
    }
  },
});

export const softmaxGrad = defineKernel({
  name: 'softmax_grad',
  about: 'dx = y (g - sum of g y over a row), y = softmax(x)',
  reference(g: F64, y: F64, dx: F64, rows: number, cols: number) {
    for (let r = 0; r < rows; r++) {
      const dot = sumRow(r, cols, (i) => g[i]! * y[i]!);
      fillRow(dx, r, cols, (i) => y[i]! * (g[i]! - dot));
    }
  },
});

export const logSoftmaxGrad = defineKernel({
  name: 'log_softmax_grad',
  about: 'dx = g - e^y sum of g over a row, y = log_softmax(x)',
  reference(g: F64, y: F64, dx: F64, rows: number, cols: number) {
    for (let r = 0; r < rows; r++) {
      const sum = sumRow(r, cols, (i) => g[i]!);
      fillRow(dx, r, cols, (i) => g[i]! - Math.exp(y[i]!) * sum);
    }
  },
});

export const crossEntropy = defineKernel({
  name: 'cross_entropy',
  about: 'loss = log sum e^z - z[label]; probs = softmax(z)',
  reference(logits: F64, labels: Int32Array, loss: F64, probs: F64, rows: number, cols: number) {
    for (let r = 0; r < rows; r++) loss[r] = softmaxRow(logits, probs, r, cols) - logits[r * cols + labels[r]!]!;
  },
});

export const crossEntropyGrad = defineKernel({
  name: 'cross_entropy_grad',
  about: 'dx = g[r] (probs - onehot(label))',
  reference(g: F64, probs: F64, labels: Int32Array, dx: F64, rows: number, cols: number) {
    for (let r = 0; r < rows; r++)
      fillRow(dx, r, cols, (i) => g[r]! * (probs[i]! - (i === r * cols + labels[r]! ? 1 : 0)));
  },
});

export const softCrossEntropy = defineKernel({
  name: 'soft_cross_entropy',
  about: 'loss = -sum of t log_softmax(z); probs = softmax(z)',
  reference(logits: F64, targets: F64, loss: F64, probs: F64, rows: number, cols: number) {
    for (let r = 0; r < rows; r++) {
      const total = softmaxRow(logits, probs, r, cols);
      loss[r] = sumRow(r, cols, (i) => targets[i]! * (total - logits[i]!));
    }
  },
});

export const softCrossEntropyGrad = defineKernel({
  name: 'soft_cross_entropy_grad',
  about: 'dx = g[r] (probs sum of t - t)',
  reference(g: F64, probs: F64, targets: F64, dx: F64, rows: number, cols: number) {
    for (let r = 0; r < rows; r++) {
      const mass = sumRow(r, cols, (i) => targets[i]!);
      fillRow(dx, r, cols, (i) => g[r]! * (probs[i]! * mass - targets[i]!));
    }
  },
});
