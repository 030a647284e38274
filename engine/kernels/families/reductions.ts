/** Reductions over the middle of x [outer, n, inner]. */
import { defineKernel, input, intOutput, output, type Problem, problemsOf } from '../family.ts';

type Sizes = readonly [outer: number, n: number, inner: number];

const cases: readonly [Sizes, ...Sizes[]] = [
  [0, 3, 2],
  [2, 0, 3],
  [2, 3, 0],
  [1, 1, 1],
  [1, 3, 1],
  [3, 17, 1],
  [2, 64, 1],
  [1, 1000, 1],
  [1, 5003, 1],
  [1, 7, 2],
  [2, 5, 3],
  [1, 9, 4],
  [2, 65, 5],
  [1, 200, 16],
  [2, 130, 23],
  [3, 2, 37],
  [1, 1100, 60], // more than one block of rows
  [1, 262144, 1],
  [1024, 256, 1],
  [12_800, 10, 1],
  [1, 65536, 32],
  [64, 64, 64],
];

function problems(out: (len: number) => Problem['args'][number]): [Problem, ...Problem[]] {
  return problemsOf(cases, ([outer, n, inner]) => {
    const size = outer * n * inner;
    const problem = { name: `${outer}x${n}x${inner}`, args: [input(size), out(outer * inner), outer, n, inner] };
    return size < 100_000 ? problem : { ...problem, bytes: 4 * size, bench: true, benchOnly: true };
  });
}

/** The f64 elements of column (o, j), in order. */
function* column(x: Float64Array, o: number, n: number, inner: number, j: number): Generator<number> {
  for (let i = 0; i < n; i++) yield x[(o * n + i) * inner + j]!;
}

function reduction(
  name: string,
  about: string,
  start: number,
  step: (acc: number, x: number) => number,
  abs: (n: number) => number,
) {
  return defineKernel({
    name,
    about,
    reference(x: Float64Array, y: Float64Array, outer: number, n: number, inner: number) {
      for (let o = 0; o < outer; o++)
        for (let j = 0; j < inner; j++) {
          let acc = start;
          for (const v of column(x, o, n, inner, j)) acc = step(acc, v);
          y[o * inner + j] = acc;
        }
    },
    problems: problems(output),
    tolerance: (p) => ({ abs: abs(p.args[3] as number), rel: 1e-6 }),
  });
}

export const sum = reduction(
  'sum',
  'y = sum over the middle axis',
  0,
  (acc, v) => acc + v,
  (n) => 1e-6 * Math.sqrt(n), // terms of both signs: the error is measured against the terms
);
export const sumSquares = reduction(
  'sum_squares',
  'y = sum of squares over the middle axis',
  0,
  (acc, v) => acc + v * v,
  () => 0,
);
export const maxReduce = reduction(
  'max_reduce',
  'y = max over the middle axis; -Infinity for none',
  -Infinity,
  (acc, v) => Math.max(acc, v),
  () => 0,
);

export const argmax = defineKernel({
  name: 'argmax',
  about: 'y = first index of the maximum over the middle axis; NaN counts as the largest',
  reference(x: Float64Array, y: Int32Array, outer: number, n: number, inner: number) {
    for (let o = 0; o < outer; o++)
      for (let j = 0; j < inner; j++) {
        let best = 0;
        const at = (i: number) => x[(o * n + i) * inner + j]!;
        for (let i = 1; i < n && !Number.isNaN(at(best)); i++) {
          if (at(i) > at(best) || Number.isNaN(at(i))) best = i;
        }
        y[o * inner + j] = best;
      }
  },
  problems: problems(intOutput),
  tolerance: () => ({ abs: 0, rel: 0 }),
});
