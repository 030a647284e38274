/** A user's own data: any CSV file, or a NumPy archive with x and y. */
import * as v from 'valibot';
import { ConfigError, FormatError } from '../../engine/index.ts';
import { type Dataset, type DatasetParts, makeDataset } from '../dataset.ts';
import type { Bytes } from '../digest.ts';
import { encodeTable, maybeGunzip, type NpyArray, readCsv, readNpz } from '../formats/index.ts';
import { numericColumns } from '../schema.ts';
import type { FileSource } from '../source.ts';
import { defineSet } from './define.ts';

const names = v.optional(v.array(v.string()));

export const csv = defineSet({
  name: 'csv',
  title: 'a CSV file',
  licence: "the user's own",
  citation: "the user's own",
  home: 'https://www.rfc-editor.org/rfc/rfc4180',
  kind: 'files',
  options: v.strictObject({
    file: v.optional(v.string()),
    label: v.optional(v.union([v.string(), v.number()])),
    header: v.optional(v.boolean()),
    separator: v.optional(v.pipe(v.string(), v.length(1))),
    skipLines: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
    missing: v.optional(v.picklist(['refuse', 'drop', 'mean'])),
    ignore: names,
    categorical: names,
    immutable: names,
    maxCategories: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  }),
  async load({ source, options, about }) {
    const { bytes, place, path } = await onlyFile(source, options.file, /\.(csv|tsv|txt|data)(\.gz)?$/i, 'a CSV file');
    const given = present(options);
    const table = readCsv(await maybeGunzip(bytes, place), place, given);
    const { rowsOf: _, ...encoded } = encodeTable([table], given);
    return makeDataset({ ...about, title: path, ...encoded });
  },
});

export const npz = defineSet({
  name: 'npz',
  title: 'a NumPy archive',
  licence: "the user's own",
  citation: "the user's own",
  home: 'https://numpy.org/doc/stable/reference/generated/numpy.savez.html',
  kind: 'files',
  options: v.strictObject({
    file: v.optional(v.string()),
    /** names of the arrays: x [rows, ...], y [rows] whole numbers from 0 */
    x: v.optional(v.string(), 'x'),
    y: v.optional(v.string(), 'y'),
    classNames: names,
  }),
  async load({ source, options, about }): Promise<Dataset> {
    const { bytes, place, path } = await onlyFile(source, options.file, /\.npz$/i, 'an .npz file');
    const arrays = readNpz(bytes, place);
    const pick = (key: 'x' | 'y'): NpyArray => {
      const array = arrays.get(options[key]);
      if (array) return array;
      const all = [...arrays.keys()];
      throw new ConfigError(
        `${place}: expected an array '${options[key]}', found ${all.join(', ') || 'none'}. Name it: ${key}.`,
        key,
        all,
      );
    };
    const { y, classes } = labels(pick('y'), place);
    const classNames = options.classNames ?? Array.from({ length: classes }, (_, i) => String(i));
    return makeDataset({ ...about, title: path, ...features(pick('x'), y.length, place), classNames, y });
  },
});

/** The file asked for, or the only one that looks like it. */
async function onlyFile(
  source: FileSource,
  file: string | undefined,
  pattern: RegExp,
  kind: string,
): Promise<{ bytes: Bytes; place: string; path: string }> {
  const paths = await source.list();
  const matching = file === undefined ? paths.filter((path) => pattern.test(path)) : [file];
  const found = file === undefined && paths.length === 1 ? paths : matching;
  if (found.length !== 1) {
    throw new ConfigError(
      `expected exactly one file in ${source.describe('')} that looks like ${kind}, found ${found.length === 0 ? 'none' : found.join(', ')}. Name it: file.`,
      'file',
      paths,
    );
  }
  const path = found[0]!;
  const bytes = await source.read(path);
  if (!bytes) throw new ConfigError(`expected a file ${source.describe(path)}, there is none.`, 'file', paths);
  return { bytes, place: source.describe(path), path };
}

function labels({ shape, data }: NpyArray, place: string): { y: Int32Array; classes: number } {
  if (shape.length !== 1)
    throw new FormatError(
      `${place}: expected labels of one dimension, got [${shape}]. Use argmax for one-hot labels.`,
      place,
    );
  let most = 0;
  for (const [row, label] of data.entries()) {
    if (!(Number.isInteger(label) && label >= 0 && label < 100_000))
      throw new FormatError(`${place}, y, row ${row}: expected a whole number from 0, got ${label}.`, place);
    most = Math.max(most, label);
  }
  return { y: Int32Array.from(data), classes: Math.max(2, most + 1) };
}

// Bytes of rank 3 or 4 are images; everything else is a table of numbers.
function features(
  { shape, data }: NpyArray,
  rows: number,
  place: string,
): Pick<DatasetParts, 'x' | 'schema' | 'inputShape'> {
  if (shape.length < 2 || shape[0] !== rows)
    throw new FormatError(`${place}: expected x [${rows}, ...] to go with ${rows} labels, got [${shape}].`, place);
  const rest = shape.slice(1);
  if (data instanceof Uint8Array && (rest.length === 2 || rest.length === 3)) {
    const inputShape = rest.length === 2 ? [...rest, 1] : rest;
    const channels = Array.from({ length: inputShape[2]! }, (_, c) => `channel ${c}`);
    return { x: data, inputShape, schema: { kind: 'image', channels, range: [0, 255] } };
  }
  const x = Float32Array.from(data);
  const length = rest.reduce((product, n) => product * n, 1);
  return { x, inputShape: rest, schema: { kind: 'table', columns: numericColumns(x, length) } };
}

/** Without the keys that are undefined: optional settings here are absent or set. */
function present<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
