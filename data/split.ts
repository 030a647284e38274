/** Disjoint, stratified, seeded parts of a data set. */

import type { Rng } from '../engine/index.ts';
import { ConfigError } from '../engine/index.ts';

/**
 * Draws named parts, disjoint and of exactly the sizes asked for. Every part holds of every class either the floor or
 * the ceiling of its fair share (part size x class size / rows), and its rows come in random order.
 * @param y labels, 0 .. classes - 1
 * @param sizes rows per part; they may leave rows over
 * @returns for each part, indices into `y`
 * @throws ConfigError when the parts ask for more rows than there are
 */
export function stratifiedSplit<Part extends string>(
  y: ArrayLike<number>,
  classes: number,
  sizes: Readonly<Record<Part, number>>,
  rng: Rng,
): Record<Part, Int32Array> {
  const parts = Object.keys(sizes) as Part[];
  checkSizes(sizes, y.length);
  const rowsOfClass = shuffledRowsByClass(y, classes, rng);
  const wanted = parts.map((part) => sizes[part]);
  const left = y.length - wanted.reduce((sum, n) => sum + n, 0);
  const counts = fairCounts(
    [...wanted, left],
    rowsOfClass.map((rows) => rows.length),
  );
  const next = new Int32Array(classes);
  const result = {} as Record<Part, Int32Array>;
  for (const [p, part] of parts.entries()) {
    const rows = new Int32Array(wanted[p]!);
    let filled = 0;
    for (let c = 0; c < classes; c++) {
      const n = counts[p]![c]!;
      rows.set(rowsOfClass[c]!.subarray(next[c]!, next[c]! + n), filled);
      next[c]! += n;
      filled += n;
    }
    result[part] = reorder(rows, rng.split(`order of ${part}`));
  }
  return result;
}

/** Rows for the target model's training, for measuring it, and for an attacker's shadow models. */
export interface MembershipSplit {
  /** members: the target is trained on these */
  readonly targetTrain: Int32Array;
  /** non-members from the same distribution */
  readonly targetOut: Int32Array;
  /** what the attacker owns; shares no row with the other two */
  readonly shadowPool: Int32Array;
}

export interface MembershipSizes {
  readonly targetTrain: number;
  readonly targetOut: number;
  /** default: all rows that are left */
  readonly shadowPool?: number;
}

/**
 * The split of Shokri et al. (S&P 2017), section V: target members, target non-members and the attacker's rows, disjoint.
 * @throws ConfigError when there are too few rows
 */
export function membershipSplit(
  dataset: { readonly y: Int32Array; readonly classes: number },
  sizes: MembershipSizes,
  rng: Rng,
): MembershipSplit {
  const { targetTrain, targetOut } = sizes;
  const shadowPool = sizes.shadowPool ?? Math.max(0, dataset.y.length - targetTrain - targetOut);
  return stratifiedSplit(dataset.y, dataset.classes, { targetTrain, targetOut, shadowPool }, rng);
}

function checkSizes(sizes: Readonly<Record<string, number>>, rows: number): void {
  for (const [part, size] of Object.entries(sizes)) {
    if (!(Number.isInteger(size) && size >= 0))
      throw new ConfigError(`split: expected a whole number of rows for '${part}', got ${size}.`, part);
  }
  const total = Object.values(sizes).reduce((sum, n) => sum + n, 0);
  if (total <= rows) return;
  const list = Object.entries(sizes).map(([part, size]) => `${part} ${size}`);
  throw new ConfigError(
    `split: expected parts of at most ${rows} rows together, got ${total} (${list.join(', ')}). ` +
      `Ask for ${total - rows} fewer, or choose a larger data set.`,
    'sizes',
  );
}

function shuffledRowsByClass(y: ArrayLike<number>, classes: number, rng: Rng): Int32Array[] {
  const counts = new Int32Array(classes);
  for (let i = 0; i < y.length; i++) {
    const label = y[i]!;
    if (!(label >= 0 && label < classes))
      throw new ConfigError(`split: expected labels in 0 .. ${classes - 1}, got ${label} in row ${i}.`, `y[${i}]`);
    counts[label]!++;
  }
  const rows = Array.from(counts, (n) => new Int32Array(n));
  const filled = new Int32Array(classes);
  for (let i = 0; i < y.length; i++) {
    const label = y[i]!;
    rows[label]![filled[label]!++] = i;
  }
  return rows.map((list, c) => reorder(list, rng.split(`class ${c}`)));
}

function reorder(rows: Int32Array, rng: Rng): Int32Array {
  return rng.permutation(rows.length).map((i) => rows[i]!);
}

/**
 * Whole numbers [part][class] with the given row and column sums, each the floor or the ceiling of its fair share
 * partSize * classSize / rows. Start from the floors; what every part still lacks goes to classes that still have rows,
 * at most one each, by augmenting paths (such numbers exist: the fair shares are a fractional flow with whole margins).
 */
function fairCounts(partSizes: readonly number[], classSizes: readonly number[]): number[][] {
  const rows = classSizes.reduce((sum, n) => sum + n, 0);
  const counts = partSizes.map((size) =>
    classSizes.map((n) => (rows === 0 ? 0 : (size * n - ((size * n) % rows)) / rows)),
  );
  const mayRoundUp = partSizes.map((size) => classSizes.map((n) => rows > 0 && (size * n) % rows !== 0));
  const spare = classSizes.map((n, c) => n - counts.reduce((sum, row) => sum + row[c]!, 0));
  const roundedUp = counts.map((row) => row.map(() => false));

  // Gives one row of class c to the part, or of a class whose row another part can swap for one of another class.
  const augment = (part: number, seen: Set<number>): boolean => {
    for (let c = 0; c < classSizes.length; c++) {
      if (seen.has(c) || !mayRoundUp[part]![c] || roundedUp[part]![c]) continue;
      seen.add(c);
      if (spare[c]! > 0) {
        spare[c]!--;
        roundedUp[part]![c] = true;
        return true;
      }
      for (let other = 0; other < counts.length; other++) {
        if (other === part || !roundedUp[other]![c] || !augment(other, seen)) continue;
        roundedUp[other]![c] = false;
        roundedUp[part]![c] = true;
        return true;
      }
    }
    return false;
  };

  for (const [part, size] of partSizes.entries()) {
    const lacks = size - counts[part]!.reduce((sum, n) => sum + n, 0);
    for (let i = 0; i < lacks; i++) augment(part, new Set());
  }
  return counts.map((row, p) => row.map((n, c) => n + (roundedUp[p]![c] ? 1 : 0)));
}
