/**
 * The safetensors file format: an 8-byte little-endian header length, a JSON header with dtype, shape and byte range of
 * each tensor, then the bytes (github.com/huggingface/safetensors, format section of its README).
 */
import { FormatError } from '../errors.ts';
import { type Shape, sizeOf, type TypedArray } from '../tensor/index.ts';

export interface SafeTensor {
  readonly shape: Shape;
  /** F32, F64 or I32 by its type */
  readonly data: TypedArray;
}

export interface SafeTensorsFile {
  readonly tensors: ReadonlyMap<string, SafeTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

const MAX_HEADER = 100_000_000;
const dtypes = {
  F32: { bytes: 4, read: (b: ArrayBuffer) => new Float32Array(b) },
  F64: { bytes: 8, read: (b: ArrayBuffer) => new Float64Array(b) },
  I32: { bytes: 4, read: (b: ArrayBuffer) => new Int32Array(b) },
} as const;

const dtypeOf = (data: TypedArray) =>
  data instanceof Float32Array ? 'F32' : data instanceof Float64Array ? 'F64' : 'I32';

/** Writes a file; tensors keep the order of the map. */
export function writeSafeTensors({ tensors, metadata }: SafeTensorsFile): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const [name, { shape, data }] of tensors) {
    header[name] = { dtype: dtypeOf(data), shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  let json = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(json.length / 8) * 8;
  json = new TextEncoder().encode(JSON.stringify(header) + ' '.repeat(padded - json.length));
  const file = new Uint8Array(8 + json.length + offset);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  let at = 8 + json.length;
  for (const { data } of tensors.values()) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}

/**
 * Reads a file of F32, F64 and I32 tensors.
 * @param file its name, for error messages
 * @throws FormatError with the byte offset of the fault
 */
export function readSafeTensors(bytes: Uint8Array, file = 'safetensors'): SafeTensorsFile {
  const fail = (message: string, offset: number): never => {
    throw new FormatError(`${file}: ${message}`, file, offset);
  };
  if (bytes.length < 8) fail(`expected a safetensors file of at least 8 bytes, got ${bytes.length}.`, 0);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length > MAX_HEADER || 8 + length > bytes.length) {
    fail(
      `expected a header within the file's ${bytes.length} bytes, got a header length of ${length}. Is it a safetensors file?`,
      0,
    );
  }
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + length)));
  } catch {
    fail('expected a JSON header, got something else. Is it a safetensors file?', 8);
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header))
    fail('expected a JSON object as header.', 8);
  const entries = new Map<string, Entry>();
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(header as Record<string, unknown>)) {
    if (name !== '__metadata__') entries.set(name, entryOf(name, value, fail));
    else if (isTextMap(value)) metadata = value;
    else fail('expected __metadata__ to be an object of texts.', 8);
  }
  const data = 8 + length;
  let end = 0;
  // The ranges must tile the data: where they may overlap, a small file asks for any amount of memory.
  for (const [name, { from, to, bytes: size, shape }] of [...entries].sort(byRange)) {
    if (from !== end)
      fail(`tensor '${name}': expected data from byte ${end} on, where the one before ends, got ${from}.`, 8);
    if (to - from !== size || data + to > bytes.length) {
      fail(
        `tensor '${name}': expected ${size} bytes for shape [${shape}], got the range ${from},${to} of ${bytes.length - data}. Is the file cut short?`,
        data + from,
      );
    }
    end = to;
  }
  if (data + end !== bytes.length) fail(`expected ${end} bytes of data, got ${bytes.length - data}.`, data + end);
  const tensors = new Map<string, SafeTensor>();
  for (const [name, { from, to, shape, dtype }] of entries) {
    // not bytes.slice: a Buffer of Node's gives a view there, not a copy
    const copy = new Uint8Array(bytes.subarray(data + from, data + to));
    tensors.set(name, { shape, data: dtypes[dtype].read(copy.buffer) });
  }
  return { tensors, metadata };
}

interface Entry {
  readonly dtype: keyof typeof dtypes;
  readonly shape: Shape;
  readonly from: number;
  readonly to: number;
  /** that the shape takes */
  readonly bytes: number;
}

const byRange = ([, a]: [string, Entry], [, b]: [string, Entry]) => a.from - b.from || a.to - b.to;

function isTextMap(value: unknown): value is Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((v) => typeof v === 'string');
}

const isWhole = (x: unknown): x is number[] => Array.isArray(x) && x.every((d) => Number.isSafeInteger(d) && d >= 0);

function entryOf(name: string, value: unknown, fail: (message: string, offset: number) => never): Entry {
  const entry = (value ?? {}) as { dtype?: unknown; shape?: unknown; data_offsets?: unknown };
  const { dtype, shape, data_offsets: range } = entry;
  if (typeof dtype !== 'string' || !Object.hasOwn(dtypes, dtype)) {
    return fail(`tensor '${name}': expected dtype F32, F64 or I32, got ${JSON.stringify(dtype)}.`, 8);
  }
  if (!isWhole(shape) || !isWhole(range) || range.length !== 2)
    return fail(`tensor '${name}': expected a shape and two data_offsets.`, 8);
  const known = dtype as Entry['dtype'];
  return { dtype: known, shape, from: range[0]!, to: range[1]!, bytes: sizeOf(shape) * dtypes[known].bytes };
}
