import * as ops from '../ops/index.ts';
import type { Tensor } from '../tensor/index.ts';
import { activate, type Ending, endingAhead } from './fuse.ts';
import { type Initialiser, kaimingUniform, zeros } from './initialisers.ts';
import type { Fused, Layer } from './layer.ts';

export type ConvParams = { readonly weight: Tensor; readonly bias?: Tensor };

export interface Conv2dOptions extends ops.WindowOptions {
  readonly inputs: number;
  readonly filters: number;
  readonly size: ops.Pair;
  /** default 1 */
  readonly groups?: number;
  /** default true */
  readonly bias?: boolean;
  /** default kaimingUniform */
  readonly initialise?: Initialiser;
  /** default zeros */
  readonly initialiseBias?: Initialiser;
}

/** x [n,h,w,ci] * weight [kh,kw,ci/groups,co] + bias [co] -> [n,oh,ow,co] */
export function conv2d(options: Conv2dOptions): Layer<ConvParams> {
  const { inputs, filters, size, groups = 1, bias = true, ...rest } = options;
  const { initialise = kaimingUniform, initialiseBias = zeros, ...window } = rest;
  const [kh, kw] = typeof size === 'number' ? [size, size] : size;
  const shape = [kh, kw, inputs / groups, filters];
  const fans = { fanIn: (kh * kw * inputs) / groups, fanOut: (kh * kw * filters) / groups };
  // The largest of a window can be taken before the bias and a rising activation as well as after them, and there are
  // fewer numbers then, and fewer gradients that are not 0.
  const compute = ({ weight, bias }: ConvParams, x: Tensor, { activation, pool }: Ending): Tensor => {
    if (bias && !pool) return ops.conv2dBias(x, weight, bias, { ...window, groups, activation });
    const y = ops.conv2d(x, weight, { ...window, groups });
    if (!pool) return activate(y, activation);
    const pooled = bias
      ? ops.maxPool2dBias(y, bias, { ...pool, activation })
      : activate(ops.maxPool2d(y, pool), activation);
    y.engine.free(y); // backward asks where the largest stood, not how large it was
    return pooled;
  };
  const withNext = (next: readonly Layer[]): Fused<ConvParams> => {
    const ending = endingAhead(next);
    return { taken: ending.taken, apply: (params, x) => compute(params, x, ending) };
  };
  return {
    name: `conv2d ${inputs}-${filters} ${kh}x${kw}`,
    init(context) {
      const weight = initialise(context, shape, fans);
      return bias ? { weight, bias: initialiseBias(context, [filters], fans) } : { weight };
    },
    apply: withNext([]).apply,
    fuse: withNext,
  };
}
