/** Reductions over the middle of x [outer, n, inner]. */
import { type Cut, defineKernel, items } from '../family.ts';

/** Every outer index has its own sums; how they are summed depends on n and inner alone. */
const byOuter = (outer: number, n: number, inner: number): Cut =>
  items(2, outer, [
    [0, n * inner],
    [1, inner],
  ]);

function reduction(name: string, about: string, start: number, step: (acc: number, x: number) => number) {
  return defineKernel({
    name,
    about,
    reference(x: Float64Array, y: Float64Array, outer: number, n: number, inner: number) {
      for (let o = 0; o < outer; o++)
        for (let j = 0; j < inner; j++) {
          let acc = start;
          for (let i = 0; i < n; i++) acc = step(acc, x[(o * n + i) * inner + j]!);
          y[o * inner + j] = acc;
        }
    },
    split: (_x, _y, ...sizes) => byOuter(...sizes),
  });
}

export const sum = reduction('sum', 'y = sum over the middle axis', 0, (acc, v) => acc + v);
export const sumSquares = reduction(
  'sum_squares',
  'y = sum of squares over the middle axis',
  0,
  (acc, v) => acc + v * v,
);
export const maxReduce = reduction(
  'max_reduce',
  'y = max over the middle axis; -Infinity for none',
  -Infinity,
  (acc, v) => Math.max(acc, v),
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
  split: (_x, _y, ...sizes) => byOuter(...sizes),
});
