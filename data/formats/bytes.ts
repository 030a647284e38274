/** What all readers share: a look at the first bytes, and the promise that a reader throws nothing but FormatError. */
import { FormatError } from '../../engine/index.ts';
import type { Bytes } from '../digest.ts';

/** Refuses to make arrays beyond this many bytes on a file's say-so. */
export const MAX_BYTES = 2 ** 31 - 1;

/** The first bytes as text, for recognising and for quoting in messages. */
export function opening(bytes: Uint8Array, length: number): string {
  return String.fromCharCode(...bytes.subarray(0, length));
}

/** Whether a web server's page (an error page, a login form) came in place of the file. */
export function looksLikeHtml(bytes: Uint8Array): boolean {
  return /^(\xef\xbb\xbf)?\s*<(!doctype\s+html|html|head|body)\b/i.test(opening(bytes, 256));
}

/**
 * @param kind what the file should be, for the message: 'a gzip file'
 * @throws FormatError for an empty file and for an HTML page
 */
export function refuseEmptyAndHtml(bytes: Uint8Array, file: string, kind: string): void {
  if (bytes.length === 0)
    throw new FormatError(`${file}: expected ${kind}, got an empty file. Fetch it again.`, file, 0);
  if (looksLikeHtml(bytes)) {
    throw new FormatError(
      `${file}: expected ${kind}, got an HTML page (probably the error page of a web server). Fetch it again, from another address.`,
      file,
      0,
    );
  }
}

/** Refuses a wrong first few bytes, quoting both. */
export function expectMagic(bytes: Uint8Array, magic: readonly number[], file: string, kind: string): void {
  refuseEmptyAndHtml(bytes, file, kind);
  const got = bytes.subarray(0, magic.length);
  if (got.length === magic.length && magic.every((byte, i) => got[i] === byte)) return;
  throw new FormatError(
    `${file}: expected ${kind}, which begins with ${hex(magic)}, got ${hex(got)}. It is some other kind of file.`,
    file,
    0,
  );
}

/** Bytes as `1f 8b`. */
export function hex(bytes: Iterable<number>): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

/** Runs a library's reader; whatever it throws becomes a FormatError. */
export function guarded<T>(file: string, kind: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw asFormatError(error, file, kind);
  }
}

/** A FormatError for what a library threw. */
export function asFormatError(error: unknown, file: string, kind: string): FormatError {
  if (error instanceof FormatError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new FormatError(`${file}: expected ${kind}, got a damaged or cut-off one (${reason}). Fetch it again.`, file);
}

/** The product, or a FormatError when it is not a sensible number of bytes. */
export function sizeInBytes(shape: readonly number[], bytesEach: number, file: string): number {
  const size = shape.reduce((product, n) => product * n, bytesEach);
  if (Number.isSafeInteger(size) && size >= 0 && size <= MAX_BYTES) return size;
  throw new FormatError(
    `${file}: expected at most ${MAX_BYTES} bytes of content, the header announces [${shape}] x ${bytesEach} bytes. The header is damaged.`,
    file,
  );
}

/** Joins pieces of known total length. */
export function concat(pieces: readonly Uint8Array[], total: number): Bytes {
  const whole = new Uint8Array(total);
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
  }
  return whole;
}
