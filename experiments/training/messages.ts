/** What passes between the thread that leads a training and those that train. */
import type { Dataset } from '../../data/index.ts';
import * as errors from '../../engine/errors.ts';
import type { Build, FitResult, Progress } from '../../engine/index.ts';
import type { TrainingJob } from './job.ts';

/** What a thread is started with. */
export interface ThreadData {
  readonly build: Build;
  readonly maxBytes: number;
  /** compiled, where they are not made for shared memory; null: each thread reads the package's file */
  readonly kernels: WebAssembly.Module | null;
  /** over shared memory */
  readonly dataset: Dataset;
}

export type ToThread =
  | {
      readonly kind: 'train';
      readonly job: TrainingJob;
      /** where its checkpoints go: what was there, and the pause between two; null: nowhere */
      readonly checkpoint: { readonly saved: Uint8Array | null; readonly everySeconds: number | undefined } | null;
    }
  /** the checkpoint sent last is kept, or could not be */
  | { readonly kind: 'kept'; readonly error: SentError | null }
  | { readonly kind: 'stop' };

export type FromThread =
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'checkpoint'; readonly bytes: Uint8Array }
  | { readonly kind: 'done'; readonly model: Uint8Array; readonly fitted: FitResult; readonly seconds: number }
  | { readonly kind: 'failed'; readonly error: SentError };

/** An error as plain data: structured cloning forgets the classes of errors. */
export interface SentError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly fields: Readonly<Record<string, unknown>>;
}

export function packError(thrown: unknown): SentError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const { name, message, stack } = error;
  const isPlain = (value: unknown) => typeof value !== 'function' && !(value instanceof Error);
  const fields = Object.fromEntries(Object.entries(error).filter(([key, value]) => key !== 'name' && isPlain(value)));
  return { name, message, stack, fields };
}

/** The error with its class, message, fields and stack, as far as the class is the engine's or the language's own. */
export function unpackError({ name, message, stack, fields }: SentError): Error {
  const known = { ...errors, RangeError, TypeError, SyntaxError, ReferenceError } as Readonly<Record<string, unknown>>;
  const error = new Error(message);
  const type = known[name] as { prototype: object } | undefined;
  if (type) Object.setPrototypeOf(error, type.prototype);
  if (error.name !== name) error.name = name;
  if (stack !== undefined) error.stack = stack;
  return Object.assign(error, fields);
}
