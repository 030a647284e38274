/** Element-wise functions of one array. */
import { defineKernel, elements, FUNCTION, unary } from '../family.ts';

export const exp = unary('exp', 'y = e^x', (x) => Math.exp(x), FUNCTION);
export const log = unary('log', 'y = log x', (x) => Math.log(x), FUNCTION);
export const sqrt = unary('sqrt', 'y = sqrt x', (x) => Math.sqrt(x));
export const abs = unary('abs', 'y = |x|', (x) => Math.abs(x));
export const sign = unary('sign', 'y = -1, 0 or 1; NaN for NaN', (x) => Math.sign(x));
export const step = unary('step', 'y = x > 0 ? 1 : 0', (x) => (x > 0 ? 1 : 0));
export const affine = unary('affine', 'y = mul x + add', (x, mul: number, add: number) => mul * x + add);

export const fill = defineKernel({
  name: 'fill',
  about: 'y = value',
  reference(y: Float64Array, n: number, value: number) {
    y.fill(value, 0, n);
  },
  split: (_y, n) => elements(1, n, [0]),
});
