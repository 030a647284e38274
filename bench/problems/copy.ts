/** Strided copy over four dimensions. */
import { exact, forBench, inout, input, type Problem, type ProblemSet } from './problem.ts';
import { count, type Dims, extent } from './strides.ts';

// name, shape, strides of src, strides of dst
const cases: readonly (readonly [name: string, n: Dims, src: Dims, dst: Dims])[] = [
  ['empty', [2, 0, 3, 4], [0, 12, 4, 1], [0, 12, 4, 1]],
  ['one', [1, 1, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0]],
  ['contiguous', [2, 3, 4, 5], [60, 20, 5, 1], [60, 20, 5, 1]],
  ['slice of the last axis', [2, 3, 4, 5], [108, 36, 9, 1], [60, 20, 5, 1]],
  ['pad', [2, 3, 4, 5], [60, 20, 5, 1], [168, 42, 7, 1]],
  ['every third', [1, 2, 3, 9], [0, 81, 27, 3], [0, 27, 9, 1]],
  ['broadcast', [3, 4, 5, 6], [0, 6, 0, 1], [120, 30, 6, 1]],
  ['transpose 5x7', [1, 1, 5, 7], [0, 0, 1, 5], [0, 0, 7, 1]],
  ['transpose 8x4', [1, 1, 8, 4], [0, 0, 1, 8], [0, 0, 4, 1]],
  ['transpose, written across', [1, 1, 9, 6], [0, 0, 6, 1], [0, 0, 1, 9]],
  ['NHWC to NCHW', [2, 3, 5, 6], [90, 1, 18, 3], [90, 30, 6, 1]],
  ['NCHW to NHWC', [2, 5, 6, 3], [90, 6, 1, 30], [90, 18, 3, 1]],
  ['reversed axes', [3, 4, 5, 6], [1, 3, 12, 60], [120, 30, 6, 1]],
  ['both strided', [2, 3, 4, 5], [1, 2, 6, 24], [2, 4, 12, 48]],
  ['transpose 512x512', [1, 1, 512, 512], [0, 0, 1, 512], [0, 0, 512, 1]],
  ['NHWC to NCHW 64x32x32x32', [64, 32, 32, 32], [32768, 1, 1024, 32], [32768, 1024, 32, 1]],
  ['rows 1024x256 of 1024x512', [1, 1, 1024, 256], [0, 0, 512, 1], [0, 0, 256, 1]],
];

export const copyStrided: ProblemSet = {
  problems: cases.map(([name, n, s, d]) => {
    // dst is read as well: what lies between the strides must survive
    const problem: Problem = { name, args: [input(extent(n, s)), inout(extent(n, d)), ...n, ...s, ...d] };
    return count(n) < 100_000 ? problem : forBench(problem, 8 * count(n));
  }),
  tolerance: exact,
};
