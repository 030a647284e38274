/** The form that element-wise ops of one input share. */
import type { KernelFamily } from '../kernels/family.ts';
import { launch } from '../kernels/launch.ts';
import type { Tensor } from '../tensor/index.ts';
import { type BackwardContext, defineOp, type InputSample, type OpSample } from './define-op.ts';

type X = { x: Tensor };
type Context = BackwardContext<X, undefined, undefined>;
type UnaryKernel = KernelFamily<[x: Float64Array, y: Float64Array, n: number]>;
type GradKernel = KernelFamily<[g: Float64Array, saved: Float64Array, dx: Float64Array, n: number]>;

export interface UnaryDef {
  readonly name: string;
  readonly about: string;
  readonly kernel: UnaryKernel;
  /** dL/dx in ops, from dL/dy, x and y; null: not differentiable, on purpose */
  readonly backward: ((gradOut: Tensor, x: Tensor, y: Tensor) => Tensor) | null;
  /** the same by one kernel that reads dL/dy and either x or y */
  readonly fused?: readonly [kernel: GradKernel, reads: 'x' | 'y'];
  /** where samples are drawn from; default [-1, 1) */
  readonly range?: readonly [number, number];
}

/** Shapes on which element-wise ops are tested: a vector with a SIMD tail, a matrix, one element, none. */
export function elementwiseSamples<A>(
  attrs: A,
  range?: readonly [number, number],
): [OpSample<X, A>, ...OpSample<X, A>[]] {
  const x = (shape: number[]): InputSample => (range ? { shape, range } : { shape });
  return [
    { name: '[7]', inputs: { x: x([7]) }, attrs },
    { name: '[2,3]', inputs: { x: x([2, 3]) }, attrs },
    { name: '[1]', inputs: { x: x([1]) }, attrs },
    { name: '[0]', inputs: { x: x([0]) }, attrs },
  ];
}

/** dx of one fused kernel call that reads dL/dy and one kept tensor. */
export function fusedGrad(kernel: GradKernel, gradOut: Tensor, kept: Tensor): Tensor {
  const dx = gradOut.engine.alloc(gradOut.shape, gradOut.dtype, kernel.name);
  launch(kernel, gradOut, kept, dx, dx.size);
  return dx;
}

export function defineUnary(def: UnaryDef): (x: Tensor) => Tensor {
  const { backward, fused } = def;
  const call = defineOp<X>({
    name: def.name,
    about: def.about,
    inputs: ['x'],
    shape: ({ x }) => x.shape,
    forward({ x }, y) {
      launch(def.kernel, x, y, x.size);
      return undefined;
    },
    backward: backward && (({ gradOut, inputs, out }: Context) => ({ x: backward(gradOut, inputs.x, out) })),
    ...(fused && {
      fusedBackward: ({ gradOut, inputs, out }: Context) => ({
        x: fusedGrad(fused[0], gradOut, fused[1] === 'x' ? inputs.x : out),
      }),
    }),
    samples: elementwiseSamples(undefined, def.range),
  });
  return (x) => call({ x }, undefined);
}
