/** Rows as a model sees them, with or without labels, from files that somebody saved for an audit. Nothing is scaled or encoded. */
import { ConfigError, FormatError, type Shape, sizeOf } from '../engine/index.ts';
import { type Bytes, sha256OfPieces, sha256OfText } from './digest.ts';
import { maybeGunzip, type NpyArray, readCsv, readNpy, readNpz } from './formats/index.ts';

export interface Records {
  /** for messages and records */
  readonly name: string;
  /** of one row */
  readonly shape: Shape;
  /** row-major [n, ...shape] */
  readonly x: Float32Array;
  /** labels [n]; null where there are none */
  readonly y: Int32Array | null;
  readonly size: number;
}

export interface RecordFile {
  readonly name: string;
  readonly bytes: Bytes;
}

export interface RecordOptions {
  /** the label column of a CSV file; default the one named label, class, target or y, and none where there is no such column */
  readonly label?: string;
}

const LABEL_NAMES = ['label', 'class', 'target', 'y'];

/**
 * One file: .npz with x [n, ...] and optional y [n], .npy with x, or .csv with a column for each number. Two files: .npy with x,
 * .npy with y.
 * @throws FormatError for files that cannot be used, ConfigError for arrays and columns that are not there
 */
export async function readRecords(files: readonly RecordFile[], { label }: RecordOptions = {}): Promise<Records> {
  const [first, second] = files;
  if (!first) throw new ConfigError('records: expected a file, got none.', 'file');
  const { name } = first;
  if (second) return recordsOf(name, readNpy(first.bytes, name), readNpy(second.bytes, second.name));
  if (/\.npy$/i.test(name)) return recordsOf(name, readNpy(first.bytes, name), null);
  if (/\.(csv|tsv)(\.gz)?$/i.test(name)) return fromCsv(await maybeGunzip(first.bytes, name), name, label);
  const arrays = readNpz(first.bytes, name);
  const x = arrays.get('x') ?? (arrays.size === 1 ? [...arrays.values()][0] : undefined);
  if (!x) {
    const all = [...arrays.keys()];
    throw new ConfigError(
      `${name}: expected an array 'x' and, if there are labels, 'y', found ${all.join(', ') || 'none'}. Save it so: np.savez('${name}', x=x, y=y).`,
      'x',
      all,
    );
  }
  return recordsOf(name, x, arrays.get('y') ?? null);
}

/** Row-major numbers as records. @throws FormatError for sizes that disagree, numbers that are not finite, labels that are none */
export function makeRecords(o: {
  name: string;
  shape: Shape;
  x: ArrayLike<number>;
  y?: ArrayLike<number> | null;
}): Records {
  const { name, shape } = o;
  const x = o.x instanceof Float32Array ? o.x : Float32Array.from(o.x);
  const width = sizeOf(shape);
  const size = x.length / width;
  if (!Number.isInteger(size) || size === 0)
    throw new FormatError(`${name}: expected rows of [${shape}] = ${width} numbers, got ${x.length}.`, name);
  const bad = x.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0)
    throw new FormatError(
      `${name}, row ${Math.floor(bad / width)}: expected finite numbers, got ${x[bad]}. Fill in what is missing as for the model's training.`,
      name,
    );
  return { name, shape, x, y: o.y ? labels(o.y, size, name) : null, size };
}

/** SHA-256 of the content of all of them: same sum, same rows. */
export async function recordsDigest(all: readonly Records[]): Promise<string> {
  const parts: string[] = [];
  for (const { shape, x, y } of all)
    parts.push(`[${shape}] ${await sha256OfPieces(x)} ${y ? await sha256OfPieces(y) : 'none'}`);
  return sha256OfText(parts.join('\n'));
}

function recordsOf(name: string, { shape, data }: NpyArray, y: NpyArray | null): Records {
  if (shape.length < 2)
    throw new FormatError(`${name}: expected x of at least two axes [n, ...], got [${shape.join(', ')}].`, name);
  if (y && y.shape.length !== 1)
    throw new FormatError(
      `${name}: expected labels y of one axis [n], got [${y.shape.join(', ')}]. Use argmax for one-hot labels.`,
      name,
    );
  return makeRecords({ name, shape: shape.slice(1), x: data, y: y?.data ?? null });
}

function labels(y: ArrayLike<number>, size: number, name: string): Int32Array {
  if (y.length !== size)
    throw new FormatError(`${name}: expected a label for each of ${size} rows, got ${y.length}.`, name);
  for (let row = 0; row < size; row++) {
    const label = y[row]!;
    if (!(Number.isInteger(label) && label >= 0 && label < 100_000))
      throw new FormatError(`${name}, y, row ${row}: expected a whole number from 0, got ${label}.`, name);
  }
  return Int32Array.from(y);
}

/** How a model encodes words is its own affair: every cell must be a number. */
function fromCsv(bytes: Bytes, name: string, asked: string | undefined): Records {
  const table = readCsv(bytes, name);
  const names = table.names ?? table.rows[0]!.map((_, i) => String(i));
  const found = names.findIndex((n) => (asked === undefined ? LABEL_NAMES.includes(n.toLowerCase()) : n === asked));
  if (asked !== undefined && found < 0)
    throw new ConfigError(`${name}: expected a column '${asked}', found ${names.join(', ')}.`, 'label', names);
  const numbers = table.rows.map((cells, row) =>
    cells.map((cell, column) => {
      const value = cell === '' ? Number.NaN : Number(cell);
      if (Number.isFinite(value)) return value;
      throw new FormatError(
        `${name}, line ${table.lines[row]}, column '${names[column]}': expected a number, as the model gets it, got '${cell}'. Encode the table as for the model's training.`,
        name,
      );
    }),
  );
  return makeRecords({
    name,
    shape: [names.length - (found < 0 ? 0 : 1)],
    x: numbers.flatMap((row) => row.filter((_, column) => column !== found)),
    y: found < 0 ? null : numbers.map((row) => row[found]!),
  });
}
