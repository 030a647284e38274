/** The gradient that layer norm and group norm share, in ops, so that it can be differentiated again. */
import type { Tensor } from '../tensor/index.ts';
import { affine } from './affine.ts';
import { div } from './div.ts';
import { mul } from './mul.ts';
import { reshape } from './reshape.ts';
import { sqrt } from './sqrt.ts';
import { sub } from './sub.ts';
import { mean } from './sum.ts';

/** mean over axes that are kept with size 1 */
function meanKept(x: Tensor, axes: readonly number[]): Tensor {
  return reshape(
    mean(x, axes),
    x.shape.map((d, i) => (axes.includes(i) ? 1 : d)),
  );
}

/** x with mean 0 and variance 1 over the axes, and the deviation that was divided by. */
export function normalise(x: Tensor, axes: readonly number[], eps: number): { normal: Tensor; deviation: Tensor } {
  const centred = sub(x, meanKept(x, axes));
  const deviation = sqrt(affine(meanKept(mul(centred, centred), axes), 1, eps));
  return { normal: div(centred, deviation), deviation };
}

/** dL/dx from dL/d(normal): (g - mean g - normal * mean(g * normal)) / deviation */
export function normaliseGrad(
  g: Tensor,
  { normal, deviation }: ReturnType<typeof normalise>,
  axes: readonly number[],
): Tensor {
  const along = mul(normal, meanKept(mul(g, normal), axes));
  return div(sub(sub(g, meanKept(g, axes)), along), deviation);
}
