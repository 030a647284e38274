/** Softmax and log-softmax over the rows of [rows, cols], and their gradients. */
import { defineKernel, input, output, type Problem, problemsOf } from '../family.ts';
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

function problems(args: (size: number) => Problem['args'], bytes: number): [Problem, ...Problem[]] {
  return problemsOf(cases, ([rows, cols]) => {
    const size = rows * cols;
    const problem = { name: `${rows}x${cols}`, args: [...args(size), rows, cols] };
    return rows < 256 ? problem : { ...problem, bytes: bytes * size, bench: true, benchOnly: true };
  });
}

export const softmax = defineKernel({
  name: 'softmax',
  about: 'y = e^x / sum of e^x over a row',
  reference(x: Float64Array, y: Float64Array, rows: number, cols: number) {
    for (let r = 0; r < rows; r++) {
      const total = logSumExp(x, r, cols);
      for (let c = 0; c < cols; c++) y[r * cols + c] = Math.exp(x[r * cols + c]! - total);
    }
  },
  problems: problems((n) => [input(n, [-8, 8]), output(n)], 8),
  tolerance: () => ({ abs: 0, rel: 2e-6 }), // x - max is rounded: up to 2^-24 |x - max| in the exponent,
});

export const logSoftmax = defineKernel({
  name: 'log_softmax',
  about: 'y = x - log sum of e^x over a row',
  reference(x: Float64Array, y: Float64Array, rows: number, cols: number) {
    for (let r = 0; r < rows; r++) {
      const total = logSumExp(x, r, cols);
      for (let c = 0; c < cols; c++) y[r * cols + c] = x[r * cols + c]! - total;
    }
  },
  problems: problems((n) => [input(n, [-8, 8]), output(n)], 8),
  tolerance: () => ({ abs: 1e-9, rel: 5e-7 }),
});

export const softmaxGrad = defineKernel({
  name: 'softmax_grad',
  about: 'dx = y (g - sum of g y over a row), y = softmax(x)',
  reference(g: Float64Array, y: Float64Array, dx: Float64Array, rows: number, cols: number) {
    for (let r = 0; r < rows; r++) {
      let dot = 0;
      for (let c = 0; c < cols; c++) dot += g[r * cols + c]! * y[r * cols + c]!;
      for (let c = 0; c < cols; c++) dx[r * cols + c] = y[r * cols + c]! * (g[r * cols + c]! - dot);
    }
  },
  problems: problems((n) => [input(n), input(n, [0, 0.2]), output(n)], 12),
  tolerance: () => ({ abs: 1e-6, rel: 1e-6 }),
});

export const logSoftmaxGrad = defineKernel({
  name: 'log_softmax_grad',
  about: 'dx = g - e^y sum of g over a row, y = log_softmax(x)',
  reference(g: Float64Array, y: Float64Array, dx: Float64Array, rows: number, cols: number) {
    for (let r = 0; r < rows; r++) {
      let sum = 0;
      for (let c = 0; c < cols; c++) sum += g[r * cols + c]!;
      for (let c = 0; c < cols; c++) dx[r * cols + c] = g[r * cols + c]! - Math.exp(y[r * cols + c]!) * sum;
    }
  },
  problems: problems((n) => [input(n), input(n, [-8, 0]), output(n)], 12),
  tolerance: () => ({ abs: 1e-5, rel: 1e-6 }),
});
