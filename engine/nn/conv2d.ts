import { add, conv2d as convolve, type Pair, type WindowOptions } from '../ops/index.ts';
import type { Tensor } from '../tensor/index.ts';
import { type Initialiser, kaimingUniform, zeros } from './initialisers.ts';
import type { Layer } from './layer.ts';

export type ConvParams = { readonly weight: Tensor; readonly bias?: Tensor };

export interface Conv2dOptions extends WindowOptions {
  readonly inputs: number;
  readonly filters: number;
  readonly size: Pair;
  /** default 1 */
  readonly groups?: number;
  /** default true */
  readonly bias?: boolean;
  /** default kaimingUniform */
  readonly initialise?: Initialiser;
}

/** x [n,h,w,ci] * weight [kh,kw,ci/groups,co] + bias [co] -> [n,oh,ow,co] */
export function conv2d(options: Conv2dOptions): Layer<ConvParams> {
  const { inputs, filters, size, groups = 1, bias = true, initialise = kaimingUniform, ...window } = options;
  const [kh, kw] = typeof size === 'number' ? [size, size] : size;
  const shape = [kh, kw, inputs / groups, filters];
  const fans = { fanIn: (kh * kw * inputs) / groups, fanOut: (kh * kw * filters) / groups };
  return {
    name: `conv2d ${inputs}-${filters} ${kh}x${kw}`,
    init(context) {
      const weight = initialise(context, shape, fans);
      return bias ? { weight, bias: zeros(context, [filters], fans) } : { weight };
    },
    apply(params, x) {
      const y = convolve(x, params.weight, { ...window, groups });
      return params.bias ? add(y, params.bias) : y;
    },
  };
}
