/**
 * One regression tree on gradients g and curvatures h of a loss, grown where it gains most.
 *
 * A leaf with sums G, H answers -G / (H + l2), the minimum of G v + (H + l2) v^2 / 2; splitting it gains
 * (G_L^2 / (H_L + l2) + G_R^2 / (H_R + l2) - G^2 / (H + l2)) / 2.
 *
 * Source: Chen & Guestrin 2016, XGBoost (KDD), eq. 5 to 7.
 */
import { type Binned, MOST_BINS } from './bins.ts';

/** Nodes by number, the root first; the right child comes after the left one. Plain lists: a tree is JSON. */
export interface Tree {
  /** that the node asks for; -1 at a leaf */
  readonly feature: number[];
  /** x[feature] <= threshold goes left */
  readonly threshold: number[];
  /** number of the left child */
  readonly left: number[];
  /** answer of a leaf */
  readonly value: number[];
}

export interface GrowOptions {
  readonly depth: number;
  readonly leaves: number;
  readonly l2: number;
  readonly minChildWeight: number;
  readonly minGain: number;
}

export interface Grown {
  readonly tree: Tree;
  /** bin at which each node splits: row r goes left where its code of the feature is not above it */
  readonly bins: number[];
}

interface Split {
  readonly feature: number;
  readonly bin: number;
  readonly gain: number;
}

interface Leaf {
  readonly node: number;
  /** its rows: a range of the row list */
  readonly start: number;
  readonly end: number;
  readonly depth: number;
  readonly split: Split | null;
}

/** a gain below this share of the leaf's own score is rounding */
const ROUNDING = 1e-12;

/**
 * @param rows to grow on, by number; reordered
 * @param g gradient of each row of the data [n]
 * @param h curvature of each row, above 0 [n]
 */
export function growTree(data: Binned, rows: Int32Array, g: Float64Array, h: Float64Array, o: GrowOptions): Grown {
  const histogram = new Float64Array(data.cuts.length * MOST_BINS * 2);
  const held = new Int32Array(rows.length);
  const tree: Tree = { feature: [], threshold: [], left: [], value: [] };
  const bins: number[] = [];

  const addLeaf = (start: number, end: number, depth: number): Leaf => {
    const node = tree.feature.length;
    let [sumG, sumH] = [0, 0];
    for (let i = start; i < end; i++) {
      sumG += g[rows[i]!]!;
      sumH += h[rows[i]!]!;
    }
    tree.feature.push(-1);
    tree.threshold.push(0);
    tree.left.push(0);
    tree.value.push(-sumG / (sumH + o.l2));
    bins.push(0);
    let split: Split | null = null;
    if (depth < o.depth && end - start > 1) {
      fillHistogram(histogram, data, rows.subarray(start, end), g, h);
      split = bestSplit(histogram, data.cuts, o);
    }
    return { node, start, end, depth, split };
  };

  const open = [addLeaf(0, rows.length, 0)];
  for (let leaves = 1; leaves < o.leaves; leaves++) {
    let best = -1;
    for (const [i, { split }] of open.entries())
      if (split && (best < 0 || split.gain > open[best]!.split!.gain)) best = i;
    if (best < 0) break;
    const { node, start, end, depth, split } = open[best]!;
    const { feature, bin } = split!;
    const middle = partition(data, rows, held, { start, end, feature, bin });
    tree.feature[node] = feature;
    tree.threshold[node] = data.cuts[feature]![bin]!;
    tree.left[node] = tree.feature.length;
    tree.value[node] = 0;
    bins[node] = bin;
    open.splice(best, 1, addLeaf(start, middle, depth + 1), addLeaf(middle, end, depth + 1));
  }
  return { tree, bins };
}

/** Sums of g and of h for each bin of each feature: [features, 256, 2]. */
function fillHistogram(out: Float64Array, data: Binned, rows: Int32Array, g: Float64Array, h: Float64Array): void {
  const { codes, cuts } = data;
  const features = cuts.length;
  out.fill(0);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    const [a, b] = [g[row]!, h[row]!];
    const from = row * features;
    for (let f = 0; f < features; f++) {
      const at = (f * MOST_BINS + codes[from + f]!) * 2;
      out[at]! += a;
      out[at + 1]! += b;
    }
  }
}

/** The first of the splits with the largest gain, or null where none is worth it. */
function bestSplit(histogram: Float64Array, cuts: readonly Float64Array[], o: GrowOptions): Split | null {
  let best: Split | null = null;
  for (const [feature, { length }] of cuts.entries()) {
    const from = feature * MOST_BINS * 2;
    // added up in the order in which the left side grows, so that the right side ends at exactly 0
    let [sumG, sumH] = [0, 0];
    for (let at = from; at <= from + 2 * length; at += 2) {
      sumG += histogram[at]!;
      sumH += histogram[at + 1]!;
    }
    const own = (sumG * sumG) / (sumH + o.l2);
    let [leftG, leftH] = [0, 0];
    for (let bin = 0; bin < length; bin++) {
      const weight = histogram[from + 2 * bin + 1]!;
      if (weight === 0) continue; // no row of this leaf: the same two sides as at the bin before
      leftG += histogram[from + 2 * bin]!;
      leftH += weight;
      const [rightG, rightH] = [sumG - leftG, sumH - leftH];
      if (rightH <= 0 || leftH < o.minChildWeight || rightH < o.minChildWeight) continue;
      const gain = ((leftG * leftG) / (leftH + o.l2) + (rightG * rightG) / (rightH + o.l2) - own) / 2;
      if (gain > o.minGain + ROUNDING * own && (best === null || gain > best.gain)) best = { feature, bin, gain };
    }
  }
  return best;
}

/** Sorts a range of rows into those that go left and those that go right, each in their order; returns where the right ones start. */
function partition(
  { codes, cuts }: Binned,
  rows: Int32Array,
  held: Int32Array,
  { start, end, feature, bin }: { start: number; end: number; feature: number; bin: number },
): number {
  let to = start;
  let right = 0;
  for (let i = start; i < end; i++) {
    const row = rows[i]!;
    if (codes[row * cuts.length + feature]! <= bin) rows[to++] = row;
    else held[right++] = row;
  }
  rows.set(held.subarray(0, right), to);
  return to;
}
