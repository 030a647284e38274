/** A look at a data set before it is trusted: counts, ranges, moments, and rows that occur in more than one part. */
import { type Dataset, rowLength } from './dataset.ts';
import { bytesOf } from './digest.ts';

export interface Moments {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** the population's (divisor n) */
  readonly std: number;
  readonly missing: number;
}

export interface SetCheck {
  readonly name: string;
  readonly sha256: string;
  readonly size: number;
  readonly inputShape: readonly number[];
  /** rows per class, and per part and class: the official train and test parts, or the parts that were asked about */
  readonly classCounts: readonly number[];
  readonly parts: Readonly<Record<string, { readonly size: number; readonly classCounts: readonly number[] }>>;
  /** over all stored values */
  readonly values: Moments;
  /** per image channel of the first part (the training part), in units of the greatest stored value; empty for tables */
  readonly channels: readonly Moments[];
  /** rows whose x (labels aside) equals an earlier row's */
  readonly duplicates: {
    readonly total: number;
    /** among them, those whose twin lies in another part: such a row is member and non-member at once */
    readonly acrossParts: number;
    /** among them, those whose twin has another label */
    readonly otherLabel: number;
  };
}

/**
 * @param parts row indices by name; default: the official train and test parts, or everything as one part
 */
export function checkSet(
  dataset: Dataset,
  parts: Readonly<Record<string, ArrayLike<number>>> = officialParts(dataset),
): SetCheck {
  const { name, sha256, size, inputShape, schema, x } = dataset;
  const features = rowLength(dataset);
  const everything = range(0, size);
  const first = Object.values(parts)[0] ?? everything;
  const scale = schema.kind === 'image' ? schema.range[1] : 1;
  const channelCount = schema.kind === 'image' ? inputShape.at(-1)! : 0;
  return {
    name,
    sha256,
    size,
    inputShape,
    classCounts: countClasses(dataset, everything),
    parts: Object.fromEntries(
      Object.entries(parts).map(([part, rows]) => [
        part,
        { size: rows.length, classCounts: countClasses(dataset, rows) },
      ]),
    ),
    values: moments(x, features, everything, 0, 1, 1),
    channels: Array.from({ length: channelCount }, (_, c) => moments(x, features, first, c, channelCount, scale)),
    duplicates: findDuplicates(dataset, features, parts),
  };
}

function officialParts(dataset: Dataset): Record<string, Int32Array> {
  if (!dataset.split) return { all: range(0, dataset.size) };
  return { train: range(0, dataset.split.train), test: range(dataset.split.train, dataset.size) };
}

function range(from: number, to: number): Int32Array {
  return Int32Array.from({ length: to - from }, (_, i) => from + i);
}

function countClasses(dataset: Dataset, rows: ArrayLike<number>): number[] {
  const counts = new Array<number>(dataset.classes).fill(0);
  for (let i = 0; i < rows.length; i++) counts[dataset.y[rows[i]!]!]!++;
  return counts;
}

// Values first, first + stride, ... of each row. Sums are shifted by the first value, so that squares do not cancel.
function moments(
  x: ArrayLike<number>,
  features: number,
  rows: ArrayLike<number>,
  first: number,
  stride: number,
  scale: number,
): Moments {
  let [min, max, count, missing] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  let [sum, squares] = [0, 0];
  const origin = rows.length > 0 ? x[rows[0]! * features + first] || 0 : 0;
  for (let i = 0; i < rows.length; i++) {
    const base = rows[i]! * features;
    for (let j = first; j < features; j += stride) {
      const value = x[base + j]!;
      if (Number.isNaN(value)) {
        missing++;
        continue;
      }
      count++;
      if (value < min) min = value;
      if (value > max) max = value;
      const d = value - origin;
      sum += d;
      squares += d * d;
    }
  }
  const mean = sum / count;
  const std = Math.sqrt(Math.max(0, squares / count - mean * mean));
  return { min: min / scale, max: max / scale, mean: (origin + mean) / scale, std: std / scale, missing };
}

function findDuplicates(
  dataset: Dataset,
  features: number,
  parts: Readonly<Record<string, ArrayLike<number>>>,
): SetCheck['duplicates'] {
  const partOf = new Int32Array(dataset.size).fill(-1);
  for (const [p, rows] of Object.values(parts).entries()) for (let i = 0; i < rows.length; i++) partOf[rows[i]!] = p;
  const bytes = bytesOf(dataset.x);
  const width = features * dataset.x.BYTES_PER_ELEMENT;
  const earlier = new Map<number, number[]>();
  let [total, acrossParts, otherLabel] = [0, 0, 0];
  for (let row = 0; row < dataset.size; row++) {
    const hash = hashOf(bytes, row * width, width);
    const bucket = earlier.get(hash);
    const twins = bucket?.filter((other) => sameBytes(bytes, row * width, other * width, width)) ?? [];
    if (bucket) bucket.push(row);
    else earlier.set(hash, [row]);
    if (twins.length === 0) continue;
    total++;
    if (twins.some((twin) => partOf[twin] !== partOf[row])) acrossParts++;
    if (twins.some((twin) => dataset.y[twin] !== dataset.y[row])) otherLabel++;
  }
  return { total, acrossParts, otherLabel };
}

// FNV-1a over bytes; collisions are settled by comparing.
function hashOf(bytes: Uint8Array, start: number, length: number): number {
  let h = 0x811c9dc5;
  for (let i = start; i < start + length; i++) h = Math.imul(h ^ bytes[i]!, 0x01000193);
  return h >>> 0;
}

function sameBytes(bytes: Uint8Array, a: number, b: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (bytes[a + i] !== bytes[b + i]) return false;
  return true;
}
