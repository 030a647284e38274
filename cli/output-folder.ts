/** The folder that `--out` names: checked before work starts, and every file in it either whole or absent. */
import { mkdir, open, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OutputError, systemFault } from './errors.ts';

/**
 * Writes to a temporary file beside the target, then renames it: readers see the old file or the new one, nothing between.
 * @throws OutputError when the system refuses; the temporary file is removed
 */
export async function writeWhole(path: string, data: string | Uint8Array): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    const handle = await open(temporary, 'w');
    try {
      await handle.writeFile(data);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw asOutputError(error, path);
  }
}

// The rename itself outlives a power cut only once the folder is on disk. Not every system lets one sync a folder.
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => null);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

function asOutputError(error: unknown, path: string): unknown {
  const fault = systemFault(error);
  return fault === null ? error : new OutputError(`${path}: could not be written: ${fault}.`, { cause: error });
}

/** With the folders above it. Node's own recursive mkdir never returns where a system folder (/proc) refuses with ENOENT. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const found = await stat(path).catch(() => null);
    if (found?.isDirectory()) return;
    const above = dirname(path);
    const isMissingAbove = (await stat(above).catch(() => null)) === null;
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || above === path || !isMissingAbove) throw error;
    await makeFolder(above);
    await mkdir(path);
  }
}

export interface OutputFolder {
  readonly path: string;
  file(name: string): string;
  write(name: string, data: string | Uint8Array): Promise<void>;
  /** takes the folder away again if this made it and nothing was put in */
  abandon(): Promise<void>;
}

/**
 * Makes the folder and proves that a file can be written in it.
 * @param what it is, for the message
 * @throws OutputError when it cannot
 */
export async function openOutputFolder(path: string, what = '--out'): Promise<OutputFolder> {
  const isNew = (await stat(path).catch(() => null)) === null;
  const probe = join(path, '.keyhole-probe');
  try {
    await makeFolder(path);
    await writeWhole(probe, 'x');
    await rm(probe);
  } catch (error) {
    const fault = systemFault(error instanceof OutputError ? error.cause : error);
    if (fault === null) throw error;
    throw new OutputError(`${what} ${path}: expected a folder to write to: ${fault}.`, { cause: error });
  }
  return {
    path,
    file: (name) => join(path, name),
    write: (name, data) => writeWhole(join(path, name), data),
    abandon: async () => {
      // Fails, as it should, when the folder holds something.
      if (isNew) await rmdir(path).catch(() => {});
    },
  };
}

/** One file to write at the end of a run; `make` may fail without costing the others. */
export interface Product {
  readonly name: string;
  readonly make: () => string | Uint8Array | Promise<string>;
}

/** Writes each file; what fails does not keep the rest from being written. @returns the faults, in words */
export async function writeProducts(folder: OutputFolder, products: readonly Product[]): Promise<string[]> {
  const faults: string[] = [];
  for (const { name, make } of products) {
    try {
      await folder.write(name, await make());
    } catch (error) {
      faults.push(
        error instanceof OutputError
          ? error.message
          : `${folder.file(name)}: could not be made: ${error instanceof Error ? error.message : error}`,
      );
    }
  }
  return faults;
}
