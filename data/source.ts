/** Where a set's files come from, and finding them there under the names that are in use. */
import { ConfigError, FormatError } from '../engine/index.ts';
import { type Bytes, sha256 } from './digest.ts';
import { archiveEntries, isArchiveName, maybeGunzip, refuseEmptyAndHtml } from './formats/index.ts';

/** A folder, a single file, files dropped into a page: whatever can list and read. */
export interface FileSource {
  /** the file's bytes, or null when there is none of that name */
  read(name: string): Promise<Bytes | null>;
  /** paths below the source, with `/` */
  list(): Promise<string[]>;
  /** the name (or the source itself, for '') as people know it, for messages */
  describe(name: string): string;
}

/** A published file: where to fetch it, and what is inside. */
export interface SetFile {
  readonly name: string;
  /** the official address first, then mirrors of the same bytes */
  readonly urls: readonly string[];
  readonly holds: readonly Content[];
}

/** A file as readers want it: unpacked. The checksum is over these bytes, so any packing of them will do. */
export interface Content {
  readonly name: string;
  /** length in bytes */
  readonly bytes: number;
  /** 64 hex digits; absent where copies in use differ in bytes that do not matter (see the set) */
  readonly sha256?: string;
}

export interface ReadOptions {
  /** whether checksums must match; default true */
  readonly verify?: boolean;
}

/**
 * The contents of a set's files, as they are found: loose, gzipped, in a folder, or in the set's archive.
 * @throws ConfigError when a file is not there; the message lists what is
 * @throws FormatError for a file that cannot be unpacked, or whose checksum differs
 */
export async function* readContents(
  set: string,
  files: readonly SetFile[],
  source: FileSource,
  { verify = true }: ReadOptions = {},
): AsyncGenerator<{ content: Content; bytes: Bytes }, void, void> {
  const paths = await source.list();
  for (const file of files) {
    for await (const found of unpack(set, file, paths, source)) {
      if (verify) await checkContent(found.content, found.bytes, found.place);
      yield found;
    }
  }
}

/** The content of a set that has only one; throws as `readContents` does. */
export async function readContent(
  set: string,
  files: readonly SetFile[],
  source: FileSource,
  options?: ReadOptions,
): Promise<{ content: Content; bytes: Bytes }> {
  const found = [];
  for await (const one of readContents(set, files, source, options)) found.push(one);
  return found[0]!;
}

/** Whether `readContents` would find every file (by name only). */
export async function hasContents(files: readonly SetFile[], source: FileSource): Promise<boolean> {
  const paths = await source.list();
  return files.every(
    (file) => archivePath(file, paths) !== undefined || file.holds.every((c) => loosePath(c, paths) !== undefined),
  );
}

/**
 * Checks a downloaded file: that it unpacks, and holds what it should.
 * @throws FormatError saying which content is missing or differs
 */
export async function checkFile(file: SetFile, bytes: Bytes): Promise<void> {
  const source: FileSource = { read: async () => bytes, list: async () => [file.name], describe: () => file.name };
  for await (const { content, bytes: inside, place } of unpack(file.name, file, [file.name], source)) {
    await checkContent(content, inside, place);
  }
}

interface Found {
  readonly content: Content;
  readonly bytes: Bytes;
  /** for messages */
  readonly place: string;
}

async function* unpack(
  set: string,
  file: SetFile,
  paths: string[],
  source: FileSource,
): AsyncGenerator<Found, void, void> {
  const loose = file.holds.map((content) => ({ content, path: loosePath(content, paths) }));
  const missing = loose.find(({ path }) => path === undefined);
  if (!missing) {
    for (const { content, path } of loose) {
      const place = source.describe(path!);
      yield { content, bytes: await maybeGunzip(await mustRead(source, path!), place), place };
    }
    return;
  }
  const archive = archivePath(file, paths);
  if (archive === undefined) throw notFound(set, missing.content, file, paths, source);
  yield* unpackArchive(file, await mustRead(source, archive), source.describe(archive));
}

async function* unpackArchive(file: SetFile, bytes: Bytes, place: string): AsyncGenerator<Found, void, void> {
  const left = new Set(file.holds);
  const contentOf = (name: string) => file.holds.find((content) => loosePath(content, [name]) !== undefined);
  for await (const entry of archiveEntries(bytes, place, { wanted: (name) => contentOf(name) !== undefined })) {
    const content = contentOf(entry.name)!;
    if (!left.delete(content)) continue;
    const inside = `${place}/${entry.name}`;
    yield { content, bytes: await maybeGunzip(entry.bytes, inside), place: inside };
  }
  const absent = left.values().next().value;
  if (absent)
    throw new FormatError(
      `${place}: expected an archive with ${absent.name} in it, found none. Is it the right archive? Fetch ${file.name} again.`,
      place,
    );
}

async function checkContent(content: Content, bytes: Bytes, place: string): Promise<void> {
  if (content.sha256 === undefined) return;
  const sum = await sha256(bytes);
  if (sum === content.sha256) return;
  refuseEmptyAndHtml(bytes, place, content.name);
  const length = bytes.length === content.bytes ? '' : ` and ${content.bytes} bytes, got ${bytes.length}`;
  throw new FormatError(
    `${place}: expected ${content.name} with SHA-256 ${content.sha256}${length}, got SHA-256 ${sum}. ` +
      'The file is damaged or altered: fetch it again, or load it with verify: false.',
    place,
  );
}

async function mustRead(source: FileSource, path: string): Promise<Bytes> {
  const bytes = await source.read(path);
  if (bytes) return bytes;
  throw new FormatError(`${source.describe(path)}: expected a readable file, it is gone.`, source.describe(path));
}

function loosePath(content: Content, paths: readonly string[]): string | undefined {
  return paths.find((path) => isNamed(path, content.name) || isNamed(path, `${content.name}.gz`));
}

function archivePath(file: SetFile, paths: readonly string[]): string | undefined {
  const named = paths.find((path) => isNamed(path, file.name));
  if (named !== undefined && isArchiveName(named)) return named;
  const stem = (name: string) =>
    baseName(name)
      .replace(/\.(tar\.gz|tgz|tar|zip)$/i, '')
      .toLowerCase();
  const archives = paths.filter(isArchiveName);
  return (
    archives.find((path) => isArchiveName(file.name) && stem(path) === stem(file.name)) ?? onlyOne(archives, paths)
  );
}

// A single archive that was named on its own may be called anything.
function onlyOne(archives: readonly string[], paths: readonly string[]): string | undefined {
  return paths.length === 1 ? archives[0] : undefined;
}

function notFound(
  set: string,
  content: Content,
  file: SetFile,
  paths: readonly string[],
  source: FileSource,
): ConfigError {
  const seen =
    paths.length === 0
      ? 'nothing'
      : paths.slice(0, 8).join(', ') + (paths.length > 8 ? ` and ${paths.length - 8} more` : '');
  const archive = isArchiveName(file.name) ? ` or ${file.name}` : '';
  return new ConfigError(
    `${set}: expected ${content.name} (or ${content.name}.gz)${archive} in ${source.describe('')}, found ${seen}. ` +
      `Fetch it with \`keyhole data get ${set}\`, or name the folder that has it.`,
    'data',
  );
}

function isNamed(path: string, name: string): boolean {
  const [a, b] = [spelling(path), spelling(name)];
  return a === b || a.endsWith(`/${b}`);
}

// MNIST's files go by train-images.idx3-ubyte as well.
function spelling(name: string): string {
  return name.toLowerCase().replace('.idx', '-idx');
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
