/** Every op of the registry: wasm against reference, forward and backward, between guard words and on NaN-filled memory. */
import { type DType, type Engine, grad, leaf, ops } from '../../engine/index.ts';
import { getOp } from '../../engine/ops/index.ts';
import { assert, suite } from '../harness.ts';
import { testEngine } from '../support/engine.ts';
import {
  call,
  differentiable,
  inputSpec,
  sampleTensors,
  sampleValues,
  testedOps,
  type Values,
} from '../support/op-samples.ts';

type Sample = Parameters<typeof call>[2];

/** The op's result and its gradients, contracted with ones, as plain numbers. */
function results(engine: Engine, name: string, sample: Sample, values: Values, dtype: DType): (number[] | null)[] {
  const op = getOp(name);
  return engine.run('op', () => {
    const inputs = sampleTensors(engine, op, sample, values, dtype);
    const wanted = op.backward ? differentiable(op) : [];
    const leaves = Object.fromEntries(Object.entries(inputs).map(([k, t]) => [k, wanted.includes(k) ? leaf(t) : t]));
    const y = call(op, leaves, sample);
    const out: (number[] | null)[] = [[...y.toArray()]];
    if (!y.requiresGrad) return out;
    const grads = grad(
      ops.sum(y),
      wanted.map((k) => leaves[k]!),
    );
    return [...out, ...grads.map((g) => (g ? [...g.toArray()] : null))];
  });
}

for (const build of ['base', 'relaxed'] as const) {
  const test = suite(`every op, ${build} against reference`);
  const engine = await testEngine({ build, guard: true });
  for (const name of testedOps()) {
    const op = getOp(name);
    test(name, ({ seed }) => {
      for (const sample of op.samples) {
        const values = sampleValues(op, sample, seed);
        const want = results(engine, name, sample, values, 'f64');
        const got = results(engine, name, sample, values, 'f32');
        assert.is(got.length, want.length);
        for (const [i, list] of want.entries()) {
          assert.is(list === null, got[i] === null);
          for (const [j, w] of (list ?? []).entries()) {
            const g = got[i]![j]!;
            // sums of up to a few hundred f32 products of numbers near 1, divided by deviations down to 0.1
            const allowed = 3e-5 * Math.max(1, Math.abs(w));
            if (!(Math.abs(g - w) <= allowed || Object.is(g, w))) {
              throw new Error(`${name} ${sample.name}: result ${i} element ${j}: expected ${w} (reference), got ${g}`);
            }
          }
        }
      }
    });
  }
}

const samples = suite('every op has samples of size 0 and of size 1');
for (const name of testedOps()) {
  samples(name, () => {
    const op = getOp(name);
    const sizes = op.samples.map((s) => op.inputs.map((input) => inputSpec(s, input).shape.reduce((a, b) => a * b, 1)));
    assert.ok(
      sizes.some((s) => s.some((n) => n === 0)),
      `${name}: no sample with an empty input`,
    );
    assert.ok(
      sizes.some((s) => s.every((n) => n === 1)),
      `${name}: no sample with one element in each input`,
    );
  });
}
