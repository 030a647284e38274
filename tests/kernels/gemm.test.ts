/** Matrix products: random shapes against the reference, and what must hold to the bit. */
import fc from 'fast-check';
import { gemm } from '../../engine/kernels/families/gemm.ts';
import { suite } from '../harness.ts';
import { assertClose, assertSameBits, kernels, uniform } from './calls.ts';

const size = fc.oneof(fc.nat(12), fc.nat(70));
const shapes = fc.record({
  m: size,
  n: size,
  k: fc.oneof(fc.nat(12), fc.nat(600)),
  transA: fc.nat(1),
  transB: fc.nat(1),
  accumulate: fc.nat(1),
  gaps: fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3)),
  seed: fc.nat(),
});

for (const build of ['base', 'relaxed'] as const) {
  const test = suite(`gemm, ${build}`);
  const { call, exports } = await kernels(build);
  const entry = 'gemm_f32';

  test('random shapes agree with the reference and between variants', ({ seed }) => {
    fc.assert(
      fc.property(shapes, ({ m, n, k, transA, transB, accumulate, gaps, seed: s }) => {
        const lda = (transA ? m : k) + gaps[0];
        const ldb = (transB ? k : n) + gaps[1];
        const ldc = n + gaps[2];
        const ints = [m, n, k, transA, transB, lda, ldb, ldc, accumulate] as const;
        const a = uniform((transA ? k : m) * lda, s);
        const b = uniform((transB ? n : k) * ldb, s + 1);
        const c = uniform(m * ldc, s + 2);
        const want = Float64Array.from(c);
        gemm.reference(Float64Array.from(a), Float64Array.from(b), want, ...ints);
        let first: Float32Array | undefined;
        for (const name of exports('gemm')) {
          const got = c.slice();
          call(name, a, b, got, ...ints);
          assertClose(got, want, 2 ** -24 * (k + 8), name);
          first ??= got;
          assertSameBits(got, first, name);
        }
      }),
      { seed, numRuns: 150 },
    );
  });

  test('(A B)^T and B^T A^T have the same bits', () => {
    const [m, n, k] = [37, 21, 300];
    const [a, b] = [uniform(m * k, 1), uniform(k * n, 2)];
    const [c, ct] = [new Float32Array(m * n), new Float32Array(n * m)];
    call(entry, a, b, c, m, n, k, 0, 0, k, n, n, 0);
    call(entry, b, a, ct, n, m, k, 1, 1, n, k, m, 0);
    assertSameBits(
      ct,
      c.map((_, i) => c[(i % m) * n + Math.floor(i / m)]!),
      'transposed',
    );
  });

  test('a row of C has the same bits whatever the other rows are', () => {
    const [m, n, k] = [23, 40, 270];
    const [a, b, c] = [uniform(m * k, 3), uniform(k * n, 4), new Float32Array(m * n)];
    call(entry, a, b, c, m, n, k, 0, 0, k, n, n, 0);
    for (let i = 0; i < m; i++) {
      const row = new Float32Array(n);
      call(entry, a.slice(i * k, (i + 1) * k), b, row, 1, n, k, 0, 0, k, n, n, 0);
      assertSameBits(row, c.slice(i * n, (i + 1) * n), `row ${i}`);
    }
  });

  test('NaN and infinity of the inputs reach the outputs they belong to, and no others', () => {
    const [m, n, k] = [9, 19, 30];
    const [a, b, c] = [uniform(m * k, 5), uniform(k * n, 6), new Float32Array(m * n)];
    a[4 * k + 7] = Number.NaN;
    b[2 * n + 18] = Number.POSITIVE_INFINITY;
    for (const name of exports('gemm')) {
      call(name, a, b, c, m, n, k, 0, 0, k, n, n, 0);
      for (const [i, x] of c.entries()) {
        const finite = Math.floor(i / n) !== 4 && i % n !== 18;
        if (Number.isFinite(x) !== finite) throw new Error(`${name}: element ${i} is ${x}`);
      }
    }
  });

  test('a zero against an infinity is NaN however many zeros there are', () => {
    const [m, n, k] = [70, 90, 300];
    const [a, b] = [uniform(m * k, 7), uniform(k * n, 8)];
    for (const [i] of a.entries()) if (i % 3 > 0) a[i] = 0;
    b[299 * n + 41] = Number.NEGATIVE_INFINITY;
    a[5 * k + 299] = 0;
    const want = new Float32Array(m * n);
    call('gemm_f32__packed', a, b, want, m, n, k, 0, 0, k, n, n, 0);
    for (const name of exports('gemm')) {
      const [c, ct] = [new Float32Array(m * n), new Float32Array(n * m)];
      call(name, a, b, c, m, n, k, 0, 0, k, n, n, 0);
      assertSameBits(c, want, name);
      call(name, b, a, ct, n, m, k, 1, 1, n, k, m, 0);
      assertSameBits(
        ct,
        c.map((_, i) => c[(i % m) * n + Math.floor(i / m)]!),
        `${name}, transposed`,
      );
      if (!Number.isNaN(c[5 * n + 41]!) || !Number.isFinite(c[5 * n + 40]!))
        throw new Error(`${name}: not as expected`);
    }
  });

  test('a sum of products too small for an f32 is +0, with a zero behind it or not', () => {
    const [m, n, k] = [17, 45, 40];
    // every other row ends in zeros
    const a = Float32Array.from({ length: m * k }, (_, i) => (i % (2 * k) < 30 || i % (2 * k) >= k ? -1e-30 : 0));
    const b = new Float32Array(k * n).fill(1e-30);
    for (const accumulate of [0, 1]) {
      for (const name of exports('gemm')) {
        const c = new Float32Array(m * n).fill(-0);
        call(name, a, b, c, m, n, k, 0, 0, k, n, n, accumulate);
        assertSameBits(c, new Float32Array(m * n), name);
      }
    }
  });
}
