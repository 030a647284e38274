import * as ops from '../ops/index.ts';
import { stateless } from './layer.ts';

export const relu = () => stateless('relu', (x) => ops.relu(x));
/** x where positive, else slope * x */
export const leakyRelu = (slope = 0.01) => stateless('leakyRelu', (x) => ops.leakyRelu(x, slope));
export const tanh = () => stateless('tanh', (x) => ops.tanh(x));
export const sigmoid = () => stateless('sigmoid', (x) => ops.sigmoid(x));
export const gelu = () => stateless('gelu', (x) => ops.gelu(x));
