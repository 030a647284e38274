import { gather, reshape } from '../ops/index.ts';
import { randomNormal } from '../random/index.ts';
import type { Tensor } from '../tensor/index.ts';
import type { Layer } from './layer.ts';

export type EmbeddingParams = { readonly table: Tensor };

/** Looks up a row of a table for each index. indices i32 [n, ...] -> [n, ..., width]; rows start as N(0, 1) */
export function embedding({ rows, width }: { readonly rows: number; readonly width: number }): Layer<EmbeddingParams> {
  return {
    name: `embedding ${rows}x${width}`,
    init: ({ engine, rng, dtype }) => ({ table: randomNormal(engine, rng, [rows, width], { dtype }) }),
    apply({ table }, indices) {
      // a view, not an op: integers carry no gradient
      const flat = indices.rank === 1 ? indices : indices.withShape([indices.size]);
      return reshape(gather(table, flat), [...indices.shape, width]);
    },
  };
}
