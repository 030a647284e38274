/** Cross-entropy of logits [rows, cols] with integer labels [rows] or soft targets [rows, cols], and the gradients. */
import { defineKernel, input, intInput, output, type Problem, problemsOf } from '../family.ts';
import { logSumExp } from '../special.ts';

type Size = readonly [rows: number, cols: number];
const cases: readonly [Size, ...Size[]] = [
  [0, 4],
  [1, 1],
  [2, 3],
  [3, 4],
  [2, 5],
  [4, 10],
  [2, 17],
  [1, 1000],
  [256, 10],
  [256, 1000],
];

function problems(args: (rows: number, cols: number) => Problem['args'], bytes: number): [Problem, ...Problem[]] {
  return problemsOf(cases, ([rows, cols]) => {
    const problem = { name: `${rows}x${cols}`, args: [...args(rows, cols), rows, cols] };
    return rows < 256 ? problem : { ...problem, bytes: bytes * rows * cols, bench: true, benchOnly: true };
  });
}

export const crossEntropy = defineKernel({
  name: 'cross_entropy',
  about: 'loss = log sum e^z - z[label]; probs = softmax(z)',
  reference(
    logits: Float64Array,
    labels: Int32Array,
    loss: Float64Array,
    probs: Float64Array,
    rows: number,
    cols: number,
  ) {
    for (let r = 0; r < rows; r++) {
      const total = logSumExp(logits, r, cols);
      loss[r] = total - logits[r * cols + labels[r]!]!;
      for (let c = 0; c < cols; c++) probs[r * cols + c] = Math.exp(logits[r * cols + c]! - total);
    }
  },
  problems: problems(
    (rows, cols) => [input(rows * cols, [-8, 8]), intInput(rows, [0, cols]), output(rows), output(rows * cols)],
    8,
  ),
  tolerance: () => ({ abs: 1e-14, rel: 2e-6 }),
});

export const crossEntropyGrad = defineKernel({
  name: 'cross_entropy_grad',
  about: 'dx = g[r] (probs - onehot(label))',
  reference(g: Float64Array, probs: Float64Array, labels: Int32Array, dx: Float64Array, rows: number, cols: number) {
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < cols; c++) dx[r * cols + c] = g[r]! * (probs[r * cols + c]! - (c === labels[r] ? 1 : 0));
  },
  problems: problems(
    (rows, cols) => [input(rows), input(rows * cols, [0, 1]), intInput(rows, [0, cols]), output(rows * cols)],
    8,
  ),
  tolerance: () => ({ abs: 0, rel: 2e-7 }),
});

export const softCrossEntropy = defineKernel({
  name: 'soft_cross_entropy',
  about: 'loss = -sum of t log_softmax(z); probs = softmax(z)',
  reference(
    logits: Float64Array,
    targets: Float64Array,
    loss: Float64Array,
    probs: Float64Array,
    rows: number,
    cols: number,
  ) {
    for (let r = 0; r < rows; r++) {
      const total = logSumExp(logits, r, cols);
      let sum = 0;
      for (let c = 0; c < cols; c++) sum += targets[r * cols + c]! * (total - logits[r * cols + c]!);
      loss[r] = sum;
      for (let c = 0; c < cols; c++) probs[r * cols + c] = Math.exp(logits[r * cols + c]! - total);
    }
  },
  problems: problems(
    (rows, cols) => [input(rows * cols, [-8, 8]), input(rows * cols, [0, 1]), output(rows), output(rows * cols)],
    12,
  ),
  tolerance: () => ({ abs: 1e-14, rel: 2e-6 }),
});

export const softCrossEntropyGrad = defineKernel({
  name: 'soft_cross_entropy_grad',
  about: 'dx = g[r] (probs sum of t - t)',
  reference(g: Float64Array, probs: Float64Array, targets: Float64Array, dx: Float64Array, rows: number, cols: number) {
    for (let r = 0; r < rows; r++) {
      let mass = 0;
      for (let c = 0; c < cols; c++) mass += targets[r * cols + c]!;
      for (let c = 0; c < cols; c++) dx[r * cols + c] = g[r]! * (probs[r * cols + c]! * mass - targets[r * cols + c]!);
    }
  },
  problems: problems(
    (rows, cols) => [input(rows), input(rows * cols, [0, 0.2]), input(rows * cols, [0, 0.2]), output(rows * cols)],
    12,
  ),
  tolerance: () => ({ abs: 1e-6, rel: 1e-6 }),
});
