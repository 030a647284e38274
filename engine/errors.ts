/**
 * The errors that Keyhole throws on purpose. Each message says what was expected, what came, and the remedy.
 * `KeyholeError` is the common base: whoever shows errors to people prints its message without a stack.
 */
export class KeyholeError extends Error {
  override name = 'KeyholeError';
}

/** Shapes that do not fit an operation; found before any kernel runs. An op's error carries its inputs' shapes. */
export class ShapeError extends KeyholeError {
  override name = 'ShapeError';
  shapes: readonly (readonly number[])[] = [];
}

/** Tensors of mixed or unfit element types. */
export class DTypeError extends KeyholeError {
  override name = 'DTypeError';
}

/** A tensor whose memory has been given back. */
export class UseAfterFreeError extends KeyholeError {
  override name = 'UseAfterFreeError';
}

/** The memory limit is reached; says what was asked for, what is live, the limit and the largest scopes (bytes). */
export class OutOfMemoryError extends KeyholeError {
  override name = 'OutOfMemoryError';
}

/** A worker thread that died, or failed, over a launch whose result is therefore incomplete. The engine goes on. */
export class WorkerError extends KeyholeError {
  override name = 'WorkerError';
  /** 1 for the first worker; the caller itself is 0 and never fails like this */
  readonly worker: number;
  constructor(message: string, worker: number) {
    super(message);
    this.worker = worker;
  }
}

/** A file that is not what it should be: its name and, where known, the byte offset of the fault. */
export class FormatError extends KeyholeError {
  override name = 'FormatError';
  readonly file: string;
  readonly offset: number | undefined;
  constructor(message: string, file: string, offset?: number) {
    super(message);
    this.file = file;
    this.offset = offset;
  }
}

/** A setting that is unknown or out of range: its path in the configuration and, where finite, the allowed values. */
export class ConfigError extends KeyholeError {
  override name = 'ConfigError';
  readonly path: string;
  readonly allowed: readonly string[] | undefined;
  constructor(message: string, path: string, allowed?: readonly string[]) {
    super(message);
    this.path = path;
    this.allowed = allowed;
  }
}

/** A privacy promise that would be broken if the computation went on. */
export class PrivacyError extends KeyholeError {
  override name = 'PrivacyError';
}

/** Numbers that left the finite range during training, with the step at which it was seen. */
export class NumericError extends KeyholeError {
  override name = 'NumericError';
  readonly step: number;
  constructor(message: string, step: number) {
    super(message);
    this.step = step;
  }
}
