/** Strided copy: transpose, slice, pad, concat and broadcastTo are all this kernel. */
import { defineKernel, type Four, items, WORD } from '../family.ts';

export const copyStrided = defineKernel({
  name: 'copy_strided',
  about: 'dst[i . d] = src[i . s] over four dimensions of any strides',
  reference(
    src: Float64Array,
    dst: Float64Array,
    ...[n0, n1, n2, n3, s0, s1, s2, s3, d0, d1, d2, d3]: [...n: Four, ...s: Four, ...d: Four]
  ) {
    for (let i = 0; i < n0; i++)
      for (let j = 0; j < n1; j++)
        for (let k = 0; k < n2; k++)
          for (let l = 0; l < n3; l++) dst[i * d0 + j * d1 + k * d2 + l * d3] = src[i * s0 + j * s1 + k * s2 + l * s3]!;
  },
  // along the longest dimension: both sides have a stride for each
  split(_src, _dst, n0, n1, n2, n3, s0, s1, s2, s3, d0, d1, d2, d3) {
    const sizes = [n0, n1, n2, n3];
    const longest = sizes.indexOf(Math.max(...sizes));
    return items(
      2 + longest,
      sizes[longest]!,
      [
        [0, [s0, s1, s2, s3][longest]!],
        [1, [d0, d1, d2, d3][longest]!],
      ],
      2 * WORD * n0 * n1 * n2 * n3,
    );
  },
});
