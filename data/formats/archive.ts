/** Archives: tar (plain or gzipped) through modern-tar, zip through fflate; one entry at a time where the format allows it. */
import { unzipSync } from 'fflate';
import { createTarDecoder, type ParsedTarEntry } from 'modern-tar';
import { FormatError } from '../../engine/index.ts';
import type { Bytes } from '../digest.ts';
import { asFormatError, concat, guarded, MAX_BYTES, opening, refuseEmptyAndHtml } from './bytes.ts';
import { gunzipPieces, isGzip } from './gzip.ts';

export interface ArchiveEntry {
  /** path inside the archive, with `/` */
  readonly name: string;
  readonly bytes: Bytes;
}

export interface ArchiveOptions {
  /** entries to read; default all files */
  readonly wanted?: (name: string) => boolean;
  /** refuse to hold more than this many bytes of one tar entry, or of all of a zip file; default 2 GiB */
  readonly limit?: number;
}

/** Whether the name is one of an archive that `archiveEntries` reads. */
export function isArchiveName(name: string): boolean {
  return /\.(tar|tar\.gz|tgz|zip)$/i.test(name);
}

/**
 * The files in a .tar, .tar.gz or .zip, told apart by their first bytes. A .tar.gz is unpacked as it is read, so that
 * no more than one entry is held.
 * @throws FormatError (also while reading) for anything else, and for archives that are cut off or damaged
 */
export async function* archiveEntries(
  bytes: Bytes,
  file: string,
  options: ArchiveOptions = {},
): AsyncGenerator<ArchiveEntry, void, void> {
  refuseEmptyAndHtml(bytes, file, 'an archive (.tar.gz, .tar or .zip)');
  if (opening(bytes, 2) === 'PK') yield* zipEntries(bytes, file, options);
  else yield* tarEntries(isGzip(bytes) ? gunzipPieces(bytes, file) : [bytes], file, options);
}

/**
 * The files in a .zip, in the archive's order.
 * @throws FormatError when it is damaged, or when its directory announces more than deflate can hold
 */
export function* zipEntries(
  bytes: Bytes,
  file: string,
  { wanted, limit = MAX_BYTES }: ArchiveOptions = {},
): Generator<ArchiveEntry, void, void> {
  const kind = 'a zip file';
  let total = 0;
  const files = guarded(file, kind, () =>
    unzipSync(bytes, {
      filter({ name, size, originalSize, compression }) {
        if (name.endsWith('/') || (wanted && !wanted(name))) return false;
        // fflate makes room for what the directory announces, so that must be believable first.
        const most = compression === 0 ? size : size * 1032 + 64;
        total += originalSize;
        if (originalSize > most || size > bytes.length || total > limit)
          throw new FormatError(
            `${file}: '${name}' announces ${originalSize} bytes in ${size} compressed ones, more than is possible or allowed (${limit}). The file is damaged.`,
            file,
          );
        return true;
      },
    }),
  );
  for (const [name, content] of Object.entries(files)) yield { name, bytes: content as Bytes };
}

async function* tarEntries(
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  file: string,
  { wanted, limit = MAX_BYTES }: ArchiveOptions,
): AsyncGenerator<ArchiveEntry, void, void> {
  const kind = 'a tar archive';
  const decoder = createTarDecoder({ strict: true });
  const source = streamOf(pieces);
  const entries = source.pipeThrough(decoder).getReader();
  try {
    for (;;) {
      const { done, value: entry } = await entries.read();
      if (done) return;
      // Not body.cancel(): modern-tar 0.8.6 then stops delivering entries when more data is still to come.
      if (entry.header.type !== 'file' || (wanted && !wanted(entry.header.name))) await drain(entry.body);
      else yield { name: entry.header.name, bytes: await readBody(entry, file, limit) };
    }
  } catch (error) {
    throw asFormatError(error, file, kind);
  } finally {
    await entries.cancel().catch(() => {});
  }
}

async function readBody({ header, body }: ParsedTarEntry, file: string, limit: number): Promise<Bytes> {
  if (header.size > limit)
    throw new FormatError(
      `${file}: '${header.name}' announces ${header.size} bytes, expected at most ${limit}. Is it the right file?`,
      file,
    );
  const pieces: Uint8Array[] = [];
  let total = 0;
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    pieces.push(value);
    total += value.length;
  }
  if (total === header.size) return concat(pieces, total);
  throw new FormatError(
    `${file}: expected ${header.size} bytes of '${header.name}', got ${total}. The archive is cut off: fetch it again.`,
    file,
  );
}

function drain(body: ReadableStream<Uint8Array>): Promise<void> {
  return body.pipeTo(new WritableStream());
}

function streamOf(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = Symbol.asyncIterator in pieces ? pieces[Symbol.asyncIterator]() : pieces[Symbol.iterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}
