import { add, matmul } from '../ops/index.ts';
import type { Tensor } from '../tensor/index.ts';
import { type Initialiser, kaimingUniform, zeros } from './initialisers.ts';
import type { Layer } from './layer.ts';

export type LinearParams = { readonly weight: Tensor; readonly bias?: Tensor };

export interface LinearOptions {
  readonly inputs: number;
  readonly outputs: number;
  /** default true */
  readonly bias?: boolean;
  /** default kaimingUniform */
  readonly initialise?: Initialiser;
}

/** x [n,i] . weight [o,i]^T + bias [o] -> [n,o] */
export function linear(options: LinearOptions): Layer<LinearParams> {
  const { inputs, outputs, bias = true, initialise = kaimingUniform } = options;
  const fans = { fanIn: inputs, fanOut: outputs };
  return {
    name: `linear ${inputs}-${outputs}`,
    init(context) {
      const weight = initialise(context, [outputs, inputs], fans);
      return bias ? { weight, bias: zeros(context, [outputs], fans) } : { weight };
    },
    apply(params, x) {
      const y = matmul(x, params.weight, { transposeB: true });
      return params.bias ? add(y, params.bias) : y;
    },
  };
}
