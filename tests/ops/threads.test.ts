/** Every op of the registry, forward and backward: the same bits on one, two and three threads. */
import { type Engine, grad, leaf, ops } from '../../engine/index.ts';
import { getOp } from '../../engine/ops/index.ts';
import { assert, suite } from '../harness.ts';
import { threadedEngine } from '../support/engine.ts';
import { call, differentiable, sampleTensors, sampleValues, testedOps, type Values } from '../support/op-samples.ts';

type Sample = Parameters<typeof call>[2];

const wordsOf = (engine: Engine, t: { ptr: number; size: number }) =>
  new Int32Array(engine.module.memory.buffer, t.ptr, t.size).slice();

function results(engine: Engine, name: string, sample: Sample, values: Values): (Int32Array | null)[] {
  const op = getOp(name);
  return engine.run('op', () => {
    const inputs = sampleTensors(engine, op, sample, values, 'f32');
    const wanted = op.backward ? differentiable(op) : [];
    const leaves = Object.fromEntries(Object.entries(inputs).map(([k, t]) => [k, wanted.includes(k) ? leaf(t) : t]));
    const y = call(op, leaves, sample);
    const out = [wordsOf(engine, y)];
    if (!y.requiresGrad) return out;
    const grads = grad(
      ops.sum(y),
      wanted.map((k) => leaves[k]!),
    );
    return [...out, ...grads.map((g) => g && wordsOf(engine, g))];
  });
}

const test = suite('every op on threads');
const [one, ...others] = await Promise.all([1, 2, 3].map((threads) => threadedEngine({ threads })));
for (const name of testedOps()) {
  test(name, ({ seed }) => {
    for (const sample of getOp(name).samples) {
      const values = sampleValues(getOp(name), sample, seed);
      const want = results(one!, name, sample, values);
      for (const engine of others)
        assert.equal(
          results(engine, name, sample, values),
          want,
          `${sample.name} on ${engine.threads.running} threads`,
        );
    }
  });
}
