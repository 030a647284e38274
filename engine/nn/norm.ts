import * as ops from '../ops/index.ts';
import type { Tensor } from '../tensor/index.ts';
import { ones, zeros } from './initialisers.ts';
import type { Layer } from './layer.ts';

export type NormParams = { readonly gamma: Tensor; readonly beta: Tensor };

type Norm = (x: Tensor, gamma: Tensor, beta: Tensor) => Tensor;

function norm(name: string, width: number, apply: Norm): Layer<NormParams> {
  const fans = { fanIn: 1, fanOut: 1 };
  return {
    name,
    init: (context) => ({ gamma: ones(context, [width], fans), beta: zeros(context, [width], fans) }),
    apply: ({ gamma, beta }, x) => apply(x, gamma, beta),
  };
}

/** Layer normalisation over the last axis of size `width` (Ba et al. 2016). */
export const layerNorm = (width: number, { eps = 1e-5 } = {}) =>
  norm(`layerNorm ${width}`, width, (x, gamma, beta) => ops.layerNorm(x, gamma, beta, eps));

/** Group normalisation of `channels` in `groups` (Wu & He 2018); depends on no other sample, so it suits private training. */
export const groupNorm = (channels: number, groups: number, { eps = 1e-5 } = {}) =>
  norm(`groupNorm ${channels}/${groups}`, channels, (x, gamma, beta) => ops.groupNorm(x, gamma, beta, groups, eps));
