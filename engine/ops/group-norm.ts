import { ShapeError } from '../errors.ts';
import * as k from '../kernels/families/index.ts';
import { launch } from '../kernels/launch.ts';
import { type Shape, sameShape, sizeOf, type Tensor } from '../tensor/index.ts';
import { defineNorm } from './normalise.ts';

/** [n, positions, channels] of images [n, ..., c] */
const flat = (x: Shape): [number, number, number] => [x[0]!, sizeOf(x.slice(1, -1)), x[x.length - 1]!];

const op = defineNorm<{ groups: number; eps: number }>({
  name: 'groupNorm',
  about:
    'y = (x - mean) / sqrt(var + eps) * gamma + beta, statistics over positions and one group of channels of a sample',
  check(x, gamma, beta, { groups }) {
    const c = x[x.length - 1] ?? 0;
    const fits = sameShape(gamma, [c]) && sameShape(beta, [c]);
    if (x.length >= 2 && fits && Number.isInteger(groups) && groups >= 1 && c % groups === 0) return;
    throw new ShapeError(
      `groupNorm: expected x [n, ..., c], gamma and beta [c] and groups that divide c, ` +
        `got x [${x}], gamma [${gamma}], beta [${beta}], groups ${groups}.`,
    );
  },
  grouped(x, { groups }) {
    const [n, positions, c] = flat(x);
    return { shape: [n, positions, groups, c / groups], axes: [1, 3] };
  },
  forward: ({ x, gamma, beta }, y, { mean, rstd }, { groups, eps }) =>
    launch(k.groupNorm, x, gamma, beta, y, mean, rstd, ...flat(x.shape), groups, eps),
  backward: (g, { x, gamma }, { mean, rstd }, d, { groups }) =>
    launch(k.groupNormGrad, g, x, gamma, mean, rstd, d.x, d.gamma, d.beta, ...flat(x.shape), groups),
  samples: [
    { name: '[2,3,2,4] in 2', inputs: { x: [2, 3, 2, 4], gamma: [4], beta: [4] }, attrs: { groups: 2, eps: 1e-5 } },
    { name: '[2,6] in 3', inputs: { x: [2, 6], gamma: [6], beta: [6] }, attrs: { groups: 3, eps: 1e-2 } },
    { name: '[1,3,1,3] in 3', inputs: { x: [1, 3, 1, 3], gamma: [3], beta: [3] }, attrs: { groups: 3, eps: 1e-3 } },
    { name: '[1,1] in 1', inputs: { x: [1, 1], gamma: [1], beta: [1] }, attrs: { groups: 1, eps: 1e-2 } },
    { name: '[0,2,2,4] in 2', inputs: { x: [0, 2, 2, 4], gamma: [4], beta: [4] }, attrs: { groups: 2, eps: 1e-5 } },
  ],
});

/** Group normalisation (Wu & He 2018): depends on no other sample. x [n, ..., c], gamma and beta [c]. @throws ShapeError */
export const groupNorm = (x: Tensor, gamma: Tensor, beta: Tensor, groups: number, eps = 1e-5): Tensor =>
  op({ x, gamma, beta }, { groups, eps });
