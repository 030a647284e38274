/** Fetching public sets: mirrors in turn, resumed where they broke off, kept only when the checksum is right. */
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { checkFile, type FileSource, type SetDef, type SetFile, setNamed } from '../data/index.ts';
import { ConfigError, FormatError, KeyholeError } from '../engine/errors.ts';
import { folderSource } from './files.ts';

export interface Progress {
  readonly file: string;
  readonly url: string;
  /** bytes on disk so far, with those of an earlier attempt */
  readonly received: number;
  /** bytes of the whole file, or null when the server does not say */
  readonly total: number | null;
}

export interface DownloadOptions {
  /** ends the download; what has come is kept and resumed next time */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** how often a broken connection is taken up again at the same address; default 3 */
  readonly attempts?: number;
  /** milliseconds without a byte after which a connection counts as broken; default 30,000 */
  readonly patience?: number;
}

/**
 * Fetches all files of a set into `<folder>/<set name>`; files that are there already stay.
 * @param set its name, or a definition of its own
 * @returns the folder as a source, ready for `loadSet`
 * @throws ConfigError for a set that has nothing to fetch
 * @throws KeyholeError when no address gives a file; the message lists what went wrong at each
 */
export async function getSet(set: string | SetDef, folder: string, options: DownloadOptions = {}): Promise<FileSource> {
  const { name, kind, files } = typeof set === 'string' ? setNamed(set) : set;
  if (files.length === 0) {
    const why = kind === 'files' ? 'it is your own file: pass its path' : `it is ${kind} and needs no download`;
    throw new ConfigError(`${name}: expected a set that is published somewhere, but ${why}.`, 'data');
  }
  const place = join(folder, name);
  await mkdir(place, { recursive: true });
  for (const file of files) await downloadFile(file, place, options);
  return folderSource(place);
}

/**
 * Fetches one file into a folder, from the first of its addresses that gives the right content.
 * @returns its path
 * @throws KeyholeError when no address does; the signal's reason when aborted
 */
export async function downloadFile(file: SetFile, folder: string, options: DownloadOptions = {}): Promise<string> {
  const path = join(folder, file.name);
  if (await stat(path).catch(() => null)) return path;
  const faults: string[] = [];
  for (const url of file.urls) {
    const fault = await fromAddress(file, url, path, options);
    if (fault === null) return path;
    faults.push(`${url}: ${fault}`);
  }
  throw new KeyholeError(
    `${file.name}: expected one of ${file.urls.length} addresses to give it, none did.\n  ${faults.join('\n  ')}\n` +
      `Check the connection and try again, or fetch the file by other means and put it in ${folder}.`,
  );
}

/** Null when the file is in place, else what went wrong. */
async function fromAddress(file: SetFile, url: string, path: string, options: DownloadOptions): Promise<string | null> {
  const part = `${path}.part`;
  const resumed = (await sizeOf(part)) > 0;
  const fault = await fetchAndCheck(file, url, path, part, options);
  // A part from another time or mirror may not fit the rest; it is gone now, so this begins at the start.
  const worthAnother = fault !== null && resumed && (await sizeOf(part)) === 0;
  return worthAnother ? fetchAndCheck(file, url, path, part, options) : fault;
}

/** A broken connection leaves the part for later; wrong content is not kept. */
async function fetchAndCheck(
  file: SetFile,
  url: string,
  path: string,
  part: string,
  options: DownloadOptions,
): Promise<string | null> {
  const fault = await fetchWhole(file, url, part, options);
  if (fault !== null) return fault;
  const wrong = await faultIn(file, part);
  if (wrong === null) await rename(part, path);
  else await rm(part, { force: true });
  return wrong;
}

async function faultIn(file: SetFile, part: string): Promise<string | null> {
  const { buffer, byteOffset, byteLength } = await readFile(part);
  try {
    await checkFile(file, new Uint8Array(buffer, byteOffset, byteLength));
    return null;
  } catch (error) {
    if (error instanceof FormatError) return error.message;
    throw error;
  }
}

/** Fetches until the part is whole, taking up broken connections. */
async function fetchWhole(file: SetFile, url: string, part: string, options: DownloadOptions): Promise<string | null> {
  let fault: string | null = null;
  for (let attempt = 0; attempt < (options.attempts ?? 3); attempt++) {
    options.signal?.throwIfAborted();
    try {
      const outcome = await fetchRest(file, url, part, options);
      if (outcome.done) return null;
      fault = outcome.fault;
      if (outcome.final) return fault;
    } catch (error) {
      options.signal?.throwIfAborted();
      if (isDiskError(error)) throw error;
      fault = reasonOf(error);
    }
  }
  return fault;
}

type Outcome = { readonly done: true } | { readonly done: false; readonly final: boolean; readonly fault: string };

async function fetchRest(file: SetFile, url: string, part: string, options: DownloadOptions): Promise<Outcome> {
  const have = await sizeOf(part);
  const connection = new AbortController();
  const patience = options.patience ?? 30_000;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stillAlive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => connection.abort(new Error(`no data for ${patience / 1000} s`)), patience);
  };
  const signal = options.signal ? AbortSignal.any([options.signal, connection.signal]) : connection.signal;
  stillAlive();
  try {
    // No transfer compression: lengths and ranges count the file's own bytes.
    const headers = { 'accept-encoding': 'identity', ...(have > 0 ? { range: `bytes=${have}-` } : {}) };
    const response = await fetch(url, { headers, signal });
    if (response.status === 416) {
      // Nothing is left to send. Whether what is there is right, the checksum will tell.
      await response.body?.cancel();
      return { done: true };
    }
    if (!response.ok || !response.body) {
      await response.body?.cancel();
      const retry = response.status >= 500 || response.status === 429;
      return {
        done: false,
        final: !retry,
        fault: `expected status 200, got ${response.status} ${response.statusText}`.trimEnd(),
      };
    }
    const start = response.status === 206 ? have : 0;
    if (start > 0 && !response.headers.get('content-range')?.startsWith(`bytes ${have}-`)) {
      await response.body.cancel();
      return {
        done: false,
        final: true,
        fault: `expected bytes from ${have} on, got ${response.headers.get('content-range')}`,
      };
    }
    const total = totalBytes(response, start);
    const received = await writeBody(response.body, part, start, (bytes) => {
      stillAlive();
      options.onProgress?.({ file: file.name, url, received: bytes, total });
    });
    if (total !== null && received < total)
      return { done: false, final: false, fault: `expected ${total} bytes, got ${received}: the connection broke off` };
    return { done: true };
  } finally {
    clearTimeout(timer);
  }
}

function totalBytes(response: Response, start: number): number | null {
  const length = response.headers.get('content-length');
  return length === null ? null : start + Number(length);
}

async function writeBody(
  body: ReadableStream<Uint8Array>,
  part: string,
  start: number,
  onBytes: (received: number) => void,
): Promise<number> {
  const handle = await open(part, start > 0 ? 'r+' : 'w');
  let received = start;
  try {
    for await (const piece of body) {
      await handle.write(piece, 0, piece.length, received);
      received += piece.length;
      onBytes(received);
    }
    await handle.sync();
    return received;
  } finally {
    await handle.close();
  }
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => null))?.size ?? 0;
}

// Disk full, no permission: another attempt or address will not help.
function isDiskError(error: unknown): boolean {
  return (
    error instanceof Error && 'syscall' in error && ['open', 'write', 'fsync', 'close'].includes(String(error.syscall))
  );
}

// fetch says only 'fetch failed'; the reason is in its cause.
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error
    ? `${error.message} (${cause.message || (cause as NodeJS.ErrnoException).code})`
    : error.message;
}
