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
  const tensors = new Map<string, SafeTensor>();
  let metadata: Record<string, string> = {};
  for (const [name, entry] of Object.entries(header as Record<string, unknown>)) {
    if (name === '__metadata__') {
      metadata = Object.fromEntries(Object.entries(entry as object).map(([key, value]) => [key, String(value)]));
      continue;
    }
    const {
      dtype,
      shape,
      data_offsets: range,
    } = (entry ?? {}) as { dtype?: unknown; shape?: unknown; data_offsets?: unknown };
    const whole = (x: unknown): x is number[] => Array.isArray(x) && x.every((d) => Number.isSafeInteger(d) && d >= 0);
    if (typeof dtype !== 'string' || !Object.hasOwn(dtypes, dtype)) {
      fail(`tensor '${name}': expected dtype F32, F64 or I32, got ${JSON.stringify(dtype)}.`, 8);
    }
    if (!whole(shape) || !whole(range) || range.length !== 2)
      fail(`tensor '${name}': expected a shape and two data_offsets.`, 8);
    const type = dtypes[dtype as keyof typeof dtypes];
    const [from, to] = range as [number, number];
    const start = 8 + length + from;
    if (to - from !== sizeOf(shape as number[]) * type.bytes || 8 + length + to > bytes.length) {
      fail(
        `tensor '${name}': expected ${sizeOf(shape as number[]) * type.bytes} bytes for shape [${shape}], got the range ${range} of ${bytes.length - 8 - length}. Is the file cut short?`,
        start,
      );
    }
    // A copy of its own, also of a Node Buffer, whose slice is a view.
    const copy = new Uint8Array(bytes.subarray(start, 8 + length + to)).buffer;
    tensors.set(name, { shape: shape as number[], data: type.read(copy) });
  }
  return { tensors, metadata };
}
