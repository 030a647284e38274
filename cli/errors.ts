/** From what was thrown to what people read, and to the exit code: 1 failed, 2 wrong use. */
import { CommanderError } from 'commander';
import { ConfigError, KeyholeError, OutOfMemoryError } from '../engine/errors.ts';
import { Interrupted } from './terminal.ts';

/** Something outside keyhole that refused: a folder, a disk, a server. */
export class OutputError extends KeyholeError {
  override name = 'OutputError';
}

export interface Failure {
  /** null: it has been said already */
  readonly message: string | null;
  readonly exitCode: number;
}

const SYSTEM_FAULTS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left on the disk. Free some, or choose another folder',
  EDQUOT: 'the disk quota is used up. Free some space, or choose another folder',
  EACCES: 'permission is denied. Choose another place, or change the permissions',
  EPERM: 'permission is denied. Choose another place, or change the permissions',
  EROFS: 'the file system is read-only. Choose another folder',
  ENOTDIR: 'a part of the path is a file, not a folder. Choose another path',
  EISDIR: 'it is a folder, expected a file. Name the file',
  ENOENT: 'it does not exist. Check the path',
  EEXIST: 'it exists and is not a folder. Choose another path',
  EMFILE: 'too many files are open. Raise the limit (ulimit -n)',
  ENAMETOOLONG: 'the name is too long. Choose a shorter one',
  EFBIG: 'the file would be larger than the system allows. Choose another folder',
  EIO: 'the disk reports an error. Choose another one',
};

/** What the operating system refused, in words; null when the error did not come from there. */
export function systemFault(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return null;
  const { code, message } = error as NodeJS.ErrnoException;
  return SYSTEM_FAULTS[code ?? ''] ?? message;
}

function isOutOfMemory(error: unknown): error is RangeError {
  return (
    error instanceof RangeError && /allocation failed|invalid (typed )?array (buffer )?length/i.test(error.message)
  );
}

/** What to say about an error, and how to exit. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CommanderError) return { message: null, exitCode: error.exitCode === 0 ? 0 : 2 };
  if (error instanceof Interrupted) return { message: error.message, exitCode: error.exitCode };
  if (error instanceof ConfigError) return { message: error.message, exitCode: 2 };
  if (error instanceof OutOfMemoryError) {
    return { message: `${error.message} (On the command line: --batch-size, --max-memory.)`, exitCode: 1 };
  }
  if (error instanceof KeyholeError) return { message: error.message, exitCode: 1 };
  const fault = systemFault(error);
  if (fault !== null) {
    const { path } = error as NodeJS.ErrnoException;
    return { message: `${path ? `${path}: ` : ''}${fault}.`, exitCode: 1 };
  }
  if (isOutOfMemory(error)) {
    const message = `this machine's memory does not suffice (${error.message}). Use fewer rows (--train-size) or a smaller model.`;
    return { message, exitCode: 1 };
  }
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const message =
    `internal error: ${text}\n` +
    'This is a fault in keyhole, not in what you did. Please report it with the command and what --debug prints.';
  return { message, exitCode: 1 };
}

/** The stack and its causes, for --debug. */
export function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\ncaused by ${stackOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
