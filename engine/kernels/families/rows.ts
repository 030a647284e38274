/** Rows of a table by index. */
import { defineKernel, input, intInput, output, problemsOf } from '../family.ts';

type Sizes = readonly [n: number, d: number, rows: number];
const cases: readonly [Sizes, ...Sizes[]] = [
  [0, 3, 2],
  [1, 1, 1],
  [4, 3, 2],
  [3, 4, 9],
  [20, 5, 3],
  [7, 17, 8],
  [256, 784, 4096],
];

export const gatherRows = defineKernel({
  name: 'gather_rows',
  about: 'y[i] = table[index[i]]',
  reference(table: Float64Array, index: Int32Array, y: Float64Array, n: number, d: number) {
    for (let i = 0; i < n; i++) y.set(table.subarray(index[i]! * d, (index[i]! + 1) * d), i * d);
  },
  problems: problemsOf(cases, ([n, d, rows]) => {
    const problem = {
      name: `${n} of ${rows}x${d}`,
      args: [input(rows * d), intInput(n, [0, rows]), output(n * d), n, d],
    };
    return n < 256 ? problem : { ...problem, bytes: 8 * n * d, bench: true, benchOnly: true };
  }),
  tolerance: () => ({ abs: 0, rel: 0 }),
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
  problems: problemsOf(cases, ([n, d, rows]) => {
    const args = [input(n * d), intInput(n, [-1, rows + 1]), output(rows * d), n, d, rows];
    const problem = { name: `${n} into ${rows}x${d}`, args };
    return n < 256 ? problem : { ...problem, bytes: 4 * d * (n + rows), bench: true, benchOnly: true };
  }),
  tolerance: () => ({ abs: 3e-6, rel: 1e-6 }),
});

export const oneHot = defineKernel({
  name: 'one_hot',
  about: 'y[i, label[i]] = 1, else 0; a label out of range gives zeros',
  reference(labels: Int32Array, y: Float64Array, n: number, classes: number) {
    y.fill(0);
    for (let i = 0; i < n; i++) if (labels[i]! >= 0 && labels[i]! < classes) y[i * classes + labels[i]!] = 1;
  },
  problems: problemsOf<readonly [n: number, classes: number]>(
    [
      [0, 3],
      [1, 1],
      [5, 3],
      [9, 10],
      [256, 1000],
    ],
    ([n, classes]) => {
      const problem = {
        name: `${n}x${classes}`,
        args: [intInput(n, [-1, classes + 1]), output(n * classes), n, classes],
      };
      return n < 256 ? problem : { ...problem, bytes: 4 * n * classes, bench: true, benchOnly: true };
    },
  ),
  tolerance: () => ({ abs: 0, rel: 0 }),
});
