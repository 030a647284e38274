/** A block of numbers that one or more tensors look at: bytes in WebAssembly memory (f32, i32) or an f64 array. */
import { UseAfterFreeError } from '../errors.ts';
import type { Scope } from './memory.ts';

/** f32 runs on the wasm kernels, f64 on the reference backend; i32 holds labels and indices. */
export type DType = 'f32' | 'f64' | 'i32';

export class Storage {
  readonly dtype: DType;
  /** elements */
  readonly length: number;
  /** name of the op that made it, for error messages */
  readonly op: string;
  /** address in wasm memory; 0 for f64 */
  readonly ptr: number;
  /** the numbers of an f64 storage */
  readonly data: Float64Array | null;
  scope: Scope;
  /** counts in-place writes, so that backward can tell that a value it needs has been overwritten */
  version = 0;
  #freedIn: string | null = null;

  constructor(dtype: DType, length: number, op: string, ptr: number, data: Float64Array | null, scope: Scope) {
    this.dtype = dtype;
    this.length = length;
    this.op = op;
    this.ptr = ptr;
    this.data = data;
    this.scope = scope;
  }

  get bytes(): number {
    return this.length * (this.dtype === 'f64' ? 8 : 4);
  }

  get freed(): boolean {
    return this.#freedIn !== null;
  }

  markFreed(): void {
    this.#freedIn = this.scope.name;
  }

  check(shape: readonly number[]): void {
    if (this.#freedIn === null) return;
    throw new UseAfterFreeError(
      `tensor [${shape}] made by ${this.op} was freed with scope '${this.#freedIn}'. ` +
        'Return it from engine.run, or move it out with engine.keep, before the scope ends.',
    );
  }
}
