/**
 * The fields of a record: what is drawn, flipped or copied as one. The numbers of a one-hot group are one field, so no change leaves a
 * group with two ones or with none.
 */
import { columnBounds, type Dataset } from '../../data/index.ts';
import type { Rng } from '../../engine/index.ts';

export interface Field {
  readonly kind: 'binary' | 'categorical' | 'numeric';
  /** the first of its numbers in a row */
  readonly at: number;
  /** categorical: numbers of the group, else 1 */
  readonly width: number;
  /** numeric: the values it may have; otherwise 0 and 1 */
  readonly low: number;
  readonly high: number;
  /** numeric: only whole numbers, as bytes of images are */
  readonly whole: boolean;
}

/** One field for each column of a table, or for each stored value of an image, in stored units. */
export function fieldsOf({ schema, inputShape }: Pick<Dataset, 'schema' | 'inputShape'>): Field[] {
  if (schema.kind === 'image')
    return numericFields(
      inputShape.reduce((a, b) => a * b, 1),
      schema.range,
      true,
    );
  return schema.columns.map((column) => {
    const [low, high] = columnBounds(column);
    return { kind: column.kind, at: column.feature, width: column.width, low, high, whole: false };
  });
}

/** Fields for rows of `count` numbers in one range. */
export function numericFields(count: number, [low, high]: readonly [number, number], whole = false): Field[] {
  return Array.from({ length: count }, (_, at) => ({ kind: 'numeric', at, width: 1, low, high, whole }));
}

/** Numbers in a row of these fields. */
export const widthOf = (fields: readonly Field[]): number => fields.reduce((sum, { width }) => sum + width, 0);

/** Draws a field of the row that begins at `row`, each value equally likely. */
export function drawField(field: Field, x: Float32Array, row: number, rng: Rng): void {
  const { kind, at, width, low, high, whole } = field;
  const first = row + at;
  if (kind === 'categorical') {
    x.fill(0, first, first + width);
    x[first + rng.below(width)] = 1;
  } else if (kind === 'binary') x[first] = rng.below(2);
  else x[first] = whole ? low + rng.below(high - low + 1) : low + rng.uniform() * (high - low);
}

/** Gives a binary field its other value, and a category one of the others, each equally likely; for numeric fields see the callers. */
export function flipField(field: Field, x: Float32Array, row: number, rng: Rng): void {
  const { kind, at, width } = field;
  const first = row + at;
  if (kind === 'binary') {
    x[first] = 1 - x[first]!;
    return;
  }
  const old = x.subarray(first, first + width).indexOf(1);
  const other = rng.below(Math.max(1, width - 1));
  x.fill(0, first, first + width);
  x[first + (width > 1 && other >= old ? other + 1 : other)] = 1;
}

/** Copies a field from a row of another array. */
export function copyField(
  { at, width }: Field,
  from: ArrayLike<number>,
  fromRow: number,
  x: Float32Array,
  row: number,
): void {
  for (let j = at; j < at + width; j++) x[row + j] = from[fromRow + j]!;
}
