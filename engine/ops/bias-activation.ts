import { ShapeError } from '../errors.ts';
import { type Activation, activationCode, activations, rowsPerSum, sumsOf } from '../kernels/activation.ts';
import * as k from '../kernels/families/index.ts';
import { launch } from '../kernels/launch.ts';
import type { Tensor } from '../tensor/index.ts';
import { throughActivation } from './activation.ts';
import { sumTo } from './binary.ts';
import { defineOp, like } from './define-op.ts';
import { rowsBeforeLast } from './rows.ts';
import { expectRank } from './shapes.ts';

export interface ActivationAttrs {
  readonly activation: Activation;
}

/** Rows of y [..., c], which a bias [c] is added to. */
const rowsOf = (y: Tensor, bias: Tensor): number => (bias.size === 0 ? 0 : y.size / bias.size);

/** y = f(x + bias) by one kernel; x may be y. */
export function finish(x: Tensor, bias: Tensor, y: Tensor, { activation }: ActivationAttrs): undefined {
  launch(k.biasActivation, x, bias, y, rowsOf(y, bias), bias.size, activationCode(activation));
}

/** dz = g f'(z) from y = f(z), z = x + bias, and the sums [ceil(rows / each), c] of `each` rows of dz, by one kernel. */
export function finishGradRows(g: Tensor, c: number, y: Tensor, { activation }: ActivationAttrs, each = rowsPerSum(c)) {
  const rows = c === 0 ? 0 : y.size / c;
  const sums = g.engine.alloc([sumsOf(rows, each), c], g.dtype, 'biasActivation');
  const dz = activation === 'none' ? g : like(g, 'biasActivation');
  const changed = activation === 'none' ? null : dz;
  launch(k.biasActivationGrad, g, changed && y, changed, sums, rows, c, activationCode(activation), each);
  return { dz, sums };
}

/** dz = g f'(z) from y = f(z), z = x + bias, and db = the sum of dz over the rows. */
export function finishGrad(g: Tensor, bias: Tensor, y: Tensor, attrs: ActivationAttrs) {
  const { dz, sums } = finishGradRows(g, bias.size, y, attrs);
  const count = sums.shape[0]!;
  if (count === 1) return { dz, db: sums.withShape(bias.shape) };
  const db = like(bias, 'biasActivation');
  launch(k.sum, sums, db, 1, count, bias.size);
  return { dz, db };
}

/** The same in differentiable ops. */
export function finishBackward(
  g: Tensor,
  bias: Tensor,
  y: Tensor,
  { activation }: ActivationAttrs,
  needsBias: boolean,
) {
  const dz = throughActivation[activation](g, y);
  return { dz, db: needsBias ? sumTo(dz, bias.shape) : null };
}

/** @throws ShapeError unless there is one bias for each of `channels` */
export function expectBias(op: string, bias: Tensor['shape'], channels: number): void {
  expectRank(op, 'b', bias, 1, '[channels]');
  if (bias[0] === channels) return;
  throw new ShapeError(`${op}: expected one bias for each of ${channels} channels, got b [${bias}].`);
}

const op = defineOp<{ x: Tensor; b: Tensor }, ActivationAttrs>({
  name: 'biasActivation',
  about: 'y = f(x + b), f none, relu, tanh or sigmoid: x [...,c], b [c]',
  inputs: ['x', 'b'],
  rows: rowsBeforeLast,
  shape({ x, b }) {
    expectBias('biasActivation', b.shape, x.shape.at(-1) ?? 0);
    return x.shape;
  },
  forward: ({ x, b }, y, attrs) => finish(x, b, y, attrs),
  backward({ gradOut, inputs: { b }, out, attrs, needs }) {
    const { dz, db } = finishBackward(gradOut, b, out, attrs, needs.b);
    return { x: dz, b: db };
  },
  fusedBackward({ gradOut, inputs: { b }, out, attrs }) {
    const { dz, db } = finishGrad(gradOut, b, out, attrs);
    return { x: dz, b: db };
  },
  samples: [
    ...activations.map((activation) => ({ name: activation, inputs: { x: [2, 3, 5], b: [5] }, attrs: { activation } })),
    { name: '[1,1]', inputs: { x: [1, 1], b: [1] }, attrs: { activation: 'tanh' } },
    { name: '[0,3]', inputs: { x: [0, 3], b: [3] }, attrs: { activation: 'relu' } },
    { name: '[2,0]', inputs: { x: [2, 0], b: [0] }, attrs: { activation: 'none' } },
  ],
});

/** f(x + b) in one pass. x [..., c], b [c] @throws ShapeError */
export const biasActivation = (x: Tensor, b: Tensor, activation: Activation = 'none'): Tensor =>
  op({ x, b }, { activation });
