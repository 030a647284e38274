/** Copies between two strided walks over the same positions: what transpose, slice, pad, concat and broadcastTo do. */
import * as k from '../kernels/families/index.ts';
import { launch } from '../kernels/launch.ts';
import { type Shape, Tensor } from '../tensor/index.ts';
import { collapse } from './shapes.ts';

export interface Walk {
  readonly tensor: Tensor;
  /** element of the tensor at position 0 */
  readonly start?: number;
  /** elements per step along each axis of the walk */
  readonly strides: readonly number[];
}

export function stridedCopy(op: string, shape: Shape, from: Walk, to: Walk): void {
  const { dims, strides } = collapse(op, shape, [from.strides, to.strides]);
  const [n0, n1, n2, n3] = dims as [number, number, number, number];
  const [s0, s1, s2, s3] = strides[0] as [number, number, number, number];
  const [d0, d1, d2, d3] = strides[1] as [number, number, number, number];
  launch(k.copyStrided, at(from), at(to), n0, n1, n2, n3, s0, s1, s2, s3, d0, d1, d2, d3);
}

function at({ tensor: t, start = 0 }: Walk): Tensor {
  return start === 0 ? t : new Tensor(t.engine, t.storage, [Math.max(0, t.size - start)], t.offset + start);
}
