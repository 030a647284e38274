/** What the features of a data set mean: image channels, or the columns of a table and where each one was encoded. */
import { ConfigError } from '../engine/index.ts';

export type Schema = ImageSchema | TableSchema;

/** Images, stored as bytes, height x width x channels (NHWC). */
export interface ImageSchema {
  readonly kind: 'image';
  readonly channels: readonly string[];
  /** the least and the greatest value a stored byte may have: [0, 255], or [0, 16] for the UCI digits */
  readonly range: readonly [low: number, high: number];
}

/** A table whose columns were encoded as features, in column order. */
export interface TableSchema {
  readonly kind: 'table';
  readonly columns: readonly Column[];
}

export type Column = NumericColumn | BinaryColumn | CategoricalColumn;

interface ColumnBase {
  readonly name: string;
  /** the first encoded feature */
  readonly feature: number;
  /** how many encoded features, from `feature` on */
  readonly width: number;
  /** a property that a person cannot change at will (age, sex, ...): feasible evasion leaves it alone */
  readonly immutable: boolean;
}

/** One feature in the column's own units. */
export interface NumericColumn extends ColumnBase {
  readonly kind: 'numeric';
  /** least and greatest value in the data */
  readonly bounds: readonly [low: number, high: number];
  /** how many cells are missing; each is NaN in `x` until a transform fills it in */
  readonly missing: number;
}

/** One feature, 0 or 1; never standardised. */
export interface BinaryColumn extends ColumnBase {
  readonly kind: 'binary';
}

/** One feature per category, of which exactly one is 1. */
export interface CategoricalColumn extends ColumnBase {
  readonly kind: 'categorical';
  readonly categories: readonly string[];
}

/** Encoded features of the schema's columns. */
export function featureCount(columns: readonly Column[]): number {
  return columns.reduce((sum, column) => sum + column.width, 0);
}

/** A name for every encoded feature: `age`, `sex=Male`, ... */
export function featureNames(columns: readonly Column[]): string[] {
  return columns.flatMap((c) => (c.kind === 'categorical' ? c.categories.map((k) => `${c.name}=${k}`) : [c.name]));
}

/**
 * The column of that name.
 * @throws ConfigError when the data set is no table, or has no such column (`allowed` lists the columns)
 */
export function columnNamed(schema: Schema, name: string): Column {
  if (schema.kind !== 'table')
    throw new ConfigError(`column '${name}': expected a table, got a set of images. Choose a table.`, 'column');
  const found = schema.columns.find((column) => column.name === name);
  if (found) return found;
  const names = schema.columns.map((column) => column.name);
  throw new ConfigError(`column '${name}': expected one of ${names.join(', ')}.`, 'column', names);
}

/** Least and greatest stored value of a column. */
export function columnBounds(column: Column): readonly [low: number, high: number] {
  return column.kind === 'numeric' ? column.bounds : [0, 1];
}

/** Columns for a table of plain numbers, row-major [rows, features], with their bounds. */
export function numericColumns(x: ArrayLike<number>, features: number): NumericColumn[] {
  const low = new Float32Array(features).fill(Number.POSITIVE_INFINITY);
  const high = new Float32Array(features).fill(Number.NEGATIVE_INFINITY);
  for (let i = 0; i < x.length; i++) {
    const j = i % features;
    low[j] = Math.min(low[j]!, x[i]!);
    high[j] = Math.max(high[j]!, x[i]!);
  }
  return Array.from({ length: features }, (_, j) => ({
    name: `column ${j}`,
    kind: 'numeric',
    feature: j,
    width: 1,
    immutable: false,
    bounds: [low[j]!, high[j]!],
    missing: 0,
  }));
}
