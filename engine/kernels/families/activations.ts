/** Activations and their gradients. */
import { FUNCTION, unary, unaryGrad } from '../family.ts';
import { erf, normalCdf, normalPdf } from '../special.ts';

export const relu = unary('relu', 'y = max(x, 0)', (x) => Math.max(x, 0));
export const reluGrad = unaryGrad('relu_grad', 'dx = g where y > 0, else 0', (g, y) => (y > 0 ? g : 0));

export const leakyRelu = unary('leaky_relu', 'y = x >= 0 ? x : slope x', (x, slope: number) => (x < 0 ? slope * x : x));
export const leakyReluGrad = unaryGrad('leaky_relu_grad', 'dx = x >= 0 ? g : slope g', (g, x, slope: number) =>
  x < 0 ? slope * g : g,
);

export const tanh = unary('tanh', 'y = tanh x', (x) => Math.tanh(x), FUNCTION);
export const tanhGrad = unaryGrad('tanh_grad', 'dx = g (1 - y^2)', (g, y) => g * (1 - y * y));

export const sigmoid = unary('sigmoid', 'y = 1 / (1 + e^-x)', (x) => 1 / (1 + Math.exp(-x)), FUNCTION);
export const sigmoidGrad = unaryGrad('sigmoid_grad', 'dx = g y (1 - y)', (g, y) => g * y * (1 - y));

export const erfKernel = unary('erf', 'y = erf x', (x) => erf(x), FUNCTION);

export const gelu = unary('gelu', 'y = x Phi(x) = x/2 (1 + erf(x / sqrt 2))', (x) => x * normalCdf(x), FUNCTION);
export const geluGrad = unaryGrad(
  'gelu_grad',
  'dx = g (Phi(x) + x phi(x))',
  (g, x) => g * (normalCdf(x) + x * normalPdf(x)),
  FUNCTION,
);

export const clamp = unary('clamp', 'y = min(max(x, low), high)', (x, low: number, high: number) =>
  Math.min(Math.max(x, low), high),
);
export const clampGrad = unaryGrad(
  'clamp_grad',
  'dx = g where low <= x <= high, else 0',
  (g, x, low: number, high: number) => (x >= low && x <= high ? g : 0),
);
