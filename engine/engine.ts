/** The engine: one WebAssembly memory with its kernels, scopes and tensors. Everything else works on tensors that know their engine. */
import { noThreadsBecause } from '#platform';
import { DISPOSE } from './dispose.ts';
import { ConfigError, DTypeError, KeyholeError, ShapeError } from './errors.ts';
import type { Build, KernelModule, KernelSource } from './kernels/index.ts';
import { loadKernels, MAX_PAGES, PAGE_BYTES } from './kernels/index.ts';
import { type DType, Memory, type MemoryStats, type Scope } from './memory/index.ts';
import { type Shape, sizeOf, Tensor, tensorsOf } from './tensor/index.ts';
import type { Team, ThreadStatus } from './threads/index.ts';

const MOST_THREADS = 64;

export interface EngineOptions {
  /** default 'base', whose results agree between machines; 'relaxed' needs relaxed SIMD */
  readonly build?: Build;
  /** where the kernels come from, if not from the file beside the package */
  readonly wasm?: KernelSource;
  /** limit of the engine's memory in bytes, at most 4 GiB, which is the default */
  readonly maxBytes?: number;
  /**
   * over how many threads large kernels are split, at most 64; default 1. The results have the same bits for any number.
   * Where there can be no worker threads there is one, and `engine.threads` says why.
   */
  readonly threads?: number;
  /** for tests: kernels of less work, in floating-point operations, stay on one thread; 0 cuts all that can be cut */
  readonly minWork?: number;
  /** for tests: sentinel words around each block and NaN in fresh memory */
  readonly guard?: boolean;
}

/** A value that `run` may return: anything but a promise, since scopes never stay open across an await. */
type NotPromise<T> = T extends PromiseLike<unknown> ? never : T;

export class Engine implements Disposable {
  readonly module: KernelModule;
  readonly memory: Memory;
  /** ops are recorded for gradients while this is true and an input requires one */
  recording = true;
  /** nested valueAndGrad calls in progress: inner ones keep their graph */
  gradDepth = 0;
  /** the worker threads that launches are split over; null on one thread */
  readonly team: Team | null;
  readonly #alone: ThreadStatus;
  #sequence = 0;

  constructor(module: KernelModule, memory: Memory, team: Team | null, threads: ThreadStatus) {
    this.module = module;
    this.memory = memory;
    this.team = team;
    this.#alone = threads;
    if (team) abandoned.register(this, team);
  }

  /** How many threads were asked for, how many work now, and why not all of them. */
  get threads(): ThreadStatus {
    return this.team?.status ?? this.#alone;
  }

  /** Starts the workers now; resolves when they are ready, or will never be, which `threads` tells. */
  async startThreads(): Promise<void> {
    if (!this.team) return;
    const awake = setInterval(() => {}, 1000); // workers alone do not keep a process alive
    await this.team.start();
    clearInterval(awake);
  }

  get build(): Build {
    return this.module.build;
  }

  /** Orders tape nodes by creation. */
  nextSequence(): number {
    return this.#sequence++;
  }

  /** An uninitialised tensor in the current scope. */
  alloc(shape: Shape, dtype: DType = 'f32', op = 'tensor'): Tensor {
    for (const d of shape) {
      if (!Number.isInteger(d) || d < 0)
        throw new ShapeError(`${op}: expected whole sizes >= 0, got shape [${shape}].`);
    }
    return new Tensor(this, this.memory.alloc(dtype, sizeOf(shape), op), shape);
  }

  /**
   * Copies numbers into a new tensor of the current scope.
   * @param data row-major; a typed array is copied at memory speed
   * @param shape default [data.length]
   * @param options.dtype default: f64 for a Float64Array, i32 for an Int32Array, else f32
   */
  tensor(data: ArrayLike<number>, shape: Shape = [data.length], options: { dtype?: DType } = {}): Tensor {
    const dtype = options.dtype ?? (data instanceof Float64Array ? 'f64' : data instanceof Int32Array ? 'i32' : 'f32');
    if (sizeOf(shape) !== data.length) {
      throw new ShapeError(`tensor: expected ${sizeOf(shape)} numbers for shape [${shape}], got ${data.length}.`);
    }
    // a view of this memory would be detached, and read as empty, if the allocation makes it grow
    const source = ArrayBuffer.isView(data) && data.buffer === this.module.memory.buffer ? Array.from(data) : data;
    const out = this.alloc(shape, dtype);
    out.view().set(source);
    return out;
  }

  scalar(value: number, dtype: DType = 'f32'): Tensor {
    return this.tensor([value], [], { dtype });
  }

  full(shape: Shape, value: number, dtype: DType = 'f32'): Tensor {
    const out = this.alloc(shape, dtype, 'full');
    out.view().fill(value);
    return out;
  }

  zeros(shape: Shape, dtype: DType = 'f32'): Tensor {
    return this.full(shape, 0, dtype);
  }

  ones(shape: Shape, dtype: DType = 'f32'): Tensor {
    return this.full(shape, 1, dtype);
  }

  /** The same numbers with another element type, off the tape. */
  cast(x: Tensor, dtype: DType): Tensor {
    if (dtype === x.dtype) return x.detach();
    const out = this.alloc(x.shape, dtype, 'cast');
    out.view().set(x.view());
    return out;
  }

  /**
   * Runs `fn` in a scope of its own: what it allocates is freed when it returns, except the tensors in the value it
   * returns (nested arrays and plain objects), which move to the scope outside.
   * @throws KeyholeError when fn returns a promise
   */
  run<T>(name: string, fn: () => NotPromise<T>): T {
    const scope = this.memory.open(name);
    try {
      const result = fn() as T;
      if (typeof (result as Partial<PromiseLike<unknown>> | null)?.then === 'function') {
        // it will most likely fail on a freed tensor: the error below already says why
        Promise.resolve(result).catch(() => {});
        throw new KeyholeError(
          `run '${name}': expected a plain value, got a promise. Await outside; scopes are synchronous.`,
        );
      }
      this.memory.checkInnermost(scope);
      const { parent } = this.memory;
      for (const t of tensorsOf(result)) if (t.storage.scope === scope) this.memory.move(t.storage, parent);
      return result;
    } finally {
      this.memory.unwind(scope);
    }
  }

  /** Opens a scope: `using step = engine.scope('step')`, or close it yourself, innermost first. */
  scope(name: string): Scope {
    return this.memory.open(name);
  }

  /** Moves the tensors of a tree to the root scope, where they stay until disposed (or nobody can reach them). */
  keep<T>(tree: T): T {
    for (const t of tensorsOf(tree)) {
      t.storage.check(t.shape);
      this.memory.move(t.storage, this.memory.root);
    }
    return tree;
  }

  /** Frees the tensors of a tree now. */
  free(tree: unknown): void {
    for (const t of tensorsOf(tree)) this.memory.free(t.storage);
  }

  /** Runs `fn` without recording: nothing inside gets a gradient. */
  noGrad<T>(fn: () => T): T {
    const before = this.recording;
    this.recording = false;
    try {
      return fn();
    } finally {
      this.recording = before;
    }
  }

  stats(): MemoryStats {
    return this.memory.stats();
  }

  /** Lets go of everything: ends the workers, closes open scopes. The memory is collected with the engine. */
  dispose(): void {
    this.team?.end('the engine was disposed');
    while (this.memory.current !== this.memory.root) this.memory.current.close();
  }

  [DISPOSE](): void {
    this.dispose();
  }
}

// The workers of an engine that nobody disposed of, when it is collected.
const abandoned = new FinalizationRegistry<Team>((team) => team.end('the engine is gone'));

/** Scratch for packed panels, one for each thread; `setWorkspace` answers how many bytes the kernels use. */
function giveWorkspaces(module: KernelModule, memory: Memory, threads: number): number[] {
  const setWorkspace = module.exports.get('setWorkspace')!;
  const bytes = setWorkspace(0) >>> 0;
  const [own, ...others] = Array.from({ length: threads }, () => memory.reserve(bytes));
  setWorkspace(own!);
  return others;
}

/**
 * Makes an engine.
 * @throws RangeError when the build needs what this machine lacks, TypeError when the kernels cannot be read,
 * ConfigError or OutOfMemoryError for a limit that is out of range or too low for the kernels themselves
 */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  const most = MAX_PAGES * PAGE_BYTES;
  const { maxBytes = most, threads = 1 } = options;
  if (!(maxBytes > 0 && maxBytes <= most)) {
    throw new ConfigError(`engine: expected maxBytes from 1 to ${most}, got ${maxBytes}.`, 'maxBytes');
  }
  if (!(Number.isInteger(threads) && threads >= 1 && threads <= MOST_THREADS)) {
    throw new ConfigError(`engine: expected threads from 1 to ${MOST_THREADS}, got ${threads}.`, 'threads');
  }
  let reason = threads > 1 ? noThreadsBecause() : null;
  const module = await loadKernels({ ...options, shared: threads > 1 && reason === null });
  if (threads > 1 && !module.shared) {
    reason ??= 'the kernels that were given as `wasm` cannot share their memory: give the bytes of this version';
  }
  const memory = new Memory(module, maxBytes, options.guard);
  const alone = { asked: threads, running: 1, reason };
  const workspaces = giveWorkspaces(module, memory, module.shared ? threads : 1);
  if (!module.shared) return new Engine(module, memory, null, alone);
  const { Team } = await import('./threads/index.ts'); // a page on one thread never loads it
  return new Engine(module, memory, new Team({ ...options, module, workspaces }), alone);
}

/** @throws DTypeError unless all float tensors share one element type and one engine */
export function sharedDType(op: string, tensors: readonly Tensor[]): DType {
  let first: Tensor | undefined;
  for (const t of tensors) {
    if (t.dtype === 'i32') continue;
    if (first && t.dtype !== first.dtype) {
      throw new DTypeError(
        `${op}: expected one element type, got ${tensors.map((x) => x.dtype).join(' and ')}. Use engine.cast(x, '${first.dtype}').`,
      );
    }
    first ??= t;
  }
  for (const t of tensors) {
    if (t.engine !== tensors[0]!.engine)
      throw new KeyholeError(`${op}: expected tensors of one engine, got tensors of two.`);
  }
  return first?.dtype ?? 'i32';
}
