/** Strided copy: transpose, slice, pad, concat and broadcastTo are all this kernel. */
import { defineKernel, inout, input, problemsOf } from '../family.ts';

type Dims = readonly [number, number, number, number];

// name, shape, strides of src, strides of dst
const cases: readonly [readonly [string, Dims, Dims, Dims], ...(readonly [string, Dims, Dims, Dims])[]] = [
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

const extent = (n: Dims, s: Dims) =>
  n.includes(0) ? 0 : 1 + n.reduce((sum, count, i) => sum + (count - 1) * s[i]!, 0);

export const copyStrided = defineKernel({
  name: 'copy_strided',
  about: 'dst[i . d] = src[i . s] over four dimensions of any strides',
  reference(
    src: Float64Array,
    dst: Float64Array,
    n0: number,
    n1: number,
    n2: number,
    n3: number,
    s0: number,
    s1: number,
    s2: number,
    s3: number,
    d0: number,
    d1: number,
    d2: number,
    d3: number,
  ) {
    for (let i = 0; i < n0; i++)
      for (let j = 0; j < n1; j++)
        for (let k = 0; k < n2; k++)
          for (let l = 0; l < n3; l++) dst[i * d0 + j * d1 + k * d2 + l * d3] = src[i * s0 + j * s1 + k * s2 + l * s3]!;
  },
  problems: problemsOf(cases, ([name, n, s, d]) => {
    const size = n[0] * n[1] * n[2] * n[3];
    // dst is read as well: what lies between the strides must survive
    const problem = { name, args: [input(extent(n, s)), inout(extent(n, d)), ...n, ...s, ...d] };
    return size < 100_000 ? problem : { ...problem, bytes: 8 * size, bench: true, benchOnly: true };
  }),
  tolerance: () => ({ abs: 0, rel: 0 }),
});
