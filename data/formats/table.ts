/** From cells of text to numbers: which columns are numeric, one-hot groups for the others, labels, missing cells. */
import { ConfigError, FormatError } from '../../engine/index.ts';
import type { DatasetParts } from '../dataset.ts';
import { type Column, featureCount } from '../schema.ts';
import { MAX_BYTES } from './bytes.ts';
import { type CsvTable, isFiniteNumber, isMissing, isNumeric } from './csv.ts';

export interface TableOptions {
  /** the label column: a name, or an index from 0 (negative counts from the end); default: see `encodeTable` */
  readonly label?: string | number;
  /** rows with an empty or `?` cell in a numeric column: refuse the file, drop the row, or fill in the training rows' mean; default 'refuse' */
  readonly missing?: 'refuse' | 'drop' | 'mean';
  /** columns to leave out */
  readonly ignore?: readonly string[];
  /** columns to take as categories although they hold numbers */
  readonly categorical?: readonly string[];
  /** columns that a person cannot change */
  readonly immutable?: readonly string[];
  /** refuse text columns with more categories than this; default 1,000 */
  readonly maxCategories?: number;
}

export type EncodedTable = Pick<DatasetParts, 'inputShape' | 'classNames' | 'schema' | 'x' | 'y'> & {
  /** rows that came from each table, after dropping */
  readonly rowsOf: readonly number[];
};

const LABEL_NAMES = ['label', 'class', 'target'];
const MAX_CLASSES = 1000;

/**
 * Encodes tables with the same columns, one below the other. A column is numeric when at least nine in ten of its known
 * cells are numbers (the others are then faults), binary when it holds only 0 and 1, otherwise categorical: one feature per
 * category, sorted, `?` standing for unknown cells. The label is the column asked for, else one named label, class or
 * target, else the last.
 * @throws FormatError with file, line and column for cells that cannot be used
 * @throws ConfigError when the options name columns that do not exist
 */
export function encodeTable(tables: readonly CsvTable[], options: TableOptions = {}): EncodedTable {
  const all = joined(tables);
  const label = labelColumn(all, options.label);
  checkNames(all, options);
  const kinds = all.names.map((name, c) =>
    c === label || options.ignore?.includes(name) ? null : columnKind(all, c, options),
  );
  const keep = rowsToKeep(all, kinds, options);
  const { classNames, y } = encodeLabels(all, label, keep);
  const columns: Column[] = [];
  for (const [c, kind] of kinds.entries()) {
    if (kind) columns.push(describe(all, c, kind, keep, featureCount(columns), options));
  }
  const features = featureCount(columns);
  if (features === 0)
    throw new FormatError(
      `${all.file}: expected at least one column beside the label '${all.names[label]}', got none.`,
      all.file,
    );
  if (keep.length * features * 4 > MAX_BYTES)
    throw new FormatError(
      `${all.file}: ${keep.length} rows of ${features} encoded features do not fit into ${MAX_BYTES} bytes. Leave out columns with many categories (ignore).`,
      all.file,
    );
  const x = new Float32Array(keep.length * features);
  const used = kinds.flatMap((kind, c) => (kind ? [c] : []));
  for (const [i, column] of columns.entries()) encodeColumn(all, used[i]!, column, keep, x, features);
  return {
    inputShape: [features],
    classNames,
    schema: { kind: 'table', columns },
    x,
    y,
    rowsOf: all.countPerTable(keep),
  };
}

interface Joined {
  readonly file: string;
  readonly names: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** `adult.data, line 17, column 'age'` */
  place(row: number, column: number): { text: string; file: string };
  countPerTable(rows: readonly number[]): number[];
}

function joined(tables: readonly CsvTable[]): Joined {
  const first = tables[0]!;
  const width = first.rows[0]!.length;
  const names = first.names ?? Array.from({ length: width }, (_, c) => `column ${c + 1}`);
  for (const table of tables) {
    if (table.rows[0]!.length !== width)
      throw new FormatError(
        `${table.file}: expected ${width} columns as in ${first.file}, got ${table.rows[0]!.length}.`,
        table.file,
      );
  }
  const ends: number[] = [];
  for (const table of tables) ends.push((ends.at(-1) ?? 0) + table.rows.length);
  const tableOf = (row: number) => ends.findIndex((end) => row < end);
  return {
    file: tables.map((table) => table.file).join(' + '),
    names,
    rows: tables.length === 1 ? first.rows : tables.flatMap((table) => table.rows),
    place(row, column) {
      const t = tableOf(row);
      const table = tables[t]!;
      const line = table.lines[row - (ends[t - 1] ?? 0)];
      return { text: `${table.file}, line ${line}, column '${names[column]}'`, file: table.file };
    },
    countPerTable: (rows) => ends.map((end, t) => rows.filter((row) => row < end && row >= (ends[t - 1] ?? 0)).length),
  };
}

function labelColumn({ names, file }: Joined, wanted: string | number | undefined): number {
  if (wanted === undefined) {
    const named = names.findIndex((name) => LABEL_NAMES.includes(name.toLowerCase()));
    return named >= 0 ? named : names.length - 1;
  }
  const found = typeof wanted === 'string' ? names.indexOf(wanted) : wanted < 0 ? names.length + wanted : wanted;
  if (Number.isInteger(found) && found >= 0 && found < names.length) return found;
  throw new ConfigError(`${file}: expected a label column among ${names.join(', ')}, got ${wanted}.`, 'label', names);
}

function checkNames({ names, file }: Joined, options: TableOptions): void {
  for (const key of ['ignore', 'categorical', 'immutable'] as const) {
    const unknown = options[key]?.find((name) => !names.includes(name));
    if (unknown !== undefined)
      throw new ConfigError(
        `${file}: ${key} names the column '${unknown}', expected some of ${names.join(', ')}.`,
        key,
        names,
      );
  }
}

function columnKind({ names, rows, file }: Joined, c: number, options: TableOptions): Column['kind'] {
  let known = 0;
  let numbers = 0;
  let bits = 0;
  for (const row of rows) {
    const cell = row[c]!;
    if (isMissing(cell)) continue;
    known++;
    if (isNumeric(cell)) numbers++;
    if (cell === '0' || cell === '1') bits++;
  }
  if (known === 0)
    throw new FormatError(
      `${file}, column '${names[c]}': expected values, all ${rows.length} cells are empty or '?'. Leave it out: ignore.`,
      file,
    );
  if (options.categorical?.includes(names[c]!)) return 'categorical';
  if (bits === rows.length) return 'binary';
  return numbers >= 0.9 * known ? 'numeric' : 'categorical';
}

function rowsToKeep(
  all: Joined,
  kinds: readonly (Column['kind'] | null)[],
  { missing = 'refuse' }: TableOptions,
): number[] {
  const numeric = kinds.flatMap((kind, c) => (kind === 'numeric' ? [c] : []));
  const keep: number[] = [];
  for (const [r, row] of all.rows.entries()) {
    const gap = missing === 'mean' ? undefined : numeric.find((c) => isMissing(row[c]!));
    if (gap === undefined) keep.push(r);
    else if (missing === 'refuse') {
      const { text, file } = all.place(r, gap);
      throw new FormatError(
        `${text}: expected a number, got '${row[gap]}' (missing). Say missing: 'drop' to leave such rows out, or 'mean' to fill in the training rows' mean.`,
        file,
      );
    }
  }
  if (keep.length === 0)
    throw new FormatError(
      `${all.file}: every row has a missing cell in a numeric column, none is left. Say missing: 'mean'.`,
      all.file,
    );
  return keep;
}

function encodeLabels(all: Joined, c: number, keep: readonly number[]): { classNames: string[]; y: Int32Array } {
  const cells = keep.map((r) => {
    const cell = all.rows[r]![c]!;
    if (!isMissing(cell)) return cell;
    const { text, file } = all.place(r, c);
    throw new FormatError(`${text}: expected a label, got '${cell}'. Every row needs one.`, file);
  });
  const classNames = sorted(new Set(cells));
  if (classNames.length < 2 || classNames.length > MAX_CLASSES) {
    throw new FormatError(
      `${all.file}, column '${all.names[c]}': expected a label with 2 to ${MAX_CLASSES} classes, got ${classNames.length}. Name the label column: label.`,
      all.file,
    );
  }
  const index = new Map(classNames.map((name, i) => [name, i]));
  return { classNames, y: Int32Array.from(cells, (cell) => index.get(cell)!) };
}

// Numbers by size, everything else by code point: never by the machine's language.
function sorted(names: Iterable<string>): string[] {
  const list = [...names];
  if (list.every(isFiniteNumber)) return list.sort((a, b) => Number(a) - Number(b));
  return list.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

function describe(
  all: Joined,
  c: number,
  kind: Column['kind'],
  keep: readonly number[],
  feature: number,
  options: TableOptions,
): Column {
  const name = all.names[c]!;
  const base = { name, feature, immutable: options.immutable?.includes(name) ?? false };
  if (kind === 'binary') return { ...base, kind, width: 1 };
  if (kind === 'numeric') {
    let [low, high, missing] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
    for (const r of keep) {
      const value = numberIn(all, r, c);
      if (Number.isNaN(value)) missing++;
      else [low, high] = [Math.min(low, value), Math.max(high, value)];
    }
    return { ...base, kind, width: 1, bounds: [low, high], missing };
  }
  const categories = sorted(new Set(keep.map((r) => category(all.rows[r]![c]!))));
  const most = options.maxCategories ?? 1000;
  if (categories.length > most)
    throw new FormatError(
      `${all.file}, column '${name}': expected at most ${most} categories, got ${categories.length}. Leave it out (ignore), or raise maxCategories.`,
      all.file,
    );
  return { ...base, kind, width: categories.length, categories };
}

function encodeColumn(
  all: Joined,
  c: number,
  column: Column,
  keep: readonly number[],
  x: Float32Array,
  features: number,
): void {
  const codes = column.kind === 'categorical' ? new Map(column.categories.map((name, i) => [name, i])) : null;
  for (const [i, r] of keep.entries()) {
    const at = i * features + column.feature;
    if (codes) x[at + codes.get(category(all.rows[r]![c]!))!] = 1;
    else x[at] = numberIn(all, r, c);
  }
}

function category(cell: string): string {
  return cell === '' ? '?' : cell;
}

/** The cell as f32; NaN when it is missing. */
function numberIn(all: Joined, r: number, c: number): number {
  const cell = all.rows[r]![c]!;
  if (isMissing(cell)) return Number.NaN;
  const value = isFiniteNumber(cell) ? Math.fround(Number(cell)) : Number.NaN;
  if (Number.isFinite(value)) return value;
  const { text, file } = all.place(r, c);
  throw new FormatError(
    `${text}: expected a finite number that fits 32 bits, as in the rest of the column, got '${cell}'. Mend the cell, or list the column under categorical or ignore.`,
    file,
  );
}
