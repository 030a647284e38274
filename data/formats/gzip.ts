/**
 * Gzip (RFC 1952) through the platform's DecompressionStream, which Node 20 and every browser with WebAssembly SIMD have.
 * It is twice as fast as the inflaters in JavaScript (170 MB of CIFAR-10: 1.0 s against 1.9 s), and it never believes
 * the length in the file's trailer.
 */
import { FormatError } from '../../engine/index.ts';
import type { Bytes } from '../digest.ts';
import { asFormatError, concat, expectMagic, MAX_BYTES } from './bytes.ts';

const KIND = 'a gzip file';
const PIECE = 1 << 20;
// Deflate cannot shrink anything further than 1032:1.
const MAX_RATIO = 1032;

/** Whether the bytes begin like a gzip file. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * The uncompressed bytes in pieces, as they come.
 * @throws FormatError (also while reading) when it is no gzip file, or one that is cut off or damaged
 */
export async function* gunzipPieces(bytes: Bytes, file: string): AsyncGenerator<Uint8Array, void, void> {
  expectMagic(bytes, [0x1f, 0x8b], file, KIND);
  let sent = 0;
  const pieces = new ReadableStream<Bytes>({
    pull(controller) {
      if (sent >= bytes.length) return controller.close();
      controller.enqueue(bytes.subarray(sent, sent + PIECE));
      sent += PIECE;
    },
  });
  const reader = pieces.pipeThrough(new DecompressionStream('gzip')).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } catch (error) {
    throw asFormatError(error, file, KIND);
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/**
 * The whole uncompressed file.
 * @param limit refuse to hold more than this many bytes; default 2 GiB
 * @throws FormatError when it is no gzip file, one that is cut off or damaged, or one beyond the limit
 */
export async function gunzip(bytes: Bytes, file: string, { limit = MAX_BYTES } = {}): Promise<Bytes> {
  const hint = trailerLength(bytes);
  let whole = new Uint8Array(Math.min(hint, limit, bytes.length * MAX_RATIO));
  let length = 0;
  for await (const piece of gunzipPieces(bytes, file)) {
    if (length + piece.length > limit) {
      throw new FormatError(
        `${file}: expected at most ${limit} uncompressed bytes, got more. Is it the right file?`,
        file,
      );
    }
    if (length + piece.length > whole.length)
      whole = concat([whole], Math.max(2 * whole.length, length + piece.length));
    whole.set(piece, length);
    length += piece.length;
  }
  return length === whole.length ? whole : whole.slice(0, length);
}

/** The bytes themselves, or what they hold when they are gzipped. */
export async function maybeGunzip(bytes: Bytes, file: string, options?: { limit?: number }): Promise<Bytes> {
  return isGzip(bytes) ? gunzip(bytes, file, options) : bytes;
}

// The last four bytes: uncompressed length modulo 2^32 of the last member. A hint only.
function trailerLength(bytes: Bytes): number {
  if (bytes.length < 18) return 0;
  return new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4, 4).getUint32(0, true);
}
