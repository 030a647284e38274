/**
 * Memory under scopes. What is made inside `run(name, fn)` is freed when fn returns, except the tensors it returns,
 * which move to the scope outside. Scopes nest, end in reverse order, and never stay open across an await.
 */
import { DISPOSE } from '../dispose.ts';
import { KeyholeError, OutOfMemoryError } from '../errors.ts';
import type { KernelModule } from '../kernels/load.ts';
import { Pool } from './pool.ts';
import { type DType, Storage } from './storage.ts';

const GUARD_BYTES = 64;
const SENTINEL = 0x5ca1ab1e;
const ROOT_WARNING = 10_000;

export interface MemoryStats {
  readonly liveBytes: number;
  /** most bytes live at once, since the engine was made or `memory.resetPeak()` was called */
  readonly peakBytes: number;
  /** of the WebAssembly memory, what has been handed out so far: live, or free and kept for reuse */
  readonly reservedBytes: number;
  /** size of the WebAssembly memory, which never shrinks */
  readonly wasmBytes: number;
  readonly tensors: number;
  readonly byScope: Readonly<Record<string, number>>;
}

/** A region of lifetime: what it holds is freed together. */
export class Scope implements Disposable {
  readonly name: string;
  readonly storages = new Set<Storage>();
  liveBytes = 0;
  readonly #close: (scope: Scope) => void;

  constructor(name: string, close: (scope: Scope) => void) {
    this.name = name;
    this.#close = close;
  }

  /** Frees what the scope still holds. @throws KeyholeError unless it is the innermost open scope. */
  close(): void {
    this.#close(this);
  }

  [DISPOSE](): void {
    this.close();
  }
}

export class Memory {
  readonly module: KernelModule;
  readonly root: Scope;
  /** bytes that may be live, in wasm memory and in f64 arrays together */
  readonly limit: number;
  readonly #pool: Pool;
  readonly #guard: boolean;
  readonly #scopes: Scope[];
  readonly #lost: FinalizationRegistry<{ ptr: number; bytes: number; op: string }>;
  #f64Bytes = 0;
  #peak = 0;
  #tensors = 0;
  #rootTensors = 0;
  #warnAt = ROOT_WARNING;
  readonly #rootOps = new Map<string, number>();

  /** @param guard surrounds each block with sentinel words and fills it with NaN; a write outside is reported when it is freed */
  constructor(module: KernelModule, limit: number, guard = false) {
    this.module = module;
    this.#pool = new Pool(module, limit);
    this.limit = limit;
    this.#guard = guard;
    this.root = new Scope('root', () => {
      throw new KeyholeError("memory: the root scope cannot be closed. Call the engine's dispose instead.");
    });
    this.#scopes = [this.root];
    // A backstop for tensors that live outside every scope; everything else is freed by its scope.
    this.#lost = new FinalizationRegistry(({ ptr, bytes, op }) => {
      this.root.liveBytes -= bytes;
      this.#countAtRoot(op, -1);
      this.#release(ptr, bytes, op);
    });
  }

  get current(): Scope {
    return this.#scopes[this.#scopes.length - 1]!;
  }

  /** Bytes of scratch that the engine itself keeps, outside every scope. */
  reserve(bytes: number): number {
    const ptr = this.#pool.alloc(bytes);
    if (ptr < 0) throw this.#outOfMemory(bytes, 'the kernels');
    return ptr;
  }

  alloc(dtype: DType, length: number, op: string): Storage {
    const bytes = length * (dtype === 'f64' ? 8 : 4);
    if (this.#liveBytes + bytes > this.limit) throw this.#outOfMemory(bytes, op);
    let ptr = 0;
    let data: Float64Array | null = null;
    if (dtype === 'f64') {
      try {
        data = new Float64Array(length);
      } catch {
        throw this.#outOfMemory(bytes, op);
      }
      this.#f64Bytes += bytes;
    } else {
      const padding = this.#guard ? GUARD_BYTES : 0;
      ptr = this.#pool.alloc(bytes + 2 * padding);
      if (ptr < 0) throw this.#outOfMemory(bytes, op);
      ptr += padding;
      if (this.#guard) this.#layGuard(ptr, bytes);
    }
    const storage = new Storage(dtype, length, op, ptr, data, this.current);
    this.#tensors++;
    this.#enter(storage, this.current);
    this.#peak = Math.max(this.#peak, this.#liveBytes);
    return storage;
  }

  free(storage: Storage): void {
    if (storage.freed) return;
    this.#leave(storage);
    storage.markFreed();
    this.#release(storage.ptr, storage.bytes, storage.op);
  }

  /** Opens a scope; `using step = memory.open('step')`, or close it yourself, innermost first. */
  open(name: string): Scope {
    const scope = new Scope(name, (s) => this.#close(s));
    this.#scopes.push(scope);
    return scope;
  }

  move(storage: Storage, scope: Scope): void {
    storage.check([storage.length]);
    if (storage.scope === scope) return;
    this.#leave(storage);
    this.#enter(storage, scope);
  }

  /** Closes a scope with the scopes that were left open inside it, as an error does on its way out. */
  unwind(scope: Scope): void {
    while (this.current !== scope) this.#close(this.current);
    this.#close(scope);
  }

  get #liveBytes(): number {
    return this.#pool.liveBytes + this.#f64Bytes;
  }

  get parent(): Scope {
    return this.#scopes[this.#scopes.length - 2] ?? this.root;
  }

  stats(): MemoryStats {
    const byScope: Record<string, number> = {};
    for (const scope of this.#scopes) byScope[scope.name] = (byScope[scope.name] ?? 0) + scope.liveBytes;
    return {
      liveBytes: this.#liveBytes,
      peakBytes: this.#peak,
      reservedBytes: this.#pool.reservedBytes,
      wasmBytes: this.#pool.wasmBytes,
      tensors: this.#tensors,
      byScope,
    };
  }

  /** From now on `stats().peakBytes` is the peak since this call. */
  resetPeak(): void {
    this.#peak = this.#liveBytes;
  }

  /** @throws KeyholeError unless the scope is the innermost open one */
  checkInnermost(scope: Scope): void {
    if (scope === this.current) return;
    throw new KeyholeError(
      `memory: expected scope '${this.current.name}' to end first, got '${scope.name}'. ` +
        'Scopes end innermost first and must not stay open across an await.',
    );
  }

  #close(scope: Scope): void {
    if (!this.#scopes.includes(scope)) return; // closed before: by hand, and again by `using`
    this.checkInnermost(scope);
    // first, so that a damaged guard word, which free reports, does not leave the scope open
    this.#scopes.pop();
    for (const storage of scope.storages) this.free(storage);
  }

  #enter(storage: Storage, scope: Scope): void {
    storage.scope = scope;
    scope.liveBytes += storage.bytes;
    if (scope !== this.root) {
      scope.storages.add(storage);
      return;
    }
    // The root holds no reference, so that what nobody can reach any more can be collected.
    this.#lost.register(storage, { ptr: storage.ptr, bytes: storage.bytes, op: storage.op }, storage);
    this.#countAtRoot(storage.op, 1);
    if (this.#rootTensors >= this.#warnAt) this.#warnGrowth();
  }

  #countAtRoot(op: string, by: 1 | -1): void {
    this.#rootTensors += by;
    this.#rootOps.set(op, (this.#rootOps.get(op) ?? 0) + by);
  }

  #leave(storage: Storage): void {
    storage.scope.liveBytes -= storage.bytes;
    if (storage.scope !== this.root) {
      storage.scope.storages.delete(storage);
      return;
    }
    this.#lost.unregister(storage);
    this.#countAtRoot(storage.op, -1);
  }

  #release(ptr: number, bytes: number, op: string): void {
    this.#tensors--;
    if (ptr === 0) {
      this.#f64Bytes -= bytes;
      return;
    }
    if (this.#guard) this.#checkGuard(ptr, bytes, op);
    const padding = this.#guard ? GUARD_BYTES : 0;
    this.#pool.free(ptr - padding, bytes + 2 * padding);
  }

  #warnGrowth(): void {
    const [op, n] = [...this.#rootOps].reduce((a, b) => (b[1] > a[1] ? b : a));
    this.#warnAt *= 2;
    console.warn(
      `keyhole: ${this.#rootTensors} tensors live outside every scope, ${n} of them made by ${op}. ` +
        'Wrap the loop body in engine.run(name, fn), which frees what it does not return.',
    );
  }

  #outOfMemory(asked: number, op: string): OutOfMemoryError {
    const largest = [...this.#scopes]
      .sort((a, b) => b.liveBytes - a.liveBytes)
      .slice(0, 3)
      .map((s) => `'${s.name}' ${s.liveBytes}`)
      .join(', ');
    return new OutOfMemoryError(
      `${op}: asked for ${asked} bytes with ${this.#liveBytes} live and a limit of ${this.limit}. ` +
        `Largest scopes: ${largest}. Use smaller batches, free what is not needed, or raise maxBytes.`,
    );
  }

  #layGuard(ptr: number, bytes: number): void {
    const words = new Uint32Array(this.module.memory.buffer);
    words.fill(SENTINEL, (ptr - GUARD_BYTES) >>> 2, ptr >>> 2);
    words.fill(0x7fc00000, ptr >>> 2, (ptr + bytes) >>> 2);
    words.fill(SENTINEL, (ptr + bytes) >>> 2, (ptr + bytes + GUARD_BYTES) >>> 2);
  }

  #checkGuard(ptr: number, bytes: number, op: string): void {
    const words = new Uint32Array(this.module.memory.buffer);
    for (let i = 1; i <= GUARD_BYTES / 4; i++) {
      if (words[(ptr >>> 2) - i] !== SENTINEL) throw new KeyholeError(`${op}: a kernel wrote before its buffer`);
      if (words[((ptr + bytes) >>> 2) + i - 1] !== SENTINEL)
        throw new KeyholeError(`${op}: a kernel wrote after its buffer`);
    }
  }
}
