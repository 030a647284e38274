import * as k from '../kernels/families/index.ts';
import { launch } from '../kernels/launch.ts';
import type { Tensor } from '../tensor/index.ts';
import { defineOp } from './define-op.ts';
import { checkIndices } from './indices.ts';
import { scatterAdd } from './scatter-add.ts';
import { expectRank } from './shapes.ts';

const op = defineOp<{ table: Tensor; indices: Tensor }>({
  name: 'gather',
  about: 'y[i] = table[indices[i]]: rows of a table [rows, d] -> [n, d]',
  inputs: ['table', 'indices'],
  integers: ['indices'],
  shape({ table, indices }) {
    expectRank('gather', 'table', table.shape, 2, '[rows, d]');
    expectRank('gather', 'indices', indices.shape, 1, '[n]');
    return [indices.shape[0]!, table.shape[1]!];
  },
  forward({ table, indices }, y) {
    checkIndices('gather', 'indices', indices, table.shape[0]!);
    launch(k.gatherRows, table, indices, y, indices.size, table.shape[1]!);
  },
  backward: ({ gradOut, inputs: { table, indices } }) => ({ table: scatterAdd(gradOut, indices, table.shape[0]!) }),
  samples: [
    { name: '[4,3] by 6', inputs: { table: [4, 3], indices: { shape: [6], range: [0, 4] } }, attrs: undefined },
    { name: '[1,1] by 1', inputs: { table: [1, 1], indices: { shape: [1], range: [0, 1] } }, attrs: undefined },
    { name: '[2,3] by 0', inputs: { table: [2, 3], indices: { shape: [0], range: [0, 2] } }, attrs: undefined },
  ],
});

/** Rows of a table by index (an embedding look-up). table [rows, d], indices i32 [n] -> [n, d] @throws ShapeError */
export const gather = (table: Tensor, indices: Tensor): Tensor => op({ table, indices }, undefined);
