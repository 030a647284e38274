import { ShapeError } from '../errors.ts';
import * as k from '../kernels/families/index.ts';
import { launch } from '../kernels/launch.ts';
import type { Tensor } from '../tensor/index.ts';
import { defineOp } from './define-op.ts';
import { gather } from './gather.ts';
import { checkIndices } from './indices.ts';
import { expectRank } from './shapes.ts';

const op = defineOp<{ x: Tensor; indices: Tensor }, { rows: number }>({
  name: 'scatterAdd',
  about: 'y[indices[i]] += x[i]: rows [n, d] summed into a table [rows, d]',
  inputs: ['x', 'indices'],
  integers: ['indices'],
  shape({ x, indices }, { rows }) {
    expectRank('scatterAdd', 'x', x.shape, 2, '[n, d]');
    if (indices.shape.length !== 1 || indices.shape[0] !== x.shape[0]) {
      throw new ShapeError(`scatterAdd: expected one index per row of [${x.shape}], got [${indices.shape}].`);
    }
    return [rows, x.shape[1]!];
  },
  forward({ x, indices }, y, { rows }) {
    checkIndices('scatterAdd', 'indices', indices, rows);
    launch(k.scatterAddRows, x, indices, y, indices.size, x.shape[1]!, rows);
  },
  backward: ({ gradOut, inputs: { indices } }) => ({ x: gather(gradOut, indices) }),
  samples: [
    { name: '6 rows into [4,3]', inputs: { x: [6, 3], indices: { shape: [6], range: [0, 4] } }, attrs: { rows: 4 } },
    { name: '1 row into [1,1]', inputs: { x: [1, 1], indices: { shape: [1], range: [0, 1] } }, attrs: { rows: 1 } },
    { name: '0 rows into [2,3]', inputs: { x: [0, 3], indices: { shape: [0], range: [0, 2] } }, attrs: { rows: 2 } },
  ],
});

/** Sums rows into a table of `rows` rows. x [n, d], indices i32 [n] -> [rows, d] @throws ShapeError */
export const scatterAdd = (x: Tensor, indices: Tensor, rows: number): Tensor => op({ x, indices }, { rows });
