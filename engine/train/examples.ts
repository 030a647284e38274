/** What training and evaluation read: labelled rows by index. The data layer makes these; so can you. */
import type { Engine } from '../engine.ts';
import { ConfigError, ShapeError } from '../errors.ts';
import type { DType } from '../memory/index.ts';
import { type Shape, sizeOf } from '../tensor/index.ts';

export interface Rows {
  /** row-major [n, ...inputShape] */
  readonly x: Float32Array | Float64Array;
  /** labels [n] */
  readonly y: Int32Array;
}

export interface Examples {
  readonly size: number;
  /** of one row: [h, w, c] or [features] */
  readonly inputShape: Shape;
  readonly classes: number;
  /** @param into arrays of the right length to write to, and to return: a training loop passes the memory of its batch */
  take(indices: ArrayLike<number>, into?: Rows): Rows;
}

/** Examples over arrays that are already in memory. */
export function examplesOf(
  x: Float32Array | Float64Array,
  y: Int32Array,
  inputShape: Shape,
  classes: number,
): Examples {
  const width = inputShape.reduce((a, b) => a * b, 1);
  return {
    size: y.length,
    inputShape,
    classes,
    take(indices, into = emptyRows(x, indices.length, width)) {
      for (let i = 0; i < indices.length; i++) {
        const row = indices[i]!;
        into.x.set(x.subarray(row * width, (row + 1) * width), i * width);
        into.y[i] = y[row]!;
      }
      return into;
    },
  };
}

function emptyRows(like: Rows['x'], n: number, width: number): Rows {
  return { x: new (like instanceof Float64Array ? Float64Array : Float32Array)(n * width), y: new Int32Array(n) };
}

/** The rows as tensors [n, ...inputShape] and [n] of the current scope, written where they will be used. @throws ShapeError */
export function batchOf(engine: Engine, data: Examples, indices: ArrayLike<number>, inputShape: Shape, dtype: DType) {
  if (sizeOf(data.inputShape) !== sizeOf(inputShape)) {
    throw new ShapeError(
      `batch: expected rows of shape [${inputShape}], as the model takes them, got [${data.inputShape}].`,
    );
  }
  const x = engine.alloc([indices.length, ...inputShape], dtype, 'batch');
  const y = engine.alloc([indices.length], 'i32', 'labels');
  const into = { x: x.view() as Rows['x'], y: y.view() as Int32Array };
  const rows = data.take(indices, into);
  if (rows.x !== into.x) x.set(rows.x);
  if (rows.y !== into.y) y.set(rows.y);
  return { x, y };
}

/** Consecutive index ranges of at most `batchSize`. @throws ConfigError unless that is a whole number >= 1 */
export function* batches(size: number, batchSize: number): Generator<Int32Array> {
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
    throw new ConfigError(`batches: expected batchSize to be a whole number >= 1, got ${batchSize}.`, 'batchSize');
  }
  for (let start = 0; start < size; start += batchSize) {
    yield Int32Array.from({ length: Math.min(batchSize, size - start) }, (_, i) => start + i);
  }
}
