/** The form that element-wise ops of one input share. */
import type { KernelFamily } from '../kernels/family.ts';
import { launch } from '../kernels/launch.ts';
import type { Tensor } from '../tensor/index.ts';
import { type BackwardContext, defineOp, type InputSample, like } from './define-op.ts';

type X = { x: Tensor };
type UnaryKernel = KernelFamily<[x: Float64Array, y: Float64Array, n: number, ...options: number[]]>;
type GradKernel = KernelFamily<
  [g: Float64Array, kept: Float64Array, dx: Float64Array, n: number, ...options: number[]]
>;

export interface UnaryDef<A> {
  readonly name: string;
  readonly about: string;
  readonly kernel: UnaryKernel;
  /** the numbers that the kernels take besides arrays; default none */
  readonly options?: (attrs: A) => readonly number[];
  /** dL/dx in ops, from dL/dy, x and y; null: not differentiable, on purpose */
  readonly backward: ((gradOut: Tensor, x: Tensor, y: Tensor, attrs: A) => Tensor) | null;
  /** the same by one kernel that reads dL/dy and either x or y */
  readonly fused?: readonly [kernel: GradKernel, reads: 'x' | 'y'];
  /** where samples are drawn from; default [-1, 1) */
  readonly range?: readonly [number, number];
  /** attributes of the samples */
  readonly sampled: A;
}

/** An op with attributes; its samples are a vector with a SIMD tail, a matrix, one element, none. */
export function defineUnaryWith<A>(def: UnaryDef<A>): (x: Tensor, attrs: A) => Tensor {
  const { name, about, kernel, backward, fused, options = () => [], range, sampled } = def;
  const sample = (shape: number[]) => {
    const x: InputSample = range ? { shape, range } : { shape };
    return { name: `[${shape}]`, inputs: { x }, attrs: sampled };
  };
  const call = defineOp<X, A>({
    name,
    about,
    inputs: ['x'],
    shape: ({ x }) => x.shape,
    forward: ({ x }, y, attrs) => launch(kernel, x, y, x.size, ...options(attrs)),
    backward: backward && (({ gradOut, inputs, out, attrs }) => ({ x: backward(gradOut, inputs.x, out, attrs) })),
    ...(fused && {
      fusedBackward({ gradOut, inputs, out, attrs }: BackwardContext<X, A, undefined>) {
        const dx = like(gradOut, fused[0].name);
        launch(fused[0], gradOut, fused[1] === 'x' ? inputs.x : out, dx, dx.size, ...options(attrs));
        return { x: dx };
      },
    }),
    samples: [sample([7]), sample([2, 3]), sample([1]), sample([0])],
  });
  return (x, attrs) => call({ x }, attrs);
}

export function defineUnary(def: Omit<UnaryDef<undefined>, 'options' | 'sampled'>): (x: Tensor) => Tensor {
  const call = defineUnaryWith<undefined>({ ...def, sampled: undefined });
  return (x) => call(x, undefined);
}
