/**
 * NumPy's .npy (format versions 1 to 3, https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html) and .npz
 * (a zip of them). Read: f4 f8, i1 .. i8, u1 .. u8, b1, both byte orders, C and Fortran order. Written: little-endian, C order.
 */
import { strToU8, zipSync } from 'fflate';
import { FormatError } from '../../engine/index.ts';
import { type Bytes, bytesOf } from '../digest.ts';
import { zipEntries } from './archive.ts';
import { expectMagic, sizeInBytes } from './bytes.ts';

export type NpyData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array;

export interface NpyArray {
  readonly shape: readonly number[];
  /** row-major. 64-bit integers come as Float64Array (all values exact), booleans as Uint8Array of 0 and 1. */
  readonly data: NpyData;
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const KIND = 'a .npy file';

interface Element {
  readonly bytes: number;
  make(length: number): NpyData;
  read(view: DataView, at: number, little: boolean): number;
}

const ELEMENTS: Readonly<Record<string, Element>> = {
  f4: { bytes: 4, make: (n) => new Float32Array(n), read: (v, at, little) => v.getFloat32(at, little) },
  f8: { bytes: 8, make: (n) => new Float64Array(n), read: (v, at, little) => v.getFloat64(at, little) },
  i1: { bytes: 1, make: (n) => new Int8Array(n), read: (v, at) => v.getInt8(at) },
  i2: { bytes: 2, make: (n) => new Int16Array(n), read: (v, at, little) => v.getInt16(at, little) },
  i4: { bytes: 4, make: (n) => new Int32Array(n), read: (v, at, little) => v.getInt32(at, little) },
  i8: { bytes: 8, make: (n) => new Float64Array(n), read: (v, at, little) => Number(v.getBigInt64(at, little)) },
  u1: { bytes: 1, make: (n) => new Uint8Array(n), read: (v, at) => v.getUint8(at) },
  u2: { bytes: 2, make: (n) => new Uint16Array(n), read: (v, at, little) => v.getUint16(at, little) },
  u4: { bytes: 4, make: (n) => new Uint32Array(n), read: (v, at, little) => v.getUint32(at, little) },
  u8: { bytes: 8, make: (n) => new Float64Array(n), read: (v, at, little) => Number(v.getBigUint64(at, little)) },
  b1: { bytes: 1, make: (n) => new Uint8Array(n), read: (v, at) => (v.getUint8(at) === 0 ? 0 : 1) },
};

/**
 * @throws FormatError for another kind of file, other element types (complex, text, objects), a length that does not fit
 * the header, and 64-bit integers beyond 2^53
 */
export function readNpy(bytes: Uint8Array, file: string): NpyArray {
  expectMagic(bytes, MAGIC, file, KIND);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { text, start } = headerText(view, file);
  const { descr, fortran, shape } = parseHeader(text, file);
  const element = ELEMENTS[descr.slice(1)];
  if (!element || !/^[<>|=]/.test(descr)) {
    throw new FormatError(
      `${file}: expected elements of one of ${Object.keys(ELEMENTS).join(', ')}, got '${descr}'. Save the array as another type: a.astype('f4').`,
      file,
    );
  }
  const size = sizeInBytes(shape, element.bytes, file);
  if (view.byteLength !== start + size)
    throw new FormatError(
      `${file}: expected ${start + size} bytes for ${descr} [${shape}], got ${view.byteLength}. The file is cut off or damaged.`,
      file,
      view.byteLength,
    );
  const data = element.make(size / element.bytes);
  const place = fortran ? fortranPlaces(shape) : (i: number) => i;
  for (let i = 0; i < data.length; i++)
    data[place(i)] = element.read(view, start + i * element.bytes, descr[0] !== '>');
  if (/[iu]8$/.test(descr)) {
    const bad = data.findIndex((value) => !Number.isSafeInteger(value));
    if (bad >= 0)
      throw new FormatError(
        `${file}: expected 64-bit integers within 2^53, got ${data[bad]} at element ${bad}. Save them as f8.`,
        file,
      );
  }
  return { shape, data };
}

/** The .npy bytes of a row-major array (little-endian; the header is padded to 64 bytes, as NumPy does). */
export function writeNpy({ shape, data }: NpyArray): Bytes {
  const descr = descrOf(data);
  const list = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${list}), }`;
  const length = Math.ceil((10 + header.length + 1) / 64) * 64 - 10;
  const bytes = new Uint8Array(10 + length + data.byteLength);
  bytes.set([...MAGIC, 1, 0, length & 255, length >> 8]);
  bytes.set(strToU8(`${header.padEnd(length - 1)}\n`), 10);
  bytes.set(bytesOf(data), 10 + length);
  return bytes;
}

/**
 * The arrays of a .npz file by name (without `.npy`).
 * @throws FormatError as `readNpy`, and when it is no zip file
 */
export function readNpz(bytes: Bytes, file: string): Map<string, NpyArray> {
  expectMagic(bytes, [0x50, 0x4b], file, 'a .npz file');
  const arrays = new Map<string, NpyArray>();
  for (const entry of zipEntries(bytes, file, { wanted: (name) => name.endsWith('.npy') }))
    arrays.set(entry.name.slice(0, -'.npy'.length), readNpy(entry.bytes, `${file}/${entry.name}`));
  return arrays;
}

/** The .npz bytes; the same arrays give the same bytes (no time of writing is stored). */
export function writeNpz(arrays: Readonly<Record<string, NpyArray>>): Bytes {
  const files = Object.fromEntries(Object.entries(arrays).map(([name, array]) => [`${name}.npy`, writeNpy(array)]));
  return zipSync(files, { mtime: new Date(1980, 0, 1, 12), level: 6 }) as Bytes;
}

function headerText(view: DataView, file: string): { text: string; start: number } {
  const major = view.byteLength > 6 ? view.getUint8(6) : 0;
  const prefix = major === 1 ? 10 : 12;
  if (![1, 2, 3].includes(major) || view.byteLength < prefix)
    throw new FormatError(
      `${file}: expected .npy format version 1, 2 or 3, got ${major}. The file is damaged.`,
      file,
      6,
    );
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const start = prefix + length;
  if (start > view.byteLength)
    throw new FormatError(
      `${file}: expected a header of ${length} bytes, got ${view.byteLength - prefix}. The file is cut off.`,
      file,
      view.byteLength,
    );
  return { text: new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + prefix, length)), start };
}

// The header is a Python dict literal with three keys, in any order.
function parseHeader(text: string, file: string): { descr: string; fortran: boolean; shape: number[] } {
  const descr = /['"]descr['"]\s*:\s*['"]([^'"]*)['"]/.exec(text)?.[1];
  const fortran = /['"]fortran_order['"]\s*:\s*(True|False)/.exec(text)?.[1];
  const shape = /['"]shape['"]\s*:\s*\(([\d\s,L]*)\)/.exec(text)?.[1];
  if (descr === undefined || fortran === undefined || shape === undefined) {
    throw new FormatError(
      `${file}: expected a header with descr, fortran_order and shape, got ${JSON.stringify(text.trim().slice(0, 120))}. Structured and object arrays are not read.`,
      file,
      8,
    );
  }
  const sizes = shape
    .split(',')
    .map((n) => n.trim().replace(/L$/, ''))
    .filter((n) => n !== '');
  return { descr, fortran: fortran === 'True', shape: sizes.map(Number) };
}

// Where the i-th element in file order (first index fastest) goes in row-major order.
function fortranPlaces(shape: readonly number[]): (i: number) => number {
  return (i) => {
    let place = 0;
    let stride = shape.reduce((product, n) => product * n, 1);
    for (const n of shape) {
      stride /= n;
      place += (i % n) * stride;
      i = Math.floor(i / n);
    }
    return place;
  };
}

function descrOf(data: NpyData): string {
  const letter =
    data instanceof Float32Array || data instanceof Float64Array ? 'f' : data.constructor.name[0]!.toLowerCase();
  return `${data.BYTES_PER_ELEMENT === 1 ? '|' : '<'}${letter}${data.BYTES_PER_ELEMENT}`;
}
