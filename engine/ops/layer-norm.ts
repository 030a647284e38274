import { ShapeError } from '../errors.ts';
import * as k from '../kernels/families/index.ts';
import { launch } from '../kernels/launch.ts';
import { sameShape, type Tensor } from '../tensor/index.ts';
import { defineNorm } from './normalise.ts';
import { rowsOf } from './rows.ts';

const name = 'layerNorm';

const op = defineNorm<{ eps: number }>({
  name,
  about: 'y = (x - mean) / sqrt(var + eps) * gamma + beta, statistics over the last axis; gamma, beta [c]',
  check(x, gamma, beta) {
    const [, c] = rowsOf(name, x);
    if (sameShape(gamma, [c]) && sameShape(beta, [c])) return;
    throw new ShapeError(`${name}: expected gamma and beta [${c}] for x [${x}], got [${gamma}] and [${beta}].`);
  },
  grouped: (x) => ({ shape: x, axes: [x.length - 1] }),
  forward: ({ x, gamma, beta }, y, { mean, rstd }, { eps }) =>
    launch(k.layerNorm, x, gamma, beta, y, mean, rstd, ...rowsOf(name, x.shape), eps),
  backward: (g, { x, gamma }, { mean, rstd }, d) =>
    launch(k.layerNormGrad, g, x, gamma, mean, rstd, d.x, d.gamma, d.beta, ...rowsOf(name, x.shape)),
  samples: [
    { name: '[3,7]', inputs: { x: [3, 7], gamma: [7], beta: [7] }, attrs: { eps: 1e-5 } },
    { name: '[2,2,5]', inputs: { x: [2, 2, 5], gamma: [5], beta: [5] }, attrs: { eps: 1e-3 } },
    { name: '[1,2]', inputs: { x: [1, 2], gamma: [2], beta: [2] }, attrs: { eps: 1e-2 } },
    { name: '[1,1]', inputs: { x: [1, 1], gamma: [1], beta: [1] }, attrs: { eps: 1e-2 } },
    { name: '[0,4]', inputs: { x: [0, 4], gamma: [4], beta: [4] }, attrs: { eps: 1e-5 } },
  ],
});

/** Layer normalisation over the last axis (Ba et al. 2016). x [..., c], gamma and beta [c]. @throws ShapeError */
export const layerNorm = (x: Tensor, gamma: Tensor, beta: Tensor, eps = 1e-5): Tensor =>
  op({ x, gamma, beta }, { eps });
