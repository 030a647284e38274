import { ShapeError } from '../errors.ts';
import type { Shape, Tensor } from '../tensor/index.ts';
import type { InputSample } from './define-op.ts';

/** Kernels trust their indices, so each op that takes some looks at them first. @throws ShapeError */
export function checkIndices(op: string, name: string, indices: Tensor, limit: number): void {
  const values = indices.view();
  for (let i = 0; i < values.length; i++) {
    const v = values[i]!;
    if (v < 0 || v >= limit) {
      throw new ShapeError(`${op}: expected ${name} from 0 to ${limit - 1}, got ${v} at position ${i}.`);
    }
  }
}

/** An input of samples that holds indices from 0 to limit - 1. */
export const indicesBelow = (limit: number, shape: Shape): InputSample => ({ shape, range: [0, limit] });
