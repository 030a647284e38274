/** Every differentiable op of the registry: each element of each gradient against f64 central differences, first and second order. */
import { type Engine, grad, leaf, ops, type Tensor } from '../../engine/index.ts';
import { getOp } from '../../engine/ops/index.ts';
import { assert, suite } from '../harness.ts';
import { testEngine } from '../support/engine.ts';
import { call, differentiable, sampleTensors, sampleValues, testedOps, type Values } from '../support/op-samples.ts';

const engine = await testEngine();
const H = 1e-5;
// central differences in f64 at h = 1e-5: truncation h^2 f''' / 6 and rounding 1e-16 / h, both near 1e-10
const TOLERANCE = 2e-7;

type Sample = Parameters<typeof call>[2];

/** A fixed direction to contract a tensor with, so that every gradient is one of a single number. */
function direction(e: Engine, like: Tensor, shift: number): Tensor {
  const wave = Float64Array.from({ length: like.size }, (_, i) => ((i * 7 + shift * 3) % 11) / 11 + 0.25);
  return e.tensor(wave, like.shape);
}

function contracted(name: string, sample: Sample, inputs: Record<string, Tensor>): Tensor {
  const y = call(getOp(name), inputs, sample);
  return ops.sum(ops.mul(y, direction(engine, y, 1)));
}

/** sum over inputs of <dL/dinput, direction>, on the tape */
function gradientContracted(name: string, sample: Sample, inputs: Record<string, Tensor>, wanted: string[]): Tensor {
  const leaves = Object.fromEntries(Object.entries(inputs).map(([k, t]) => [k, wanted.includes(k) ? leaf(t) : t]));
  const list = wanted.map((k) => leaves[k]!);
  const grads = grad(contracted(name, sample, leaves), list, { createGraph: true });
  let total = engine.scalar(0, 'f64');
  for (const [i, g] of grads.entries()) if (g) total = ops.add(total, ops.sum(ops.mul(g, direction(engine, g, i + 2))));
  return total;
}

function checkAgainstDifferences(
  label: string,
  name: string,
  sample: Sample,
  values: Values,
  f: (inputs: Record<string, Tensor>) => Tensor,
): void {
  const op = getOp(name);
  const wanted = differentiable(op);
  const at = (v: Values) => engine.run('value', () => f(sampleTensors(engine, op, sample, v, 'f64')).item());
  const analytic = engine.run('gradient', () => {
    const inputs = sampleTensors(engine, op, sample, values, 'f64');
    const leaves = Object.fromEntries(Object.entries(inputs).map(([k, t]) => [k, wanted.includes(k) ? leaf(t) : t]));
    const out = f(leaves);
    const list = wanted.map((k) => leaves[k]!);
    const grads = out.requiresGrad ? grad(out, list) : list.map(() => null);
    return grads.map((g, i) => (g ? (g.toArray() as Float64Array) : new Float64Array(list[i]!.size)));
  });
  for (const [w, input] of wanted.entries()) {
    const original = values[input]!;
    for (let i = 0; i < original.length; i++) {
      const moved = (by: number) => ({ ...values, [input]: original.with(i, original[i]! + by) });
      const numeric = (at(moved(H)) - at(moved(-H))) / (2 * H);
      const got = analytic[w]![i]!;
      const allowed = TOLERANCE * Math.max(1, Math.abs(numeric));
      if (!(Math.abs(got - numeric) <= allowed)) {
        throw new Error(
          `${label} ${name} ${sample.name}: d/d${input}[${i}]: expected ${numeric} (differences), got ${got}`,
        );
      }
    }
  }
}

const first = suite('gradients of every op, f64, every element');
const second = suite('second gradients of every op, f64, every element');
for (const name of testedOps()) {
  const op = getOp(name);
  if (op.backward === null) continue;
  first(name, ({ seed }) => {
    for (const sample of op.samples) {
      checkAgainstDifferences('gradient', name, sample, sampleValues(op, sample, seed), (inputs) =>
        contracted(name, sample, inputs),
      );
    }
  });
  second(name, ({ seed }) => {
    for (const sample of op.samples) {
      const wanted = differentiable(op);
      checkAgainstDifferences('second gradient', name, sample, sampleValues(op, sample, seed), (inputs) =>
        gradientContracted(name, sample, inputs, wanted),
      );
    }
  });
}

const fused = suite('fused gradients equal the differentiable ones');
for (const name of testedOps()) {
  const op = getOp(name);
  if (!op.fusedBackward) continue;
  fused(name, ({ seed }) => {
    for (const sample of op.samples) {
      const values = sampleValues(op, sample, seed);
      const run = (createGraph: boolean) =>
        engine.run('compare', () => {
          const inputs = sampleTensors(engine, op, sample, values, 'f64');
          const wanted = differentiable(op);
          const leaves = Object.fromEntries(
            Object.entries(inputs).map(([k, t]) => [k, wanted.includes(k) ? leaf(t) : t]),
          );
          const grads = grad(
            contracted(name, sample, leaves),
            wanted.map((k) => leaves[k]!),
            { createGraph },
          );
          return grads.map((g) => (g ? [...g.toArray()] : null));
        });
      const [plain, kernel] = [run(true), run(false)];
      for (const [i, g] of plain.entries()) {
        assert.is(g === null, kernel[i] === null, `${name} ${sample.name}: gradient ${i} flows on one path only`);
        for (const [j, want] of (g ?? []).entries()) {
          const got = kernel[i]![j]!;
          assert.ok(
            Math.abs(got - want) <= 1e-12 + 1e-9 * Math.abs(want),
            `${name} ${sample.name} [${i}][${j}]: ${got} != ${want}`,
          );
        }
      }
    }
  });
}
