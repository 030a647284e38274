/** Each op of the tape as nodes of ONNX (opset 17; https://onnx.ai/onnx/operators/). Adding one is an entry here. */
import { ConfigError, sizeOf } from '../../engine/index.ts';
import type { GraphBuilder, Value } from './onnx-builder.ts';
import type { OpenShape } from './trace.ts';

interface CallOf<A> {
  readonly attrs: A;
  readonly inputs: readonly Value[];
  /** of the result */
  readonly shape: OpenShape;
}

/** The name of the result, in one of the two orders of axes. */
type Named = { readonly own: string } | { readonly first: string };
// biome-ignore lint/suspicious/noExplicitAny: each op has attributes of its own
type Exporter = (g: GraphBuilder, call: CallOf<any>) => Named;

interface WindowAttrs {
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}
interface PoolAttrs extends WindowAttrs {
  readonly size: readonly number[];
}
interface EndingAttrs {
  readonly activation: 'none' | 'relu' | 'tanh' | 'sigmoid';
}

const ACTIVATIONS = { none: null, relu: 'Relu', tanh: 'Tanh', sigmoid: 'Sigmoid' } as const;

/** Of a number at a time: in whichever order the value lies. */
const elementwise =
  <A>(write: (g: GraphBuilder, x: string, attrs: A) => string): Exporter =>
  (g, { attrs, inputs: [x] }) =>
    x!.first !== undefined && x!.own === undefined
      ? { first: write(g, x!.first, attrs) }
      : { own: write(g, g.own(x!), attrs) };

const one = (op: string) => elementwise((g, x) => g.add(op, [x]));

/** Of two operands, broadcast as numpy does; images stay as they lie where their shapes are the same. */
const two =
  (op: string): Exporter =>
  (g, { inputs: [a, b] }) =>
    [a!, b!].some((v) => v.first !== undefined) && String(a!.shape) === String(b!.shape)
      ? { first: g.add(op, [g.first(a!), g.first(b!)]) }
      : { own: g.add(op, [g.own(a!), g.own(b!)]) };

/** A vector [c] as the channels of [n, c, ...], with so many axes after them. */
function channels(g: GraphBuilder, value: Value, after: number): string {
  const ones = Array<number>(after).fill(1);
  if (value.constant) return g.weight({ ...value.constant, shape: [value.constant.shape[0]!, ...ones] });
  return g.add('Reshape', [g.own(value), g.whole('channels', [-1, ...ones])]);
}

const finish = (g: GraphBuilder, name: string, { activation }: EndingAttrs) => {
  const op = ACTIVATIONS[activation];
  return op === null ? name : g.add(op, [name]);
};

function convolution(g: GraphBuilder, { attrs, inputs: [x, w, b] }: CallOf<WindowAttrs & { groups: number }>): string {
  const { stride, dilation, top, left, bottom, right, groups } = attrs;
  // [kh, kw, in, out] -> [out, in, kh, kw]
  const weight = g.turned(w!, [3, 2, 0, 1]);
  return g.add('Conv', [g.first(x!), weight, ...(b ? [g.own(b)] : [])], {
    kernel_shape: w!.shape.slice(0, 2) as number[],
    strides: stride,
    dilations: dilation,
    pads: [top, left, bottom, right],
    group: groups,
  });
}

/** @throws ConfigError for padding as wide as the window, which ONNX has no pools with */
function pool(g: GraphBuilder, op: string, { attrs, inputs: [x] }: CallOf<PoolAttrs>): string {
  const { size, stride, top, left, bottom, right } = attrs;
  const pads = [top, left, bottom, right];
  if (pads.some((pad, side) => pad >= size[side % 2]!)) {
    throw new ConfigError(
      `export: expected pools with less padding than the window [${size}], as ONNX has them, got ${pads}. Use less padding.`,
      'model',
    );
  }
  const zeros = op === 'AveragePool' ? { count_include_pad: 1 } : {};
  return g.add(op, [g.first(x!)], { kernel_shape: size, strides: stride, pads, ...zeros });
}

/** Statistics over positions and a group of channels: InstanceNormalization of [n, groups, rest] (Wu & He 2018). */
function groupNorm(
  g: GraphBuilder,
  { attrs, inputs: [x, gamma, beta] }: CallOf<{ groups: number; eps: number }>,
): Named {
  const { groups, eps } = attrs;
  const rank = x!.shape.length;
  const [width, positions] = [x!.shape[rank - 1] as number, x!.shape.slice(1, -1) as number[]];
  const back = [0, ...Array.from(positions, (_, i) => i + 2), 1];
  const order = [0, rank - 1, ...Array.from(positions, (_, i) => i + 1)];
  const input = rank === 4 ? g.first(x!) : rank === 2 ? g.own(x!) : g.turned(x!, order);
  const grouped = g.add('Reshape', [input, g.whole('groups', [-1, groups, (sizeOf(positions) * width) / groups])]);
  const ones = g.weight({ name: 'ones', shape: [groups], data: Array<number>(groups).fill(1) });
  const zeros = g.weight({ name: 'zeros', shape: [groups], data: Array<number>(groups).fill(0) });
  const normal = g.add('InstanceNormalization', [grouped, ones, zeros], { epsilon: eps });
  const whole = g.add('Reshape', [normal, g.whole('images', [-1, width, ...positions])]);
  const scaled = g.add('Mul', [whole, channels(g, gamma!, rank - 2)]);
  const name = g.add('Add', [scaled, channels(g, beta!, rank - 2)]);
  return rank === 4 ? { first: name } : { own: rank === 2 ? name : g.add('Transpose', [name], { perm: back }) };
}

export const exporters: Readonly<Record<string, Exporter>> = {
  abs: one('Abs'),
  erf: one('Erf'),
  exp: one('Exp'),
  log: one('Log'),
  relu: one('Relu'),
  sigmoid: one('Sigmoid'),
  sqrt: one('Sqrt'),
  tanh: one('Tanh'),
  leakyRelu: elementwise<{ slope: number }>((g, x, { slope }) => g.add('LeakyRelu', [x], { alpha: slope })),
  affine: elementwise<{ mul: number; add: number }>((g, x, { mul, add }) =>
    g.add('Add', [g.add('Mul', [x, g.number(mul)]), g.number(add)]),
  ),
  clamp: elementwise<{ low: number; high: number }>((g, x, { low, high }) =>
    g.add('Clip', [x, g.number(low), g.number(high)]),
  ),
  // x / 2 (1 + erf(x / sqrt 2)); Gelu itself came with opset 20
  gelu: elementwise((g, x) => {
    const erf = g.add('Erf', [g.add('Mul', [x, g.number(Math.SQRT1_2)])]);
    return g.add('Mul', [g.add('Mul', [x, g.number(0.5)]), g.add('Add', [erf, g.number(1)])]);
  }),
  add: two('Add'),
  sub: two('Sub'),
  mul: two('Mul'),
  div: two('Div'),
  maximum: two('Max'),
  minimum: two('Min'),
  softmax: (g, { inputs: [x] }) => ({ own: g.add('Softmax', [g.own(x!)], { axis: -1 }) }),
  logSoftmax: (g, { inputs: [x] }) => ({ own: g.add('LogSoftmax', [g.own(x!)], { axis: -1 }) }),
  reshape: (g, { inputs: [x], shape }) =>
    String(x!.shape) === String(shape)
      ? { own: g.own(x!) }
      : {
          own: g.add('Reshape', [
            g.own(x!),
            g.whole(
              'shape',
              shape.map((size) => size ?? -1),
            ),
          ]),
        },
  transpose: (g, { attrs, inputs: [x] }: CallOf<{ order: readonly number[] }>) => ({
    own: g.add('Transpose', [g.own(x!)], { perm: attrs.order }),
  }),
  gather: (g, { inputs: [table, indices] }) => ({
    own: g.add('Gather', [g.own(table!), g.own(indices!)], { axis: 0 }),
  }),
  matmul: (g, { attrs, inputs: [a, b] }: CallOf<{ transposeA: boolean; transposeB: boolean }>) => ({
    own: g.add('Gemm', [g.own(a!), g.own(b!)], { transA: Number(attrs.transposeA), transB: Number(attrs.transposeB) }),
  }),
  linear: (g, { attrs, inputs: [x, w, b] }: CallOf<EndingAttrs>) => ({
    own: finish(g, g.add('Gemm', [g.own(x!), g.own(w!), g.own(b!)], { transB: 1 }), attrs),
  }),
  conv2d: (g, call) => ({ first: convolution(g, call) }),
  conv2dBias: (g, call) => ({ first: finish(g, convolution(g, call), call.attrs) }),
  maxPool2d: (g, call) => ({ first: pool(g, 'MaxPool', call) }),
  maxPool2dBias(g, call) {
    const pooled = pool(g, 'MaxPool', call);
    return { first: finish(g, g.add('Add', [pooled, channels(g, call.inputs[1]!, 2)]), call.attrs) };
  },
  avgPool2d: (g, call) => ({ first: pool(g, 'AveragePool', call) }),
  groupNorm,
  layerNorm: (g, { attrs, inputs: [x, gamma, beta] }: CallOf<{ eps: number }>) => ({
    own: g.add('LayerNormalization', [g.own(x!), g.own(gamma!), g.own(beta!)], { axis: -1, epsilon: attrs.eps }),
  }),
};
