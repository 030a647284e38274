/** ONNX files as targets, run by onnxruntime-web: the same answers as the model they were written from. */
import { type OnnxOptions, onnxOracle, outputsOf } from '../../attacks/index.ts';
import { Classifier, ConfigError, FormatError, type Model, namedModel, nn, ShapeError } from '../../engine/index.ts';
import { writeOnnx } from '../../experiments/export/index.ts';
import { auditTarget } from '../../experiments/index.ts';
import { assert, atEnd, suite } from '../harness.ts';
import { noise } from '../support/data.ts';
import { testEngine } from '../support/engine.ts';
import { onnxOf } from '../support/onnx.ts';
import { rejectsError } from '../support/throws.ts';

const engine = await testEngine();
const test = suite('an ONNX file as target');
const SLOW = { timeout: 60_000 }; // the runtime's 13 MB of wasm are compiled at first

const mlp = Classifier.create(engine, namedModel('mlp', [12], 5), { seed: 3 });
const members = noise(1, 100, [12], 5);
await mlp.fit(members, { epochs: 40, batchSize: 20, seed: 1 });
atEnd(() => mlp.dispose());
const rows = noise(7, 9, [12], 5);

async function answers(
  options: Omit<OnnxOptions, 'inputShape'> & Partial<OnnxOptions>,
  x = rows.x,
  outputs?: 'logits' | 'labels',
) {
  const oracle = await onnxOracle({ inputShape: [12], ...options });
  try {
    return outputsOf(await oracle.ask(x), { rows: 9, ...(outputs && { outputs }) });
  } finally {
    await oracle.dispose();
  }
}

function near(got: ArrayLike<number>, want: ArrayLike<number>): void {
  assert.is(got.length, want.length);
  for (let i = 0; i < want.length; i++)
    assert.ok(Math.abs(got[i]! - want[i]!) < 1e-5, `${i}: ${got[i]} in place of ${want[i]}`);
}

test(
  'probabilities and logits to 1e-5 of the model that it was written from',
  async () => {
    const p = await answers({ model: onnxOf(mlp) });
    assert.equal([p.kind, p.classes], ['probabilities', 5]);
    near(p.values, await mlp.predict(rows.x));
    const z = await answers({ model: onnxOf(mlp, { softmax: false }) }, rows.x, 'logits');
    near(z.values, await mlp.logits(rows.x));
  },
  SLOW,
);

test('an output that is called logits is taken for them; scores that are said to be labels are not', async () => {
  const z = await answers({ model: onnxOf(mlp, { softmax: false, scores: 'logits' }) });
  assert.is(z.kind, 'logits');
  near(z.values, await mlp.logits(rows.x));
  await rejectsError(
    () => answers({ model: onnxOf(mlp) }, rows.x, 'labels'),
    ShapeError,
    /expected a label for each of 9 rows, got 45 numbers, as scores are\. Say so: outputs 'probabilities' or 'logits'/,
  );
});

test('a batch that the file fixes is filled up', async () => {
  const oracle = await onnxOracle({ model: onnxOf(mlp, { batch: 16 }), inputShape: [12] });
  assert.is(oracle.rowsAtOnce, 16);
  near((await oracle.ask(rows.x)).values, await mlp.predict(rows.x));
  await oracle.dispose();
});

test('of a label and scores, the scores are read; by name also the label', async () => {
  const model = onnxOf(mlp, { labels: true });
  near((await answers({ model })).values, await mlp.predict(rows.x));
  const { kind, values } = await answers({ model, output: 'label' });
  assert.is(kind, 'labels');
  assert.is(values.length, 9);
  await rejectsError(
    () => answers({ model, output: 'logits' }),
    ConfigError,
    /expected an output 'logits', got label, scores/,
  );
});

test('layouts: images channels last for a model that takes them first, and the other way', async () => {
  const [h, w, c] = [2, 3, 2];
  // a Flatten is all that looks at the layout: the model sees the numbers in the order of its own
  const weights = {
    w: { shape: [12, 12], data: Float32Array.from({ length: 144 }, (_, i) => (i % 13 === 0 ? 1 : 0)) },
  };
  const passing = (inputShape: number[]) =>
    writeOnnx({
      inputs: { x: { shape: inputShape } },
      weights,
      nodes: [
        { op: 'Flatten', inputs: ['x'], output: 'flat', attributes: { axis: 1 } },
        { op: 'MatMul', inputs: ['flat', 'w'], output: 'y' },
      ],
      outputs: { y: { shape: [12] } },
    });
  const x = Float32Array.from({ length: 24 }, (_, i) => i);
  const ask = async (o: OnnxOptions) => {
    const oracle = await onnxOracle(o);
    const { values } = await oracle.ask(x);
    await oracle.dispose();
    return [...(values as Float64Array).subarray(0, 12)];
  };
  const first = [0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11];
  assert.equal(await ask({ model: passing([c, h, w]), inputShape: [h, w, c], layout: 'nchw' }), first);
  const last = [0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11];
  assert.equal(await ask({ model: passing([h, w, c]), inputShape: [c, h, w], layout: 'nhwc' }), last);
  assert.equal(await ask({ model: passing([12]), inputShape: [h, w, c] }), [...x.subarray(0, 12)]);
  await rejectsError(
    () => ask({ model: passing([c, h, w]), inputShape: [h, w, c] }),
    ConfigError,
    /expected rows of \[2, 2, 3\], got \[2, 3, 2\]\. The model seems to want channels first: say so \(layout nchw\)/,
  );
  await rejectsError(
    () => ask({ model: passing([h, w, c]), inputShape: [c, h, w] }),
    ConfigError,
    /channels last: say so \(layout nhwc\)/,
  );
  await rejectsError(
    () => ask({ model: passing([12]), inputShape: [12], layout: 'nchw' }),
    ConfigError,
    /expected images of three axes/,
  );
});

test('rows that do not fit, and files that are no models, are refused', async () => {
  await rejectsError(
    () => onnxOracle({ model: onnxOf(mlp), inputShape: [13] }),
    ConfigError,
    /model\.onnx: expected rows of \[12\], got \[13\]/,
  );
  await rejectsError(
    () => onnxOracle({ model: new TextEncoder().encode('<html>'), inputShape: [12], name: 'm.onnx' }),
    FormatError,
    /m\.onnx: expected an ONNX model, got a file that cannot be run/,
  );
});

test('an audit of it finds what an audit of the model finds', async () => {
  const nonMembers = noise(2, 100, [12], 5);
  const oracle = await onnxOracle({ model: onnxOf(mlp), inputShape: [12], name: 'mlp.onnx' });
  const attacks = ['loss', 'gap', 'entropy'];
  const record = await auditTarget({ oracle, members, nonMembers, attacks });
  await oracle.dispose();
  const own = await auditTarget({ predict: (x) => mlp.predict(x), inputShape: [12], members, nonMembers, attacks });
  assert.equal([record.model.name, record.target?.kind, record.target?.outputs], ['mlp.onnx', 'onnx', 'probabilities']);
  for (const [i, { auc }] of record.attacks.entries())
    assert.ok(Math.abs(auc.value! - own.attacks[i]!.auc.value!) < 1e-3, record.attacks[i]!.name);
  assert.ok(record.attacks[0]!.auc.low > 0.8);
});

test('axes of one move freely: images of one channel for either layout', async () => {
  const smooth: Model = {
    ...nn.sequential([nn.linear({ inputs: 4, outputs: 3 })]),
    name: 'linear',
    inputShape: [4],
    classes: 3,
  };
  using c = Classifier.create(engine, smooth);
  const oracle = await onnxOracle({ model: onnxOf(c, { shape: [1, 2, 2] }), inputShape: [2, 2, 1] });
  const x = noise(1, 3, [4], 3).x;
  near((await oracle.ask(x)).values, await c.predict(x));
  await oracle.dispose();
});
