/**
 * What inputs may be: bounds for each number, numbers that an attacker cannot change, groups of which exactly one is on. In the
 * units that the model sees.
 */
import { columnBounds, columnNamed, type Dataset, type Schema } from '../../data/index.ts';
import { ConfigError, sizeOf } from '../../engine/index.ts';
import { distance, type Norm, projectBall, type Row } from './norms.ts';

/** Numbers of a row of which exactly one has its `on` value, the others their `off` value. */
export interface OneHotGroup {
  readonly at: number;
  readonly width: number;
}

export interface InputSpace {
  /** numbers in a row */
  readonly width: number;
  /** least and greatest value of each number [width] */
  readonly low: Float32Array;
  readonly high: Float32Array;
  /** 1: the attacker cannot change it [width] */
  readonly fixed: Uint8Array;
  readonly groups: readonly OneHotGroup[];
  /** numbers that have one of their two bounds and nothing between (one-hot, binary) [width] */
  readonly discrete: Uint8Array;
  /** steps between low and high of a stored image, 255 for bytes; null: values are not stored in whole steps */
  readonly levels: number | null;
}

export type Bounds = readonly [low: number, high: number];

/**
 * Inputs whose numbers are free within bounds.
 * @param bounds of all numbers, or of each channel, the last axis of the shape
 * @throws ConfigError for bounds that are missing, not finite or the wrong way round
 */
export function boundedSpace(
  inputShape: readonly number[],
  bounds: Bounds | readonly Bounds[],
  { levels = null }: { readonly levels?: number | null } = {},
): InputSpace {
  const width = sizeOf(inputShape);
  const channels = inputShape.at(-1) ?? 1;
  const given: readonly unknown[] = Array.isArray(bounds) ? bounds : [];
  const each = (Array.isArray(given[0]) ? given : [given]) as readonly Bounds[];
  if (each.length !== 1 && each.length !== channels) {
    throw new ConfigError(
      `bounds: expected one pair, or one for each of ${channels} channels, got ${each.length}.`,
      'bounds',
    );
  }
  for (const pair of each) {
    const [low, high] = Array.isArray(pair) ? (pair as readonly number[]) : [];
    if (Number.isFinite(low) && Number.isFinite(high) && low! < high!) continue;
    throw new ConfigError(
      `bounds: expected the least and the greatest value of an input, such as [0, 1], got ${String(pair) === '' ? 'none' : `[${pair}]`}. Give those that the model was trained with.`,
      'bounds',
    );
  }
  const of = (side: 0 | 1) => Float32Array.from({ length: width }, (_, j) => each[j % each.length]![side]);
  const none = () => new Uint8Array(width);
  return { width, low: of(0), high: of(1), fixed: none(), groups: [], discrete: none(), levels };
}

/**
 * The inputs of a data set: images by the range of their pixels, tables by the bounds of their columns, one-hot groups whole.
 * @param o.immutable columns that the attacker cannot change, beside those that the data set says nobody can
 * @throws ConfigError for columns that there are not
 */
export function spaceOf(
  dataset: Pick<Dataset, 'schema' | 'inputShape' | 'transform' | 'bounds' | 'x'>,
  { immutable = [] }: { readonly immutable?: readonly string[] } = {},
): InputSpace {
  const { schema, inputShape, transform, x } = dataset;
  if (schema.kind === 'image') {
    if (immutable.length > 0)
      throw new ConfigError(
        `immutable: expected a table, got images, which have no column '${immutable[0]}'.`,
        'immutable',
      );
    const levels = x instanceof Uint8Array ? schema.range[1] - schema.range[0] : null;
    return boundedSpace(inputShape, dataset.bounds, { levels });
  }
  const space = boundedSpace(inputShape, [0, 1]);
  const { low, high, fixed, discrete } = space;
  const locked = new Set(immutable.map((name) => columnNamed(schema, name).feature));
  const seen = (value: number, j: number) => {
    const [shift, scale] = [transform.shift, transform.scale].map((of) => of[of.length === 1 ? 0 : j]!) as [
      number,
      number,
    ];
    return Math.fround((value - shift) / scale);
  };
  for (const column of schema.columns) {
    const [least, most] = columnBounds(column);
    for (let j = column.feature; j < column.feature + column.width; j++) {
      low[j] = seen(least, j);
      high[j] = seen(most, j);
      if (column.immutable || locked.has(column.feature)) fixed[j] = 1;
      if (column.kind !== 'numeric') discrete[j] = 1;
    }
  }
  return { ...space, groups: groupsOf(schema) };
}

const groupsOf = (schema: Extract<Schema, { kind: 'table' }>): OneHotGroup[] =>
  schema.columns
    .filter((column) => column.kind === 'categorical')
    .map(({ feature, width }) => ({ at: feature, width }));

/** The largest perturbation that the bounds leave room for: an epsilon above it means nothing. */
export function largestDistance({ width, low, high, fixed }: InputSpace, norm: Norm): number {
  const values = { low: low.slice(), high: high.slice() };
  for (let j = 0; j < width; j++) if (fixed[j]) values.high[j] = values.low[j]!;
  return distance(norm, { values: values.low, at: 0 }, { values: values.high, at: 0 }, width);
}

/**
 * Moves a row back to what inputs may be and into the ball, in place: what cannot change is as it was, the rest inside ball and
 * bounds. One-hot groups may lie between categories, as gradients need them; `settle` decides.
 */
export function project(space: InputSpace, norm: Norm, epsilon: number, x: Row, origin: Row): void {
  const { width, low, high, fixed } = space;
  const { values } = x;
  for (let j = 0; j < width; j++) if (fixed[j]) values[x.at + j] = origin.values[origin.at + j]!;
  if (epsilon < Infinity) projectBall(norm, epsilon, x, origin, width);
  // an origin inside the bounds is only neared by this
  for (let j = 0; j < width; j++) {
    const value = values[x.at + j]!;
    if (value < low[j]!) values[x.at + j] = low[j]!;
    else if (value > high[j]!) values[x.at + j] = high[j]!;
  }
}

/**
 * The same, and what has two values gets one of them: a group the category that it is nearest to, a binary number the nearer
 * bound. Changes for which the ball has no room are taken back, the least decided first.
 */
export function settle(space: InputSpace, norm: Norm, epsilon: number, x: Row, origin: Row): void {
  project(space, norm, epsilon, x, origin);
  const { width, low, high, discrete, groups, fixed } = space;
  if (!discrete.includes(1)) return;
  const inGroup = new Uint8Array(width);
  /** numbers that changed together, and how far they went before they were settled */
  const changed: { readonly at: number; readonly width: number; readonly went: number }[] = [];
  const settleOne = (at: number, size: number, on: number) => {
    let went = 0;
    let differs = false;
    for (let j = at; j < at + size; j++) {
      const was = origin.values[origin.at + j]!;
      went = Math.max(went, Math.abs(x.values[x.at + j]! - was) / (high[j]! - low[j]!));
      const value = j === on ? high[j]! : low[j]!;
      if (value !== was) differs = true;
      x.values[x.at + j] = value;
    }
    if (differs) changed.push({ at, width: size, went });
  };
  for (const { at, width: size } of groups) {
    inGroup.fill(1, at, at + size);
    if (fixed[at]) continue;
    let on = at;
    const share = (j: number) => (x.values[x.at + j]! - low[j]!) / (high[j]! - low[j]!);
    for (let j = at + 1; j < at + size; j++) if (share(j) > share(on)) on = j;
    settleOne(at, size, on);
  }
  for (let j = 0; j < width; j++) {
    if (!discrete[j] || inGroup[j] || fixed[j]) continue;
    settleOne(j, 1, x.values[x.at + j]! * 2 >= low[j]! + high[j]! ? j : -1);
  }
  changed.sort((a, b) => a.went - b.went || a.at - b.at);
  for (const { at, width: size } of changed) {
    if (!(distance(norm, x, origin, width) > epsilon)) return;
    for (let j = at; j < at + size; j++) x.values[x.at + j] = origin.values[origin.at + j]!;
  }
}

/** @throws ConfigError for the first row that is outside the bounds or not finite */
export function checkInside(space: InputSpace, x: Float32Array, what = 'inputs'): void {
  const { width, low, high } = space;
  for (let i = 0; i < x.length; i++) {
    const [value, j] = [x[i]!, i % width];
    if (value >= low[j]! && value <= high[j]!) continue;
    throw new ConfigError(
      `${what}: expected numbers within their bounds, got ${value} for number ${j} of row ${Math.floor(i / width)}, whose bounds are ` +
        `[${low[j]}, ${high[j]}]. Give the bounds in the units that the model sees, or scale the rows as in training.`,
      what === 'inputs' ? 'x' : what,
    );
  }
}
