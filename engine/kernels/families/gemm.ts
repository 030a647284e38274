/** Matrix products. */
import { defineKernel, type Four } from '../family.ts';

export const gemm = defineKernel({
  name: 'gemm',
  about: 'C = op(A) op(B) or C += op(A) op(B): op(A) [m,k], op(B) [k,n], row-major, row strides lda, ldb, ldc',
  reference(
    a: Float64Array,
    b: Float64Array,
    c: Float64Array,
    ...[m, n, k, transA, transB, lda, ldb, ldc, accumulate]: [...Four, ...Four, number]
  ) {
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = accumulate ? c[i * ldc + j]! : 0;
        for (let p = 0; p < k; p++) {
          const left = transA ? a[p * lda + i]! : a[i * lda + p]!;
          const right = transB ? b[j * ldb + p]! : b[p * ldb + j]!;
          sum += left * right;
        }
        c[i * ldc + j] = sum;
      }
    }
  },
  // across the longer side of C, since every part packs the whole of the operand that is not cut
  split(_a, _b, _c, m, n, k, transA, transB, lda, ldb, ldc) {
    const work = 2 * m * n * k;
    return m >= n
      ? {
          units: m,
          size: 3,
          walks: [
            [0, transA ? 1 : lda],
            [2, ldc],
          ],
          grain: 8,
          work,
        }
      : {
          units: n,
          size: 4,
          walks: [
            [1, transB ? ldb : 1],
            [2, 1],
          ],
          grain: 16,
          work,
        };
  },
});
