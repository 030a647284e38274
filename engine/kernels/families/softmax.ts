/** Rows of [rows, cols]: softmax, log-softmax, cross-entropy with labels or soft targets, and their gradients. */
import { type Cut, defineKernel, FUNCTION, items } from '../family.ts';

type F64 = Float64Array;

/**
 * log sum of e^x over row r, as the row's maximum and what the others add to it. Apart, because log(1 + others) keeps the
 * loss of a record that the model is certain of, and the sum of the two would round it away.
 */
function logSumExp(x: F64, r: number, cols: number): { top: number; others: number } {
  const row = x.subarray(r * cols, (r + 1) * cols);
  const top = row.reduce((a, b) => Math.max(a, b), -Infinity);
  const first = r * cols + row.indexOf(top);
  return { top, others: Math.log1p(sumRow(r, cols, (i) => (i === first ? 0 : Math.exp(x[i]! - top)))) };
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

/** Softmax of row r; returns -log softmax as a function of the place. */
function softmaxRow(x: F64, y: F64, r: number, cols: number): (i: number) => number {
  const { top, others } = logSumExp(x, r, cols);
  const lossAt = (i: number) => top - x[i]! + others;
  fillRow(y, r, cols, (i) => Math.exp(-lossAt(i)));
  return lossAt;
}

const ROW = 32; // a row takes as long as so many more columns

/** Cuts rows, the argument at `size`; these pointers walk by rows of cols, those by one number per row. */
const byRows = (
  size: number,
  rows: number,
  cols: number,
  wide: readonly number[],
  narrow: readonly number[] = [],
): Cut =>
  items(
    size,
    rows,
    [...wide.map((at) => [at, cols] as const), ...narrow.map((at) => [at, 1] as const)],
    FUNCTION * rows * (cols + ROW),
  );

export const softmax = defineKernel({
  name: 'softmax',
  about: 'y = e^x / sum of e^x over a row',
  reference(x: F64, y: F64, rows: number, cols: number) {
    for (let r = 0; r < rows; r++) softmaxRow(x, y, r, cols);
  },
  split: (_x, _y, rows, cols) => byRows(2, rows, cols, [0, 1]),
});

export const logSoftmax = defineKernel({
  name: 'log_softmax',
  about: 'y = x - log sum of e^x over a row',
  reference(x: F64, y: F64, rows: number, cols: number) {
    for (let r = 0; r < rows; r++) {
      const { top, others } = logSumExp(x, r, cols);
      fillRow(y, r, cols, (i) => x[i]! - top - others);
    }
  },
  split: (_x, _y, rows, cols) => byRows(2, rows, cols, [0, 1]),
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
  split: (_g, _y, _dx, rows, cols) => byRows(3, rows, cols, [0, 1, 2]),
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
  split: (_g, _y, _dx, rows, cols) => byRows(3, rows, cols, [0, 1, 2]),
});

export const crossEntropy = defineKernel({
  name: 'cross_entropy',
  about: 'loss = log sum e^z - z[label]; probs = softmax(z)',
  reference(logits: F64, labels: Int32Array, loss: F64, probs: F64, rows: number, cols: number) {
    for (let r = 0; r < rows; r++) loss[r] = softmaxRow(logits, probs, r, cols)(r * cols + labels[r]!);
  },
  split: (_z, _labels, _loss, _probs, rows, cols) => byRows(4, rows, cols, [0, 3], [1, 2]),
});

export const crossEntropyGrad = defineKernel({
  name: 'cross_entropy_grad',
  about: 'dx = g[r] (probs - onehot(label))',
  reference(g: F64, probs: F64, labels: Int32Array, dx: F64, rows: number, cols: number) {
    for (let r = 0; r < rows; r++)
      fillRow(dx, r, cols, (i) => g[r]! * (probs[i]! - (i === r * cols + labels[r]! ? 1 : 0)));
  },
  split: (_g, _probs, _labels, _dx, rows, cols) => byRows(4, rows, cols, [1, 3], [0, 2]),
});

export const softCrossEntropy = defineKernel({
  name: 'soft_cross_entropy',
  about: 'loss = -sum of t log_softmax(z); probs = softmax(z)',
  reference(logits: F64, targets: F64, loss: F64, probs: F64, rows: number, cols: number) {
    for (let r = 0; r < rows; r++) {
      const lossAt = softmaxRow(logits, probs, r, cols);
      loss[r] = sumRow(r, cols, (i) => targets[i]! * lossAt(i));
    }
  },
  split: (_z, _t, _loss, _probs, rows, cols) => byRows(4, rows, cols, [0, 1, 3], [2]),
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
  split: (_g, _probs, _t, _dx, rows, cols) => byRows(4, rows, cols, [1, 2, 3], [0]),
});
