/** The form that element-wise ops of two broadcast inputs share. */
import type { KernelFamily } from '../kernels/family.ts';
import { launch } from '../kernels/launch.ts';
import { type Shape, sameShape, type Tensor } from '../tensor/index.ts';
import { defineOp, type InputSample } from './define-op.ts';
import { reshape } from './reshape.ts';
import { broadcastShapes, broadcastStrides, collapse } from './shapes.ts';
import { sum } from './sum.ts';

type N = number;
type BinaryKernel = KernelFamily<
  [
    a: Float64Array,
    b: Float64Array,
    y: Float64Array,
    n0: N,
    n1: N,
    n2: N,
    n3: N,
    a0: N,
    a1: N,
    a2: N,
    a3: N,
    b0: N,
    b1: N,
    b2: N,
    b3: N,
  ]
>;

/** Sums a gradient over the axes along which its operand was broadcast. */
export function sumTo(g: Tensor, shape: Shape): Tensor {
  if (sameShape(g.shape, shape)) return g;
  const lead = g.shape.length - shape.length;
  const axes = g.shape.map((_, i) => i).filter((i) => i < lead || (shape[i - lead] === 1 && g.shape[i] !== 1));
  return reshape(sum(g, axes), shape);
}

export interface BinaryDef {
  readonly name: string;
  readonly about: string;
  readonly kernel: BinaryKernel;
  /** gradients of the broadcast shape; they are summed to the operands' shapes afterwards */
  readonly backward: (
    g: Tensor,
    a: Tensor,
    b: Tensor,
    y: Tensor,
    needs: { a: boolean; b: boolean },
  ) => { a?: Tensor; b?: Tensor };
  readonly range?: readonly [number, number];
}

export function defineBinary(def: BinaryDef): (a: Tensor, b: Tensor) => Tensor {
  const at = (shape: number[]): InputSample => (def.range ? { shape, range: def.range } : { shape });
  const call = defineOp<{ a: Tensor; b: Tensor }>({
    name: def.name,
    about: def.about,
    inputs: ['a', 'b'],
    shape: ({ a, b }) => broadcastShapes(def.name, a.shape, b.shape),
    forward({ a, b }, y) {
      const { dims, strides } = collapse(def.name, y.shape, [
        broadcastStrides(a.shape, y.shape),
        broadcastStrides(b.shape, y.shape),
      ]);
      const [n0, n1, n2, n3] = dims as [N, N, N, N];
      const [a0, a1, a2, a3] = strides[0] as [N, N, N, N];
      const [b0, b1, b2, b3] = strides[1] as [N, N, N, N];
      launch(def.kernel, a, b, y, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3);
      return undefined;
    },
    backward({ gradOut, inputs: { a, b }, out, needs }) {
      const grads = def.backward(gradOut, a, b, out, needs);
      return {
        a: needs.a && grads.a ? sumTo(grads.a, a.shape) : null,
        b: needs.b && grads.b ? sumTo(grads.b, b.shape) : null,
      };
    },
    samples: [
      { name: '[2,7] [2,7]', inputs: { a: at([2, 7]), b: at([2, 7]) }, attrs: undefined },
      { name: '[3,5] [5]', inputs: { a: at([3, 5]), b: at([5]) }, attrs: undefined },
      { name: '[3,1] [2,1,5]', inputs: { a: at([3, 1]), b: at([2, 1, 5]) }, attrs: undefined },
      { name: '[1,3] [2,1]', inputs: { a: at([1, 3]), b: at([2, 1]) }, attrs: undefined },
      { name: '[] [4]', inputs: { a: at([]), b: at([4]) }, attrs: undefined },
      { name: '[1] [1]', inputs: { a: at([1]), b: at([1]) }, attrs: undefined },
      { name: '[0,3] [3]', inputs: { a: at([0, 3]), b: at([3]) }, attrs: undefined },
    ],
  });
  return (a, b) => call({ a, b }, undefined);
}
