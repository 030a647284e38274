/** Activations and their gradients. */
import { defineKernel, input, output, vectorProblems } from '../family.ts';
import { erf, normalCdf, normalPdf } from '../special.ts';

const exact = () => ({ abs: 0, rel: 0 });
const unary = (n: number) => [input(n, [-6, 6]), output(n), n];
const gradient = (n: number) => [input(n), input(n, [-6, 6]), output(n), n];

export const relu = defineKernel({
  name: 'relu',
  about: 'y = max(x, 0)',
  reference(x: Float64Array, y: Float64Array, n: number) {
    for (let i = 0; i < n; i++) y[i] = Math.max(x[i]!, 0);
  },
  problems: vectorProblems(unary, 8),
  tolerance: exact,
});

export const reluGrad = defineKernel({
  name: 'relu_grad',
  about: 'dx = g where y > 0, else 0',
  reference(g: Float64Array, y: Float64Array, dx: Float64Array, n: number) {
    for (let i = 0; i < n; i++) dx[i] = y[i]! > 0 ? g[i]! : 0;
  },
  problems: vectorProblems(gradient, 12),
  tolerance: exact,
});

export const leakyRelu = defineKernel({
  name: 'leaky_relu',
  about: 'y = x >= 0 ? x : slope x',
  reference(x: Float64Array, y: Float64Array, n: number, slope: number) {
    for (let i = 0; i < n; i++) y[i] = x[i]! < 0 ? slope * x[i]! : x[i]!;
  },
  problems: vectorProblems((n) => [...unary(n), 0.25], 8),
  tolerance: exact,
});

export const leakyReluGrad = defineKernel({
  name: 'leaky_relu_grad',
  about: 'dx = x >= 0 ? g : slope g',
  reference(g: Float64Array, x: Float64Array, dx: Float64Array, n: number, slope: number) {
    for (let i = 0; i < n; i++) dx[i] = x[i]! < 0 ? slope * g[i]! : g[i]!;
  },
  problems: vectorProblems((n) => [...gradient(n), 0.25], 12),
  tolerance: exact,
});

export const tanh = defineKernel({
  name: 'tanh',
  about: 'y = tanh x',
  reference(x: Float64Array, y: Float64Array, n: number) {
    for (let i = 0; i < n; i++) y[i] = Math.tanh(x[i]!);
  },
  problems: vectorProblems(unary, 8),
  tolerance: () => ({ abs: 0, rel: 4e-7 }),
});

export const tanhGrad = defineKernel({
  name: 'tanh_grad',
  about: 'dx = g (1 - y^2)',
  reference(g: Float64Array, y: Float64Array, dx: Float64Array, n: number) {
    for (let i = 0; i < n; i++) dx[i] = g[i]! * (1 - y[i]! * y[i]!);
  },
  problems: vectorProblems((n) => [input(n), input(n), output(n), n], 12),
  tolerance: () => ({ abs: 0, rel: 4e-7 }),
});

export const sigmoid = defineKernel({
  name: 'sigmoid',
  about: 'y = 1 / (1 + e^-x)',
  reference(x: Float64Array, y: Float64Array, n: number) {
    for (let i = 0; i < n; i++) y[i] = 1 / (1 + Math.exp(-x[i]!));
  },
  problems: vectorProblems(unary, 8),
  tolerance: () => ({ abs: 0, rel: 3e-7 }),
});

export const sigmoidGrad = defineKernel({
  name: 'sigmoid_grad',
  about: 'dx = g y (1 - y)',
  reference(g: Float64Array, y: Float64Array, dx: Float64Array, n: number) {
    for (let i = 0; i < n; i++) dx[i] = g[i]! * y[i]! * (1 - y[i]!);
  },
  problems: vectorProblems((n) => [input(n), input(n, [0, 1]), output(n), n], 12),
  tolerance: () => ({ abs: 0, rel: 3e-7 }),
});

export const erfKernel = defineKernel({
  name: 'erf',
  about: 'y = erf x',
  reference(x: Float64Array, y: Float64Array, n: number) {
    for (let i = 0; i < n; i++) y[i] = erf(x[i]!);
  },
  problems: vectorProblems(unary, 8),
  tolerance: () => ({ abs: 0, rel: 4e-7 }),
});

export const gelu = defineKernel({
  name: 'gelu',
  about: 'y = x Phi(x) = x/2 (1 + erf(x / sqrt 2))',
  reference(x: Float64Array, y: Float64Array, n: number) {
    for (let i = 0; i < n; i++) y[i] = x[i]! * normalCdf(x[i]!);
  },
  problems: vectorProblems(unary, 8),
  tolerance: () => ({ abs: 0, rel: 1e-6 }),
});

export const geluGrad = defineKernel({
  name: 'gelu_grad',
  about: 'dx = g (Phi(x) + x phi(x))',
  reference(g: Float64Array, x: Float64Array, dx: Float64Array, n: number) {
    for (let i = 0; i < n; i++) dx[i] = g[i]! * (normalCdf(x[i]!) + x[i]! * normalPdf(x[i]!));
  },
  problems: vectorProblems(gradient, 12),
  tolerance: () => ({ abs: 2e-7, rel: 1e-6 }),
});

export const clamp = defineKernel({
  name: 'clamp',
  about: 'y = min(max(x, low), high)',
  reference(x: Float64Array, y: Float64Array, n: number, low: number, high: number) {
    for (let i = 0; i < n; i++) y[i] = Math.min(Math.max(x[i]!, low), high);
  },
  problems: vectorProblems((n) => [...unary(n), -0.5, 2.25], 8),
  tolerance: exact,
});

export const clampGrad = defineKernel({
  name: 'clamp_grad',
  about: 'dx = g where low <= x <= high, else 0',
  reference(g: Float64Array, x: Float64Array, dx: Float64Array, n: number, low: number, high: number) {
    for (let i = 0; i < n; i++) dx[i] = x[i]! >= low && x[i]! <= high ? g[i]! : 0;
  },
  problems: vectorProblems((n) => [...gradient(n), -0.5, 2.25], 12),
  tolerance: exact,
});
