import { ShapeError } from '../errors.ts';
import * as k from '../kernels/families/index.ts';
import { launch } from '../kernels/launch.ts';
import { type Shape, sameShape, sizeOf, type Tensor } from '../tensor/index.ts';
import { sumTo } from './binary.ts';
import { defineOp } from './define-op.ts';
import { mul } from './mul.ts';
import { normalise, normaliseGrad } from './normalise.ts';
import { reshape } from './reshape.ts';

interface Attrs {
  readonly groups: number;
  readonly eps: number;
}

/** [n, positions, channels] of images [n, ..., c] */
const flat = (x: Shape): [number, number, number] => [x[0]!, sizeOf(x.slice(1, -1)), x[x.length - 1]!];

const op = defineOp<{ x: Tensor; gamma: Tensor; beta: Tensor }, Attrs, { mean: Tensor; rstd: Tensor }>({
  name: 'groupNorm',
  about:
    'y = (x - mean) / sqrt(var + eps) * gamma + beta, statistics over positions and one group of channels of a sample',
  inputs: ['x', 'gamma', 'beta'],
  shape({ x, gamma, beta }, { groups }) {
    const c = x.shape[x.shape.length - 1] ?? 0;
    const fits = sameShape(gamma.shape, [c]) && sameShape(beta.shape, [c]);
    if (x.shape.length < 2 || !fits || !Number.isInteger(groups) || groups < 1 || c % groups !== 0) {
      throw new ShapeError(
        `groupNorm: expected x [n, ..., c], gamma and beta [c] and groups that divide c, ` +
          `got x [${x.shape}], gamma [${gamma.shape}], beta [${beta.shape}], groups ${groups}.`,
      );
    }
    return x.shape;
  },
  forward({ x, gamma, beta }, y, { groups, eps }) {
    const [n, positions, c] = flat(x.shape);
    const mean = x.engine.alloc([n * groups], x.dtype, 'groupNorm');
    const rstd = x.engine.alloc([n * groups], x.dtype, 'groupNorm');
    launch(k.groupNorm, x, gamma, beta, y, mean, rstd, n, positions, c, groups, eps);
    return { mean, rstd };
  },
  backward({ gradOut, inputs: { x, gamma }, attrs: { groups, eps }, needs }) {
    const [n, positions, c] = flat(x.shape);
    const grouped = [n, positions, groups, c / groups];
    const axes = [1, 3];
    const normal = normalise(reshape(x, grouped), axes, eps);
    const g = reshape(gradOut, [n, positions, c]);
    return {
      x: needs.x ? reshape(normaliseGrad(reshape(mul(g, gamma), grouped), normal, axes), x.shape) : null,
      gamma: needs.gamma ? sumTo(mul(g, reshape(normal.normal, g.shape)), gamma.shape) : null,
      beta: needs.beta ? sumTo(g, gamma.shape) : null,
    };
  },
  fusedBackward({ gradOut, inputs: { x, gamma }, attrs: { groups }, saved: { mean, rstd }, needs }) {
    const [n, positions, c] = flat(x.shape);
    const like = (t: Tensor) => t.engine.alloc(t.shape, t.dtype, 'groupNorm');
    const dx = needs.x ? like(x) : null;
    const dgamma = needs.gamma ? like(gamma) : null;
    const dbeta = needs.beta ? like(gamma) : null;
    launch(k.groupNormGrad, gradOut, x, gamma, mean, rstd, dx, dgamma, dbeta, n, positions, c, groups);
    return { x: dx, gamma: dgamma, beta: dbeta };
  },
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
