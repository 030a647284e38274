/** Rows of a table by index. */
import { defineKernel, items } from '../family.ts';

export const gatherRows = defineKernel({
  name: 'gather_rows',
  about: 'y[i] = table[index[i]]',
  reference(table: Float64Array, index: Int32Array, y: Float64Array, n: number, d: number) {
    for (let i = 0; i < n; i++) y.set(table.subarray(index[i]! * d, (index[i]! + 1) * d), i * d);
  },
  split: (_table, _index, _y, n, d) =>
    items(3, n, [
      [1, 1],
      [2, d],
    ]),
});

export const scatterAddRows = defineKernel({
  name: 'scatter_add_rows',
  about: 'table = 0, then table[index[i]] += g[i] in order of i; an index out of range is skipped',
  reference(g: Float64Array, index: Int32Array, table: Float64Array, n: number, d: number, rows: number) {
    table.fill(0);
    for (let i = 0; i < n; i++) {
      const row = index[i]!;
      if (row < 0 || row >= rows) continue;
      for (let j = 0; j < d; j++) table[row * d + j] = table[row * d + j]! + g[i * d + j]!;
    }
  },
});

export const oneHot = defineKernel({
  name: 'one_hot',
  about: 'y[i, label[i]] = 1, else 0; a label out of range gives zeros',
  reference(labels: Int32Array, y: Float64Array, n: number, classes: number) {
    y.fill(0);
    for (let i = 0; i < n; i++) if (labels[i]! >= 0 && labels[i]! < classes) y[i * classes + labels[i]!] = 1;
  },
  split: (_labels, _y, n, classes) =>
    items(2, n, [
      [0, 1],
      [1, classes],
    ]),
});
