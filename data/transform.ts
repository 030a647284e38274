/**
 * From stored values to what a model sees: (value - shift[j]) / scale[j] for feature j, in f64, rounded once to f32.
 * A transform is fitted on rows (the target's training rows, never all of them) and applied when batches are taken.
 */
import { ConfigError } from '../engine/index.ts';
import { columnBounds, type Schema } from './schema.ts';

export interface Transform {
  readonly kind: 'identity' | 'unit-scale' | 'standardise';
  /** one number for all features, or one per feature */
  readonly shift: Float64Array;
  /** like `shift`; never 0 */
  readonly scale: Float64Array;
  /** what stands in for a missing cell of each feature, in stored units; null: missing cells are refused */
  readonly fill: Float64Array | null;
}

/** Leaves every value alone: how tables are taken until a standardiser has been fitted. */
export function identity(): Transform {
  return { kind: 'identity', shift: Float64Array.of(0), scale: Float64Array.of(1), fill: null };
}

/** Maps low .. high to 0 .. 1: how images are taken. */
export function unitScale(low: number, high: number): Transform {
  return { kind: 'unit-scale', shift: Float64Array.of(low), scale: Float64Array.of(high - low), fill: null };
}

/** The least and the greatest value any feature can have after the transform. */
export function transformedBounds(schema: Schema, transform: Transform): readonly [low: number, high: number] {
  const apply = (value: number, feature: number) =>
    Math.fround((value - at(transform.shift, feature)) / at(transform.scale, feature));
  if (schema.kind === 'image') return [apply(schema.range[0], 0), apply(schema.range[1], 0)];
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const column of schema.columns) {
    const bounds = columnBounds(column);
    for (let j = column.feature; j < column.feature + column.width; j++) {
      low = Math.min(low, apply(bounds[0], j));
      high = Math.max(high, apply(bounds[1], j));
    }
  }
  return [low, high];
}

/** The transform's value for a feature, whether it has one per feature or one for all. */
export function at(values: Float64Array, feature: number): number {
  return values[values.length === 1 ? 0 : feature]!;
}

/** Rows of stored values, as `fitStandardiser` needs them. */
export interface StoredRows {
  readonly name: string;
  readonly size: number;
  readonly schema: Schema;
  readonly x: Float32Array | Uint8Array;
}

/**
 * Zero mean and unit variance for every numeric column, measured on `rows` only; one-hot and binary features, constant
 * columns and missing cells (which become the mean) keep their scale. Variances are the population's (divisor n).
 * @param rows indices into the data set; for a membership experiment, the target's training rows
 * @throws ConfigError when the set is not a table, or when there is nothing to measure
 */
export function fitStandardiser(dataset: StoredRows, rows: ArrayLike<number>): Transform {
  const { schema, x } = dataset;
  if (schema.kind !== 'table')
    throw new ConfigError(
      `fitStandardiser: expected a table, got the images ${dataset.name}. They are scaled to [0, 1] already.`,
      'transform',
    );
  if (rows.length === 0)
    throw new ConfigError('fitStandardiser: expected at least one row, got none. Pass the training rows.', 'rows');
  const features = x.length / dataset.size;
  const shift = new Float64Array(features);
  const scale = new Float64Array(features).fill(1);
  const fill = new Float64Array(features);
  for (const column of schema.columns) {
    if (column.kind !== 'numeric') continue;
    const j = column.feature;
    const { mean, variance, count } = moments(x, features, j, rows);
    if (count === 0)
      throw new ConfigError(
        `fitStandardiser: column '${column.name}' is missing in all ${rows.length} rows. Leave the column out, or fit on more rows.`,
        'rows',
      );
    shift[j] = mean;
    fill[j] = mean;
    if (variance > 0) scale[j] = Math.sqrt(variance);
  }
  return { kind: 'standardise', shift, scale, fill };
}

// Two passes: the one-pass formula loses the variance of columns with a large mean (fnlwgt).
function moments(x: ArrayLike<number>, features: number, j: number, rows: ArrayLike<number>) {
  let count = 0;
  let sum = 0;
  for (let r = 0; r < rows.length; r++) {
    const value = x[rows[r]! * features + j]!;
    if (Number.isNaN(value)) continue;
    count++;
    sum += value;
  }
  const mean = count > 0 ? sum / count : 0;
  let squares = 0;
  for (let r = 0; r < rows.length; r++) {
    const value = x[rows[r]! * features + j]!;
    if (!Number.isNaN(value)) squares += (value - mean) * (value - mean);
  }
  return { mean, variance: count > 0 ? squares / count : 0, count };
}
