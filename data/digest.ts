/** SHA-256 through WebCrypto, which Node and browsers share. */
import { ConfigError } from '../engine/index.ts';

/** Bytes in ordinary (never shared) memory: what files are read into. */
export type Bytes = Uint8Array<ArrayBuffer>;

/**
 * SHA-256 of the bytes, as 64 lower-case hex digits.
 * @throws ConfigError in a page that is neither https nor localhost: browsers have no WebCrypto there
 */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  if (!subtle) {
    throw new ConfigError(
      'sha256: expected WebCrypto (crypto.subtle), but this page is not a secure context. Serve it over https or from localhost.',
      'page',
    );
  }
  const digest = new Uint8Array(await subtle.digest('SHA-256', unshared(bytes)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** SHA-256 of a text's UTF-8 bytes. */
export function sha256OfText(text: string): Promise<string> {
  return sha256(new TextEncoder().encode(text));
}

const PIECE = 16 << 20;

/**
 * SHA-256 of the hex digests of all 16 MiB pieces, one after the other: for large arrays, because WebCrypto copies what
 * it hashes. Bytes as in memory, little-endian.
 */
export async function sha256OfPieces(view: ArrayBufferView): Promise<string> {
  const bytes = bytesOf(view);
  const digests: string[] = [];
  for (let at = 0; at < bytes.length; at += PIECE) digests.push(await sha256(bytes.subarray(at, at + PIECE)));
  return sha256OfText(digests.join(''));
}

/** The memory behind a typed array, as bytes, without a copy. */
export function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

// WebCrypto refuses views of shared memory.
function unshared(bytes: Uint8Array): Bytes {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Bytes) : new Uint8Array(bytes);
}
