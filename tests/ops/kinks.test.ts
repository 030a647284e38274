/** Gradients where there is no derivative: at kinks and ties each op has one answer, on every path and backend. */
import { grad, leaf, ops, type Tensor } from '../../engine/index.ts';
import { getOp } from '../../engine/ops/index.ts';
import { assert, suite } from '../harness.ts';
import { testEngine } from '../support/engine.ts';
import { call, differentiable, sampleTensors, sampleValues, testedOps } from '../support/op-samples.ts';

const engine = await testEngine();
const chosen = suite('gradients at kinks and ties, as documented');

interface Case {
  readonly op: string;
  readonly f: (...inputs: Tensor[]) => Tensor;
  readonly inputs: number[][];
  /** for each input, dL/dinput where L is the sum of the result */
  readonly gradients: number[][];
}

const cases: Record<string, Case> = {
  'abs: 0 at 0': { op: 'abs', f: ops.abs, inputs: [[-2, 0, 3]], gradients: [[-1, 0, 1]] },
  'relu: 0 at 0': { op: 'relu', f: ops.relu, inputs: [[-2, 0, 3]], gradients: [[0, 0, 1]] },
  'leakyRelu: 1 at 0': {
    op: 'leakyRelu',
    f: (x) => ops.leakyRelu(x!, 0.25),
    inputs: [[-2, 0, 3]],
    gradients: [[0.25, 1, 1]],
  },
  'clamp: passes at its bounds': {
    op: 'clamp',
    f: (x) => ops.clamp(x!, -1, 2),
    inputs: [[-1.5, -1, 0, 2, 2.5]],
    gradients: [[0, 1, 1, 1, 0]],
  },
  'maximum: to b where equal': {
    op: 'maximum',
    f: (a, b) => ops.maximum(a!, b!),
    inputs: [
      [1, 2, 3],
      [2, 2, 2],
    ],
    gradients: [
      [0, 0, 1],
      [1, 1, 0],
    ],
  },
  'minimum: to b where equal': {
    op: 'minimum',
    f: (a, b) => ops.minimum(a!, b!),
    inputs: [
      [1, 2, 3],
      [2, 2, 2],
    ],
    gradients: [
      [1, 0, 0],
      [0, 1, 1],
    ],
  },
  'max: to the first largest': {
    op: 'max',
    f: (x) => ops.max(x!, 0),
    inputs: [[1, 5, 5, 2]],
    gradients: [[0, 1, 0, 0]],
  },
  'maxPool2d: to the first largest of each window': {
    op: 'maxPool2d',
    f: (x) => ops.maxPool2d(ops.reshape(x!, [1, 1, 6, 1]), { size: [1, 3] }),
    inputs: [[4, 4, 1, 0, 0, 0]],
    gradients: [[1, 0, 0, 1, 0, 0]],
  },
};

chosen('every case is about an op of the registry', () => {
  for (const { op } of Object.values(cases)) assert.is(getOp(op).name, op);
});

for (const [name, { op, f, inputs, gradients }] of Object.entries(cases)) {
  if (!testedOps().includes(op)) continue;
  chosen(name, () => {
    for (const dtype of ['f64', 'f32'] as const) {
      for (const createGraph of [false, true]) {
        engine.run('t', () => {
          const leaves = inputs.map((values) => leaf(engine.tensor(values, [values.length], { dtype })));
          const got = grad(ops.sum(f(...leaves)), leaves, { createGraph });
          assert.equal(
            got.map((g) => [...g!.toArray()].map((v) => v || 0)),
            gradients,
            `${dtype}${createGraph ? ', differentiable rule' : ''}`,
          );
        });
      }
    }
  });
}

const lattice = suite('fused gradients equal the differentiable ones at kinks and ties');
for (const name of testedOps()) {
  const op = getOp(name);
  if (!op.fusedBackward) continue;
  lattice(name, ({ seed }) => {
    for (const sample of op.samples) {
      const values = sampleValues(op, sample, seed);
      // halves, so that zeros, equal entries and whole numbers abound
      for (const input of differentiable(op)) values[input] = values[input]!.map((v) => Math.round(2 * v) / 2);
      const run = (createGraph: boolean) =>
        engine.run('t', () => {
          const inputs = sampleTensors(engine, op, sample, values, 'f64');
          const wanted = differentiable(op);
          const leaves = Object.fromEntries(
            Object.entries(inputs).map(([k, t]) => [k, wanted.includes(k) ? leaf(t) : t]),
          );
          const list = wanted.map((k) => leaves[k]!);
          return grad(ops.sum(call(op, leaves, sample)), list, { createGraph }).map((g) =>
            g ? [...g.toArray()] : null,
          );
        });
      const [plain, fused] = [run(true), run(false)];
      for (const [i, g] of plain.entries())
        for (const [j, want] of (g ?? []).entries())
          assert.ok(
            Math.abs(fused[i]![j]! - want) <= 1e-9 * Math.max(1, Math.abs(want)),
            `${sample.name} [${i}][${j}]: ${fused[i]![j]} != ${want}`,
          );
    }
  });
}
