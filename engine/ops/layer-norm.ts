import { ShapeError } from '../errors.ts';
import * as k from '../kernels/families/index.ts';
import { launch } from '../kernels/launch.ts';
import { sameShape, type Tensor } from '../tensor/index.ts';
import { sumTo } from './binary.ts';
import { defineOp } from './define-op.ts';
import { mul } from './mul.ts';
import { normalise, normaliseGrad } from './normalise.ts';
import { rowsOf } from './rows.ts';

const op = defineOp<{ x: Tensor; gamma: Tensor; beta: Tensor }, { eps: number }, { mean: Tensor; rstd: Tensor }>({
  name: 'layerNorm',
  about: 'y = (x - mean) / sqrt(var + eps) * gamma + beta, statistics over the last axis; gamma, beta [c]',
  inputs: ['x', 'gamma', 'beta'],
  shape({ x, gamma, beta }) {
    const [, c] = rowsOf('layerNorm', x.shape);
    if (!sameShape(gamma.shape, [c]) || !sameShape(beta.shape, [c])) {
      throw new ShapeError(
        `layerNorm: expected gamma and beta [${c}] for x [${x.shape}], got [${gamma.shape}] and [${beta.shape}].`,
      );
    }
    return x.shape;
  },
  forward({ x, gamma, beta }, y, { eps }) {
    const [rows, cols] = rowsOf('layerNorm', x.shape);
    const mean = x.engine.alloc([rows], x.dtype, 'layerNorm');
    const rstd = x.engine.alloc([rows], x.dtype, 'layerNorm');
    launch(k.layerNorm, x, gamma, beta, y, mean, rstd, rows, cols, eps);
    return { mean, rstd };
  },
  backward({ gradOut, inputs: { x, gamma }, attrs: { eps }, needs }) {
    const axes = [x.rank - 1];
    const n = normalise(x, axes, eps);
    return {
      x: needs.x ? normaliseGrad(mul(gradOut, gamma), n, axes) : null,
      gamma: needs.gamma ? sumTo(mul(gradOut, n.normal), gamma.shape) : null,
      beta: needs.beta ? sumTo(gradOut, gamma.shape) : null,
    };
  },
  fusedBackward({ gradOut, inputs: { x, gamma }, saved: { mean, rstd }, needs }) {
    const [rows, cols] = rowsOf('layerNorm', x.shape);
    const like = (t: Tensor) => t.engine.alloc(t.shape, t.dtype, 'layerNorm');
    const dx = needs.x ? like(x) : null;
    const dgamma = needs.gamma ? like(gamma) : null;
    const dbeta = needs.beta ? like(gamma) : null;
    launch(k.layerNormGrad, gradOut, x, gamma, mean, rstd, dx, dgamma, dbeta, rows, cols);
    return { x: dx, gamma: dgamma, beta: dbeta };
  },
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
