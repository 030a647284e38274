/**
 * IDX, the format of MNIST (Y. LeCun, http://yann.lecun.com/exdb/mnist/): two zero bytes, element type, number of
 * dimensions, the dimensions as big-endian u32, then the elements row-major, big-endian.
 */
import { FormatError } from '../../engine/index.ts';
import { hex, refuseEmptyAndHtml, sizeInBytes } from './bytes.ts';

export type IdxData = Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;

export interface IdxArray {
  readonly shape: readonly number[];
  /** row-major; u8 data is a view of the file's bytes, everything else a copy */
  readonly data: IdxData;
}

interface Element {
  readonly bytes: number;
  read(view: DataView, count: number, offset: number): IdxData;
}

const ELEMENTS: Readonly<Record<number, Element>> = {
  8: { bytes: 1, read: (v, n, at) => new Uint8Array(v.buffer, v.byteOffset + at, n) },
  9: { bytes: 1, read: (v, n, at) => Int8Array.from({ length: n }, (_, i) => v.getInt8(at + i)) },
  11: { bytes: 2, read: (v, n, at) => Int16Array.from({ length: n }, (_, i) => v.getInt16(at + 2 * i)) },
  12: { bytes: 4, read: (v, n, at) => Int32Array.from({ length: n }, (_, i) => v.getInt32(at + 4 * i)) },
  13: { bytes: 4, read: (v, n, at) => Float32Array.from({ length: n }, (_, i) => v.getFloat32(at + 4 * i)) },
  14: { bytes: 8, read: (v, n, at) => Float64Array.from({ length: n }, (_, i) => v.getFloat64(at + 8 * i)) },
};

/**
 * @param bytes the uncompressed file
 * @throws FormatError for another kind of file, an unknown element type, and a length that does not fit the header
 */
export function readIdx(bytes: Uint8Array, file: string): IdxArray {
  const kind = 'an IDX file';
  refuseEmptyAndHtml(bytes, file, kind);
  const element = ELEMENTS[bytes[2] ?? 0];
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0 || !element) {
    throw new FormatError(
      `${file}: expected ${kind}, which begins with 00 00, an element type (08 09 0b 0c 0d 0e) and the number of dimensions, ` +
        `got ${hex(bytes.subarray(0, 4))}. Gunzip it first if it is still packed.`,
      file,
      0,
    );
  }
  const dimensions = bytes[3]!;
  const start = 4 + 4 * dimensions;
  if (bytes.length < start)
    throw new FormatError(
      `${file}: expected ${dimensions} dimensions in a header of ${start} bytes, got ${bytes.length} bytes. The file is cut off.`,
      file,
      bytes.length,
    );
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i));
  const size = sizeInBytes(shape, element.bytes, file);
  if (bytes.length !== start + size) {
    const verdict = bytes.length < start + size ? 'The file is cut off: fetch it again.' : 'There are bytes left over.';
    throw new FormatError(
      `${file}: expected ${start + size} bytes for [${shape}], got ${bytes.length}. ${verdict}`,
      file,
      Math.min(bytes.length, start + size),
    );
  }
  return { shape, data: element.read(view, size / element.bytes, start) };
}
