/** Element-wise functions of one array. */
import { defineKernel, input, output, vectorProblems } from '../family.ts';

const exact = () => ({ abs: 0, rel: 0 });
const over = (low: number, high: number) => (n: number) => [input(n, [low, high]), output(n), n];

export const exp = defineKernel({
  name: 'exp',
  about: 'y = e^x',
  reference(x: Float64Array, y: Float64Array, n: number) {
    for (let i = 0; i < n; i++) y[i] = Math.exp(x[i]!);
  },
  problems: vectorProblems(over(-20, 20), 8),
  tolerance: () => ({ abs: 0, rel: 2e-7 }),
});

export const log = defineKernel({
  name: 'log',
  about: 'y = log x',
  reference(x: Float64Array, y: Float64Array, n: number) {
    for (let i = 0; i < n; i++) y[i] = Math.log(x[i]!);
  },
  problems: vectorProblems(over(0, 100), 8),
  tolerance: () => ({ abs: 0, rel: 2e-7 }),
});

export const sqrt = defineKernel({
  name: 'sqrt',
  about: 'y = sqrt x',
  reference(x: Float64Array, y: Float64Array, n: number) {
    for (let i = 0; i < n; i++) y[i] = Math.sqrt(x[i]!);
  },
  problems: vectorProblems(over(0, 4), 8),
  tolerance: () => ({ abs: 0, rel: 6e-8 }),
});

export const abs = defineKernel({
  name: 'abs',
  about: 'y = |x|',
  reference(x: Float64Array, y: Float64Array, n: number) {
    for (let i = 0; i < n; i++) y[i] = Math.abs(x[i]!);
  },
  problems: vectorProblems(over(-1, 1), 8),
  tolerance: exact,
});

export const sign = defineKernel({
  name: 'sign',
  about: 'y = -1, 0 or 1; NaN for NaN',
  reference(x: Float64Array, y: Float64Array, n: number) {
    for (let i = 0; i < n; i++) y[i] = Math.sign(x[i]!);
  },
  problems: vectorProblems(over(-1, 1), 8),
  tolerance: exact,
});

export const step = defineKernel({
  name: 'step',
  about: 'y = x > 0 ? 1 : 0',
  reference(x: Float64Array, y: Float64Array, n: number) {
    for (let i = 0; i < n; i++) y[i] = x[i]! > 0 ? 1 : 0;
  },
  problems: vectorProblems(over(-1, 1), 8),
  tolerance: exact,
});

export const affine = defineKernel({
  name: 'affine',
  about: 'y = mul x + add',
  reference(x: Float64Array, y: Float64Array, n: number, mul: number, add: number) {
    for (let i = 0; i < n; i++) y[i] = mul * x[i]! + add;
  },
  problems: vectorProblems((n) => [...over(-1, 1)(n), 1.5, -0.25], 8),
  tolerance: () => ({ abs: 2e-7, rel: 1e-7 }),
});

export const fill = defineKernel({
  name: 'fill',
  about: 'y = value',
  reference(y: Float64Array, n: number, value: number) {
    y.fill(value, 0, n);
  },
  problems: vectorProblems((n) => [output(n), n, 0.75], 4),
  tolerance: exact,
});
