/**
 * Features as small integers: each value is replaced by the number of its bin, so that a split is searched among at most 256
 * places instead of among all values. Bins hold about as many rows each (quantiles); few distinct values get a bin each.
 *
 * Source: Chen & Guestrin 2016, XGBoost (KDD), section 3.2; the histogram form is Ke et al. 2017, LightGBM (NeurIPS), algorithm 1.
 */

export const MOST_BINS = 256;

export interface Binned {
  /** row-major [n, features] */
  readonly codes: Uint8Array;
  /** of each feature, rising: bin b holds cuts[b - 1] < x <= cuts[b] */
  readonly cuts: readonly Float64Array[];
}

/** @param x row-major [n, features], finite */
export function binFeatures(x: Float64Array, features: number, bins: number): Binned {
  const n = x.length / features;
  const codes = new Uint8Array(x.length);
  const cuts: Float64Array[] = [];
  const column = new Float64Array(n);
  for (let f = 0; f < features; f++) {
    for (let i = 0; i < n; i++) column[i] = x[i * features + f]!;
    const edges = quantileCuts(column.slice().sort(), bins);
    for (let i = 0; i < n; i++) codes[i * features + f] = binOf(column[i]!, edges);
    cuts.push(edges);
  }
  return { codes, cuts };
}

/** Where to cut sorted values into at most so many bins; equal values stay together. */
function quantileCuts(sorted: Float64Array, bins: number): Float64Array {
  /** ends[k] is the end of the k-th run of equal values */
  const ends: number[] = [];
  for (let i = 1; i <= sorted.length; i++) if (i === sorted.length || sorted[i] !== sorted[i - 1]) ends.push(i);
  const cuts: number[] = [];
  let start = 0;
  for (const end of ends.slice(0, -1)) {
    // what is left is spread over the bins that are left, so that one heavy value does not starve the others
    const fair = (sorted.length - start) / (bins - cuts.length);
    if (ends.length > bins && end - start < fair) continue;
    cuts.push(between(sorted[end - 1]!, sorted[end]!));
    start = end;
    if (cuts.length === bins - 1) break;
  }
  return Float64Array.from(cuts);
}

/** A number in [a, b), halfway where there is one. */
function between(a: number, b: number): number {
  const middle = a / 2 + b / 2;
  return middle >= a && middle < b ? middle : a;
}

/** The first bin whose upper edge is not below the value. */
function binOf(value: number, cuts: Float64Array): number {
  let low = 0;
  let high = cuts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value <= cuts[middle]!) high = middle;
    else low = middle + 1;
  }
  return low;
}
