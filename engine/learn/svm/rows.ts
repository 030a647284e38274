/**
 * Rows of the kernel matrix, computed: K(q, x_j) of one row of features q and many, in plain f64.
 *
 * The many lie in panels of four rows, feature after feature, as the SIMD kernels read them (assembly/learn). Each sum adds
 * its features in their order, there and here, so both have the same bits.
 */
import { exp } from '../../math/index.ts';
import type { SvmKernel } from './options.ts';

/** Rows of features, by fours: [n / 4, d, 4]; the rows that fill up the last panel are zeros. */
export interface Panels {
  readonly n: number;
  readonly d: number;
  readonly data: Float64Array;
}

/** Packs the rows `ids` of row-major x [., d]. */
export function pack(x: Float64Array, d: number, ids: Int32Array): Panels {
  const n = ids.length;
  const data = new Float64Array(((n + 3) & -4) * d);
  for (let j = 0; j < n; j++) {
    const to = (j & -4) * d + (j & 3);
    const from = ids[j]! * d;
    for (let f = 0; f < d; f++) data[to + 4 * f] = x[from + f]!;
  }
  return { n, d, data };
}

export interface RowMaths {
  /** out[j] = |q - x_j|^2 */
  squares(panels: Panels, q: Float64Array, out: Float64Array): void;
  /** out[j] = exp(scale v[j]) */
  exp(v: Float64Array, scale: number, out: Float64Array): void;
  /** out[j] = K(q, x_j) */
  row(kernel: SvmKernel, panels: Panels, q: Float64Array, out: Float64Array): void;
}

function sums({ n, d, data }: Panels, q: Float64Array, out: Float64Array, squares: boolean): void {
  for (let j = 0, at = 0; j < n; j += 4) {
    let [a, b, c, e] = [0, 0, 0, 0];
    for (let f = 0; f < d; f++, at += 4) {
      const v = q[f]!;
      const [p, r, s, t] = [data[at]!, data[at + 1]!, data[at + 2]!, data[at + 3]!];
      a += squares ? (v - p) * (v - p) : v * p;
      b += squares ? (v - r) * (v - r) : v * r;
      c += squares ? (v - s) * (v - s) : v * s;
      e += squares ? (v - t) * (v - t) : v * t;
    }
    out[j] = a;
    if (j + 1 < n) out[j + 1] = b;
    if (j + 2 < n) out[j + 2] = c;
    if (j + 3 < n) out[j + 3] = e;
  }
}

function power(base: number, degree: number): number {
  let result = 1;
  for (let k = degree; k > 0; k >>= 1) {
    if (k & 1) result *= base;
    base *= base;
  }
  return result;
}

export const plainMaths: RowMaths = {
  squares: (panels, q, out) => sums(panels, q, out, true),
  exp(v, scale, out) {
    for (let j = 0; j < v.length; j++) out[j] = exp(scale * v[j]!);
  },
  row(kernel, panels, q, out) {
    const rbf = kernel.kind === 'rbf';
    sums(panels, q, out, rbf);
    if (kernel.kind === 'linear') return;
    const { gamma } = kernel;
    for (let j = 0; j < panels.n; j++) {
      out[j] = rbf ? exp(-gamma * out[j]!) : power(gamma * out[j]! + kernel.coef0, kernel.degree);
    }
  },
};

/** The rows of a kernel matrix, as the solver asks for them. */
export interface KernelRows {
  readonly n: number;
  /** K(i, i) [n] */
  readonly diagonal: Float64Array;
  /** numbers read for each element of a row: what a row costs */
  readonly cost: number;
  /** from now on rows have these columns only; ascending */
  restrict(columns: Int32Array): void;
  /** out[t] = K(i, columns[t]) */
  row(i: number, out: Float64Array): void;
}

export const range = (n: number) => Int32Array.from({ length: n }, (_, i) => i);

/** Rows computed from the features x [n, d]. */
export function computedRows(kernel: SvmKernel, x: Float64Array, d: number, maths: RowMaths): KernelRows {
  const n = x.length / d;
  const of = (i: number) => x.subarray(i * d, (i + 1) * d);
  const diagonal = new Float64Array(n).fill(1);
  if (kernel.kind !== 'rbf') {
    const [one, out] = [Int32Array.of(0), new Float64Array(1)];
    for (let i = 0; i < n; i++) {
      plainMaths.row(kernel, pack(of(i), d, one), of(i), out);
      diagonal[i] = out[0]!;
    }
  }
  let panels: Panels = { n: 0, d, data: new Float64Array(0) };
  return {
    n,
    diagonal,
    cost: d + 8,
    restrict(columns) {
      panels = pack(x, d, columns);
    },
    row: (i, out) => maths.row(kernel, panels, of(i), out),
  };
}

/** Rows `ids` and columns `ids` of a symmetric matrix [stride, stride] that is there already. */
export function matrixRows(matrix: Float64Array, stride: number, ids: Int32Array): KernelRows {
  let at = ids;
  return {
    n: ids.length,
    diagonal: Float64Array.from(ids, (i) => matrix[i * stride + i]!),
    cost: 1,
    restrict(columns) {
      at = columns.map((j) => ids[j]!);
    },
    row(i, out) {
      const from = ids[i]! * stride;
      for (let t = 0; t < at.length; t++) out[t] = matrix[from + at[t]!]!;
    },
  };
}
