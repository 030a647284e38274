/** What training and evaluation read: labelled rows by index. The data layer makes these; so can you. */
import { ConfigError } from '../errors.ts';
import type { Shape } from '../tensor/index.ts';

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
  take(indices: ArrayLike<number>): Rows;
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
    take(indices) {
      const rows =
        x instanceof Float64Array ? new Float64Array(indices.length * width) : new Float32Array(indices.length * width);
      const labels = new Int32Array(indices.length);
      for (let i = 0; i < indices.length; i++) {
        const row = indices[i]!;
        rows.set(x.subarray(row * width, (row + 1) * width), i * width);
        labels[i] = y[row]!;
      }
      return { x: rows, y: labels };
    },
  };
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
