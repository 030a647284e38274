/** Copies between two strided walks over the same positions: what transpose, slice, pad, concat and broadcastTo do. */
import * as k from '../kernels/families/index.ts';
import { launch } from '../kernels/launch.ts';
import { type Shape, Tensor } from '../tensor/index.ts';
import { collapse, stridesOf } from './shapes.ts';

export interface Walk {
  readonly tensor: Tensor;
  /** element of the tensor at position 0 */
  readonly start?: number;
  /** elements per step along each axis of the walk; default row by row */
  readonly strides?: readonly number[];
}

export function stridedCopy(op: string, shape: Shape, from: Walk, to: Walk): void {
  const strides = ({ tensor, strides = stridesOf(tensor.shape) }: Walk) => strides;
  launch(k.copyStrided, at(from), at(to), ...collapse(op, shape, strides(from), strides(to)));
}

function at({ tensor: t, start = 0 }: Walk): Tensor {
  return start === 0 ? t : new Tensor(t.engine, t.storage, [Math.max(0, t.size - start)], t.offset + start);
}
