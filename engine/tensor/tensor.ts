/** Tensors: a shape over a storage, contiguous and row-major, and the node that made them if a gradient may be asked for. */
import type { Engine } from '../engine.ts';
import { ShapeError } from '../errors.ts';
import type { DType, Storage } from '../memory/index.ts';
import type { Node } from '../ops/define-op.ts';

export type Shape = readonly number[];
export type TypedArray = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer> | Int32Array<ArrayBuffer>;

export function sizeOf(shape: Shape): number {
  let n = 1;
  for (const d of shape) n *= d;
  return n;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((d, i) => d === b[i]);
}

export class Tensor {
  readonly engine: Engine;
  readonly storage: Storage;
  readonly shape: Shape;
  readonly size: number;
  /** first element within the storage */
  readonly offset: number;
  /** how it was made; null for a leaf or a constant */
  readonly node: Node | null;
  /** whether gradients flow to or through it */
  readonly requiresGrad: boolean;

  constructor(
    engine: Engine,
    storage: Storage,
    shape: Shape,
    offset = 0,
    node: Node | null = null,
    requiresGrad = false,
  ) {
    this.engine = engine;
    this.storage = storage;
    this.shape = shape;
    this.size = sizeOf(shape);
    this.offset = offset;
    this.node = node;
    this.requiresGrad = requiresGrad;
  }

  get dtype(): DType {
    return this.storage.dtype;
  }

  get rank(): number {
    return this.shape.length;
  }

  /** Address in wasm memory. @throws UseAfterFreeError */
  get ptr(): number {
    this.storage.check(this.shape);
    return this.storage.ptr + this.offset * 4;
  }

  /**
   * A live view of the numbers, valid until the next allocation: memory.grow detaches it. Use `toArray` to keep them.
   * @throws UseAfterFreeError
   */
  view(): TypedArray {
    this.storage.check(this.shape);
    const { data, ptr } = this.storage;
    if (data) return data.subarray(this.offset, this.offset + this.size) as Float64Array<ArrayBuffer>;
    const { buffer } = this.engine.module.memory;
    const start = ptr + this.offset * 4;
    return this.dtype === 'i32' ? new Int32Array(buffer, start, this.size) : new Float32Array(buffer, start, this.size);
  }

  /** A copy of the numbers, row-major. @throws UseAfterFreeError */
  toArray(): TypedArray {
    return this.view().slice();
  }

  /** The only number of a tensor of size 1. @throws ShapeError for any other size */
  item(): number {
    if (this.size !== 1)
      throw new ShapeError(`item: expected one element, got shape [${this.shape}]. Reduce it first.`);
    return this.view()[0]!;
  }

  /** Overwrites the numbers in place; a live tape that still needs the old ones will refuse to run. */
  set(values: ArrayLike<number>): void {
    if (values.length !== this.size) {
      throw new ShapeError(`set: expected ${this.size} numbers for shape [${this.shape}], got ${values.length}.`);
    }
    this.view().set(values);
    this.storage.version++;
  }

  /** The same numbers cut off from the tape. */
  detach(): Tensor {
    return new Tensor(this.engine, this.storage, this.shape, this.offset);
  }

  /** The same numbers under another shape of the same size, off the tape. */
  withShape(shape: Shape): Tensor {
    if (sizeOf(shape) !== this.size) throw new ShapeError(`withShape: expected ${this.size} elements, got [${shape}].`);
    return new Tensor(this.engine, this.storage, shape, this.offset);
  }

  /** Gives the memory back now, for tensors outside every scope. Views of the same storage go with it. */
  dispose(): void {
    this.engine.memory.free(this.storage);
  }

  toString(): string {
    return `Tensor(${this.dtype} [${this.shape}]${this.node ? ` by ${this.node.op.name}` : ''})`;
  }
}
