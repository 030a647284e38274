/** What is picked for each parameter, and that every way gives the same. */
import { productCosts, productWay } from '../../engine/clip/cost.ts';
import { type Clipping, clippedGrads, leaf, namedModel, nn, ops, Rng, tensorsOf } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { privateEngine } from '../support/engine.ts';
import { byMicroBatches, flat, numbersFor, relativeError, type Setting, tensorsFor } from '../support/micro-batches.ts';

const engine = await privateEngine({ build: 'base' });
const clip: Clipping = { kind: 'flat', norm: 1 };
const test = suite('what the cost model picks');

const shape = { samples: 64, rows: 1, inputs: 512, outputs: 256, bytesPerElement: 4 };

test('one row per sample: ghost norms; few rows of wide layers: products of rows; many rows of small ones: kept', () => {
  assert.is(productWay(shape, 2 ** 28), 'ghost');
  assert.is(productWay({ ...shape, rows: 4 }, 2 ** 28), 'gram');
  const many = { ...shape, rows: 400, inputs: 16, outputs: 16 };
  assert.is(productWay(many, 2 ** 28), 'kept');
  assert.is(productWay(many, 2 ** 10), 'streamed');
  assert.is(productCosts({ ...shape, rows: 2 }).ghost, Infinity);
});

const lines = (name: 'mnist' | 'mlp', n: number) =>
  engine.run('plan', () => {
    const net = namedModel(name, [28, 28, 1], 10);
    const params = net.init({ engine, rng: Rng.from(1), dtype: 'f32' });
    const x = leaf(engine.full([n, 28, 28, 1], 0.5));
    const y = engine.tensor(new Int32Array(n));
    const loss = (p: typeof params) => nn.losses.crossEntropy(net.apply(p, x, { mode: 'train' }), y);
    return clippedGrads(loss, params, { clip }).plan();
  });

test('the plan has a line for each parameter, in words and bytes', () => {
  assert.equal(
    lines('mnist', 4).map(({ text }) => text),
    [
      '0.weight: kept per-sample gradients, 16.4 kB',
      '0.bias: kept per-sample gradients, 0.3 kB',
      '3.weight: a few samples at a time, when the other norms are known, 56.1 kB',
      '3.bias: kept per-sample gradients, 0.5 kB',
      '7.weight: ghost norms, 8.7 kB',
      '7.bias: kept per-sample gradients, 0.5 kB',
      '9.weight: ghost norms, 0.7 kB',
      '9.bias: kept per-sample gradients, 0.2 kB',
    ],
  );
  for (const { way } of lines('mlp', 0)) assert.is(way, 'not used by the loss');
});

const sequence = (rows: number, inputs: number, outputs: number): Setting => ({
  name: `${rows} rows of ${inputs} to ${outputs}`,
  params: { 'a.w': [outputs, inputs], 'a.b': [outputs] },
  sample: [[rows, inputs]],
  loss(p, [x], n) {
    const y = ops.linear(ops.reshape(x!, [n * rows, inputs]), p['a.w']!, p['a.b']!, 'tanh');
    return ops.mean(ops.square(ops.reshape(y, [n, rows * outputs])), 1);
  },
});

const convolutions: Setting = {
  name: 'two convolutions',
  params: { 'a.w': [3, 3, 2, 4], 'b.w': [3, 3, 4, 6] },
  sample: [[8, 8, 2]],
  loss(p, [x], n) {
    const y = ops.conv2d(ops.tanh(ops.conv2d(x!, p['a.w']!)), p['b.w']!);
    return ops.mean(ops.reshape(ops.square(y), [n, 96]), 1);
  },
};

for (const [setting, keepBytes, way] of [
  [sequence(3, 33, 20), undefined, 'ghost norms by products of rows'],
  [sequence(64, 5, 4), undefined, 'kept per-sample gradients'],
  [sequence(64, 5, 4), 0, 'one sample at a time, twice'],
  [convolutions, undefined, 'kept per-sample gradients'],
  [convolutions, 0, 'one sample at a time, twice'],
] as const) {
  test(`${setting.name}, ${way}`, ({ seed }) => {
    const n = 5;
    const numbers = numbersFor(setting, n, seed);
    const want = byMicroBatches(engine, setting, numbers, n, { kind: 'flat', norm: 0.01 });
    engine.run('way', () => {
      const { params, batch } = tensorsFor(engine, setting, numbers, 'f32');
      const got = clippedGrads((p) => setting.loss(flat(p), [leaf(batch[0]!)], n), params, {
        clip: { kind: 'flat', norm: 0.01 },
        ...(keepBytes !== undefined && { keepBytes }),
      });
      assert.is(got.plan()[0]!.way, way);
      const sums = tensorsOf(got.sum).map((t) => t.toArray());
      const error = relativeError(sums, want.sum, 0);
      assert.ok(error < 1e-5, `off by ${error}`);
      for (const [i, norm] of want.norms.entries()) assert.ok(Math.abs(got.norms[i]! - norm) <= 1e-5 * norm);
    });
  });
}
