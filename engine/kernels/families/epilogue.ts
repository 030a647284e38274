/** The end of a layer: bias and activation over the rows of a product [rows, cols], and their gradients. */
import { sumsOf } from '../activation.ts';
import { defineKernel, items } from '../family.ts';
import { formulas } from './formulas.ts';

export const biasActivation = defineKernel({
  name: 'bias_activation',
  about: 'y = f(x + bias), f none, relu, tanh or sigmoid by number; no bias without one',
  reference(
    x: Float64Array,
    bias: Float64Array | null,
    y: Float64Array,
    ...[rows, cols, activation]: [number, number, number]
  ) {
    const { value } = formulas[activation]!;
    for (let i = 0; i < rows * cols; i++) y[i] = value(x[i]! + (bias ? bias[i % cols]! : 0));
  },
  split: (_x, _bias, _y, rows, cols) =>
    items(3, rows, [
      [0, cols],
      [2, cols],
    ]),
});

export const biasActivationGrad = defineKernel({
  name: 'bias_activation_grad',
  about: "dz = g f'(z) from y = f(z), unless f is none, and db = the sums of `each` rows of dz",
  reference(
    g: Float64Array,
    y: Float64Array | null,
    dz: Float64Array | null,
    db: Float64Array,
    ...[rows, cols, activation, each]: [number, number, number, number]
  ) {
    const { slope } = formulas[activation]!;
    db.fill(0, 0, sumsOf(rows, each) * cols);
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < cols; c++) {
        const i = r * cols + c;
        const d = activation === 0 ? g[i]! : g[i]! * slope(y![i]!);
        if (activation !== 0) dz![i] = d;
        const at = Math.floor(r / each) * cols + c;
        db[at] = db[at]! + d;
      }
    }
  },
  split(_g, _y, _dz, _db, rows, cols, _activation, grain) {
    const walks = [0, 1, 2].map((place) => [place, cols] as const);
    return { ...items(4, rows, [...walks, [3, cols / grain]]), grain };
  },
});
