import * as ops from '../ops/index.ts';
import type { Tensor } from '../tensor/index.ts';
import { activate, activationAhead, type Ending } from './fuse.ts';
import { type Initialiser, kaimingUniform, zeros } from './initialisers.ts';
import type { Fused, Layer } from './layer.ts';

export type LinearParams = { readonly weight: Tensor; readonly bias?: Tensor };

export interface LinearOptions {
  readonly inputs: number;
  readonly outputs: number;
  /** default true */
  readonly bias?: boolean;
  /** default kaimingUniform */
  readonly initialise?: Initialiser;
  /** default zeros */
  readonly initialiseBias?: Initialiser;
}

/** x [n,i] . weight [o,i]^T + bias [o] -> [n,o] */
export function linear(options: LinearOptions): Layer<LinearParams> {
  const { inputs, outputs, bias = true, initialise = kaimingUniform, initialiseBias = zeros } = options;
  const fans = { fanIn: inputs, fanOut: outputs };
  const compute = ({ weight, bias }: LinearParams, x: Tensor, { activation }: Ending): Tensor =>
    bias ? ops.linear(x, weight, bias, activation) : activate(ops.matmul(x, weight, { transposeB: true }), activation);
  const withNext = (next: readonly Layer[]): Fused<LinearParams> => {
    const ending = activationAhead(next);
    return { taken: ending.taken, apply: (params, x) => compute(params, x, ending) };
  };
  return {
    name: `linear ${inputs}-${outputs}`,
    init(context) {
      const weight = initialise(context, [outputs, inputs], fans);
      return bias ? { weight, bias: initialiseBias(context, [outputs], fans) } : { weight };
    },
    apply: withNext([]).apply,
    fuse: withNext,
  };
}
