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
  const data = new Float64Array(rounded(n) * d);
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

function squares({ n, d, data }: Panels, q: Float64Array, out: Float64Array): void {
  for (let j = 0; j < n; j++) {
    let at = (j & -4) * d + (j & 3);
    let sum = 0;
    for (let f = 0; f < d; f++, at += 4) {
      const difference = q[f]! - data[at]!;
      sum += difference * difference;
    }
    out[j] = sum;
  }
}

function products({ n, d, data }: Panels, q: Float64Array, out: Float64Array): void {
  for (let j = 0; j < n; j++) {
    let at = (j & -4) * d + (j & 3);
    let sum = 0;
    for (let f = 0; f < d; f++, at += 4) sum += q[f]! * data[at]!;
    out[j] = sum;
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
  squares,
  exp(v, scale, out) {
    for (let j = 0; j < v.length; j++) out[j] = exp(scale * v[j]!);
  },
  row(kernel, panels, q, out) {
    const { n } = panels;
    if (kernel.kind === 'rbf') {
      squares(panels, q, out);
      for (let j = 0; j < n; j++) out[j] = exp(-kernel.gamma * out[j]!);
      return;
    }
    products(panels, q, out);
    if (kernel.kind === 'linear') return;
    for (let j = 0; j < n; j++) out[j] = power(kernel.gamma * out[j]! + kernel.coef0, kernel.degree);
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

/** The memory of a solver, its rows, and its two passes over them. */
export interface Workspace extends RowMaths {
  /** forgets all vectors */
  reset(): void;
  /** n numbers, rounded up to four, of any value */
  vector(n: number): Float64Array;
  /** the place of the largest (l - f)^2 / q among l > f, q = kii + diagonal - 2 row or TINY where that is not above 0; -1: none */
  partner(l: Float64Array, row: Float64Array, diagonal: Float64Array, n: number, f: number, kii: number): number;
  /** u += step (a - b), l likewise; the place of the least u. The least u and the largest l go to `found` */
  advance(
    ...args: [u: Float64Array, l: Float64Array, a: Float64Array, b: Float64Array, n: number, step: number]
  ): number;
  /** of the last advance */
  readonly found: { readonly least: number; readonly largest: number };
}

/** For q that rounding, or a kernel that is not positive definite, made <= 0. */
export const TINY = 1e-12;
export const rounded = (n: number) => (n + 3) & -4;

export function plainWorkspace(): Workspace {
  const found = { least: 0, largest: 0 };
  return {
    ...plainMaths,
    found,
    reset() {},
    vector: (n) => new Float64Array(rounded(n)),
    partner(l, row, diagonal, n, f, kii) {
      let best = 0;
      let j = -1;
      for (let t = 0; t < n; t++) {
        const b = l[t]! - f;
        if (!(b > 0)) continue;
        const q = kii + diagonal[t]! - 2 * row[t]!;
        const ratio = (b * b) / (q > 0 ? q : TINY);
        if (ratio > best) {
          best = ratio;
          j = t;
        }
      }
      return j;
    },
    advance(u, l, a, b, n, step) {
      let least = Infinity;
      let largest = -Infinity;
      let i = 0;
      for (let t = 0; t < n; t++) {
        const move = step * (a[t]! - b[t]!);
        const ut = u[t]! + move;
        const lt = l[t]! + move;
        u[t] = ut;
        l[t] = lt;
        if (ut < least) {
          least = ut;
          i = t;
        }
        if (lt > largest) largest = lt;
      }
      found.least = least;
      found.largest = largest;
      return i;
    },
  };
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

/** Rows of a symmetric matrix [n, n] that is there already. */
export function matrixRows(matrix: Float64Array, n: number): KernelRows {
  let at: Int32Array = range(n);
  return {
    n,
    diagonal: Float64Array.from({ length: n }, (_, i) => matrix[i * n + i]!),
    cost: 1,
    restrict(columns) {
      at = columns;
    },
    row(i, out) {
      const from = i * n;
      if (at.length === n) out.set(matrix.subarray(from, from + n));
      else for (let t = 0; t < at.length; t++) out[t] = matrix[from + at[t]!]!;
    },
  };
}
