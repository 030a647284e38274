/** Initial weights. Fans count the connections into and out of one unit: [out, in] for linear, [kh, kw, in, out] for conv2d. */
import { randomNormal, randomUniform } from '../random/index.ts';
import type { Shape, Tensor } from '../tensor/index.ts';
import type { InitContext } from './layer.ts';

export interface Fans {
  readonly fanIn: number;
  readonly fanOut: number;
}

export type Initialiser = (context: InitContext, shape: Shape, fans: Fans) => Tensor;

const uniform = (c: InitContext, shape: Shape, bound: number) =>
  randomUniform(c.engine, c.rng, shape, { low: -bound, high: bound, dtype: c.dtype });
const normal = (c: InitContext, shape: Shape, std: number) =>
  randomNormal(c.engine, c.rng, shape, { std, dtype: c.dtype });

/** U(-b, b), b = sqrt(6 / fanIn): keeps the variance through relu (He et al. 2015, eq. 10). */
export const kaimingUniform: Initialiser = (c, shape, { fanIn }) => uniform(c, shape, Math.sqrt(6 / fanIn));
/** N(0, 2 / fanIn) (He et al. 2015, eq. 10). */
export const kaimingNormal: Initialiser = (c, shape, { fanIn }) => normal(c, shape, Math.sqrt(2 / fanIn));
/** U(-b, b), b = sqrt(6 / (fanIn + fanOut)) (Glorot & Bengio 2010, eq. 16). */
export const xavierUniform: Initialiser = (c, shape, { fanIn, fanOut }) =>
  uniform(c, shape, Math.sqrt(6 / (fanIn + fanOut)));
/** N(0, 2 / (fanIn + fanOut)) (Glorot & Bengio 2010, eq. 12). */
export const xavierNormal: Initialiser = (c, shape, { fanIn, fanOut }) =>
  normal(c, shape, Math.sqrt(2 / (fanIn + fanOut)));
/** U(-b, b), b = sqrt(3 / fanIn) (LeCun et al. 1998, section 4.6). */
export const lecunUniform: Initialiser = (c, shape, { fanIn }) => uniform(c, shape, Math.sqrt(3 / fanIn));
/** U(-b, b), b = sqrt(1 / fanIn): what PyTorch's linear and convolutional layers start with, weights and biases. */
export const fanInUniform: Initialiser = (c, shape, { fanIn }) => uniform(c, shape, Math.sqrt(1 / fanIn));
/** N(0, 1 / fanIn) (LeCun et al. 1998, section 4.6). */
export const lecunNormal: Initialiser = (c, shape, { fanIn }) => normal(c, shape, Math.sqrt(1 / fanIn));
export const zeros: Initialiser = (c, shape) => c.engine.zeros(shape, c.dtype);
export const ones: Initialiser = (c, shape) => c.engine.ones(shape, c.dtype);
