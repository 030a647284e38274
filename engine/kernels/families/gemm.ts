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
});
