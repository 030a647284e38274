/** A labelled data set as plain typed arrays, and batches of it. Nothing here knows the tensor engine. */
import { ConfigError, type Rows as EngineRows, FormatError } from '../engine/index.ts';
import { sha256OfPieces, sha256OfText } from './digest.ts';
import { featureCount, featureNames, type Schema } from './schema.ts';
import { at, identity, type Transform, transformedBounds, unitScale } from './transform.ts';

/**
 * Stored values with their meaning. `x` holds what the files say (bytes of images; a table's numbers in their own
 * units, categories one-hot); `transform` says how `take` turns them into what a model sees.
 */
export interface Dataset {
  readonly name: string;
  readonly title: string;
  readonly licence: string;
  /** the citation that its authors ask for */
  readonly source: string;
  /** SHA-256 of the canonical content (see `makeDataset`), 64 hex digits */
  readonly sha256: string;
  /** rows */
  readonly size: number;
  /** images [height, width, channels]; tables [features] */
  readonly inputShape: readonly number[];
  readonly classes: number;
  readonly classNames: readonly string[];
  readonly schema: Schema;
  /** stored values, row-major [size, ...inputShape] */
  readonly x: Float32Array | Uint8Array;
  /** labels [size], 0 .. classes - 1 */
  readonly y: Int32Array;
  readonly transform: Transform;
  /** the least and the greatest value that `take` can return */
  readonly bounds: readonly [low: number, high: number];
  /** rows 0 .. train - 1 are the official training part, the rest is the official test part; absent when there is none */
  readonly split?: { readonly train: number };
}

/** What a loader knows; `makeDataset` derives the rest. */
export type DatasetParts = Pick<
  Dataset,
  'name' | 'title' | 'licence' | 'source' | 'inputShape' | 'classNames' | 'schema' | 'x' | 'y' | 'split'
>;

/** Rows as a model sees them: x [n, ...inputShape] row-major, y [n]. */
export interface Rows {
  readonly x: Float32Array<ArrayBuffer>;
  readonly y: Int32Array<ArrayBuffer>;
}

/**
 * Checks the parts against each other and adds size, bounds, the default transform and the checksum: SHA-256 of the
 * text `{"inputShape":..,"classNames":..,"schema":..,"type":..}\n<x>\n<y>`, where <x> and <y> are `sha256OfPieces`.
 * @throws FormatError for sizes that disagree, labels out of range, and values that are NaN or infinite
 */
export async function makeDataset(parts: DatasetParts): Promise<Dataset> {
  const { name, inputShape, classNames, schema, x, y } = parts;
  checkSizes(parts);
  checkValues(parts);
  const transform = schema.kind === 'image' ? unitScale(...schema.range) : identity();
  const type = x instanceof Uint8Array ? 'u8' : 'f32';
  const header = JSON.stringify({ inputShape, classNames, schema, type });
  const checksum = await sha256OfText(`${header}\n${await sha256OfPieces(x)}\n${await sha256OfPieces(y)}`);
  return {
    name,
    title: parts.title,
    licence: parts.licence,
    source: parts.source,
    sha256: checksum,
    size: y.length,
    inputShape,
    classes: classNames.length,
    classNames,
    schema,
    x,
    y,
    transform,
    bounds: transformedBounds(schema, transform),
    ...(parts.split ? { split: parts.split } : {}),
  };
}

/** The same data, taken through another transform (usually from `fitStandardiser`). */
export function withTransform(dataset: Dataset, transform: Transform): Dataset {
  return { ...dataset, transform, bounds: transformedBounds(dataset.schema, transform) };
}

/** Values per row: the product of inputShape. */
export function rowLength(dataset: Pick<Dataset, 'inputShape'>): number {
  return dataset.inputShape.reduce((product, n) => product * n, 1);
}

/**
 * The rows at `indices`, in that order (repeats allowed), through the data set's transform.
 * @returns x f32 [n, ...inputShape] within `dataset.bounds`, y i32 [n]; n = 0 gives empty arrays
 * @throws ConfigError for an index outside 0 .. size - 1, and for a missing cell that no fitted transform fills in
 */
export function take(dataset: Dataset, indices: ArrayLike<number>): Rows {
  const x = new Float32Array(indices.length * rowLength(dataset));
  const y = new Int32Array(indices.length);
  takeInto(dataset, indices, { x, y });
  return { x, y };
}

/** As `take`, into arrays of those lengths: a training loop passes the memory of its batch. */
export function takeInto(dataset: Dataset, indices: ArrayLike<number>, { x, y }: EngineRows): void {
  const length = rowLength(dataset);
  const copyRow = rowCopier(dataset, length);
  for (let i = 0; i < indices.length; i++) {
    const row = indices[i]!;
    if (!(Number.isInteger(row) && row >= 0 && row < dataset.size)) {
      throw new ConfigError(
        `take: expected row indices in 0 .. ${dataset.size - 1} of ${dataset.name}, got ${row} at place ${i}.`,
        `indices[${i}]`,
      );
    }
    copyRow(row, x, i * length);
    y[i] = dataset.y[row]!;
  }
}

type CopyRow = (row: number, to: EngineRows['x'], offset: number) => void;

function rowCopier(dataset: Dataset, length: number): CopyRow {
  const { x, transform } = dataset;
  if (x instanceof Uint8Array && transform.shift.length === 1) return byteCopier(x, transform, length);
  const { shift, scale, fill } = transform;
  return (row, to, offset) => {
    for (let j = 0; j < length; j++) {
      let value = x[row * length + j]!;
      if (Number.isNaN(value)) {
        if (!fill) throw missingCell(dataset, row, j);
        value = at(fill, j);
      }
      to[offset + j] = (value - at(shift, j)) / at(scale, j);
    }
  };
}

// A byte has 256 values: a table of them spares a division per pixel.
function byteCopier(x: Uint8Array, { shift, scale }: Transform, length: number): CopyRow {
  const table = Float32Array.from({ length: 256 }, (_, byte) => (byte - shift[0]!) / scale[0]!);
  return (row, to, offset) => {
    for (let j = 0; j < length; j++) to[offset + j] = table[x[row * length + j]!]!;
  };
}

function missingCell(dataset: Dataset, row: number, feature: number): ConfigError {
  return new ConfigError(
    `take: row ${row} of ${dataset.name} has no value for '${featureName(dataset.schema, feature)}'. Fill missing cells in: ` +
      'withTransform(dataset, fitStandardiser(dataset, trainRows)), or load with missing: "drop".',
    'transform',
  );
}

function featureName(schema: Schema, feature: number): string {
  return schema.kind === 'table' ? (featureNames(schema.columns)[feature] ?? `${feature}`) : `value ${feature}`;
}

function checkSizes({ name, inputShape, classNames, schema, x, y }: DatasetParts): void {
  const length = rowLength({ inputShape });
  if (y.length === 0) throw new FormatError(`${name}: expected at least one row, got none.`, name);
  if (x.length !== y.length * length) {
    throw new FormatError(
      `${name}: expected ${y.length} rows of [${inputShape}] = ${y.length * length} values, got ${x.length}.`,
      name,
    );
  }
  const features = schema.kind === 'table' ? featureCount(schema.columns) : length;
  if (features !== length)
    throw new FormatError(
      `${name}: expected the schema to describe ${length} features, it describes ${features}.`,
      name,
    );
  for (let row = 0; row < y.length; row++) {
    const label = y[row]!;
    if (label < 0 || label >= classNames.length)
      throw new FormatError(
        `${name}, row ${row}: expected a label in 0 .. ${classNames.length - 1}, got ${label}.`,
        name,
      );
  }
}

function checkValues({ name, inputShape, schema, x }: DatasetParts): void {
  const length = rowLength({ inputShape });
  const refuse = (i: number, expected: string): never => {
    const [row, feature] = [Math.floor(i / length), i % length];
    throw new FormatError(
      `${name}, row ${row}, ${featureName(schema, feature)}: expected ${expected}, got ${x[i]}.`,
      name,
    );
  };
  if (x instanceof Uint8Array) {
    const [low, high] = schema.kind === 'image' ? schema.range : [0, 255];
    if (low <= 0 && high >= 255) return;
    for (let i = 0; i < x.length; i++) if (x[i]! < low || x[i]! > high) refuse(i, `${low} .. ${high}`);
    return;
  }
  const mayMiss = new Uint8Array(length);
  if (schema.kind === 'table')
    for (const c of schema.columns) if (c.kind === 'numeric' && c.missing > 0) mayMiss[c.feature] = 1;
  for (let i = 0; i < x.length; i++) {
    if (Number.isFinite(x[i]!)) continue;
    if (!(Number.isNaN(x[i]!) && mayMiss[i % length])) refuse(i, 'a finite number');
  }
}
