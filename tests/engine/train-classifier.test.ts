/** Classifier: predictions, evaluation, and files that give back the same bits. */
import {
  Classifier,
  ConfigError,
  evaluate,
  FormatError,
  KeyholeError,
  type Model,
  namedModel,
  nn,
  readSafeTensors,
  ShapeError,
  UseAfterFreeError,
  writeSafeTensors,
} from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { clusters, digitRows, noise } from '../support/data.ts';
import { testEngine } from '../support/engine.ts';
import { rejectsError, throwsError } from '../support/throws.ts';

const engine = await testEngine();
const model = namedModel('mlp', [6], 3);
const data = noise(1, 40, [6], 3);

const predicting = suite('predictions');

predicting('are probabilities: each row sums to 1, and is the softmax of the logits', async () => {
  for (const dtype of ['f32', 'f64'] as const) {
    using c = Classifier.create(engine, model, { dtype });
    const p = await c.predict(data.x);
    const z = await c.logits(data.x);
    assert.equal([p.length, z.length], [120, 120]);
    for (let i = 0; i < 40; i++) {
      const row = [...p.subarray(i * 3, i * 3 + 3)];
      assert.ok(Math.abs(row.reduce((a, b) => a + b) - 1) < 1e-6);
      const top = Math.max(...z.subarray(i * 3, i * 3 + 3));
      const e = [...z.subarray(i * 3, i * 3 + 3)].map((v) => Math.exp(v - top));
      for (const [k, v] of row.entries()) assert.ok(Math.abs(v - e[k]! / e.reduce((a, b) => a + b)) < 1e-6);
    }
  }
});

predicting('do not depend on the batch size', async () => {
  using c = Classifier.create(engine, model);
  const whole = await c.logits(data.x);
  for (const batchSize of [1, 7, 40, 1000]) {
    const parts = await c.logits(data.x, { batchSize });
    for (const [i, v] of whole.entries()) assert.ok(Math.abs(parts[i]! - v) < 1e-6, `batch ${batchSize}`);
  }
});

predicting('of no rows are none', async () => {
  using c = Classifier.create(engine, model);
  assert.is((await c.predict(new Float32Array(0))).length, 0);
});

predicting('of rows that do not fit are refused', async () => {
  using c = Classifier.create(engine, namedModel('mnist', [8, 8, 1], 10));
  await rejectsError(
    () => c.predict(new Float32Array(65)),
    ShapeError,
    /predict: expected rows of 64 numbers \[8,8,1\], got 65/,
  );
  for (const batchSize of [0, -1, 2.5, Number.NaN])
    await rejectsError(
      () => c.predict(new Float32Array(64), { batchSize }),
      ConfigError,
      /batchSize to be a whole number >= 1/,
    );
});

predicting('stop at the signal', async () => {
  using c = Classifier.create(engine, model);
  await rejectsError(
    () => c.predict(data.x, { signal: AbortSignal.abort(new RangeError('stop')) }),
    RangeError,
    /stop/,
  );
});

predicting('after dispose are refused', async () => {
  const c = Classifier.create(engine, model);
  c.dispose();
  c.dispose();
  await rejectsError(() => c.predict(data.x), UseAfterFreeError, /was freed/);
});

const evaluating = suite('evaluation');

evaluating('is the mean loss and the share of right guesses', async () => {
  using c = Classifier.create(engine, model);
  const p = await c.predict(data.x);
  let loss = 0;
  let right = 0;
  for (const [i, label] of data.y.entries()) {
    loss -= Math.log(p[i * 3 + label]!) / 40;
    const row = p.subarray(i * 3, i * 3 + 3);
    if (row[label] === Math.max(...row)) right++;
  }
  for (const batchSize of [1, 9, 256]) {
    const got = await c.evaluate(data, { batchSize });
    assert.ok(Math.abs(got.loss - loss) < 1e-6);
    assert.equal([got.accuracy, got.n], [right / 40, 40]);
  }
  await rejectsError(() => evaluate(engine, model, c.params, data, { batchSize: 0 }), ConfigError, /batchSize/);
});

evaluating('of rows of another shape is refused', async () => {
  using c = Classifier.create(engine, model);
  await rejectsError(() => c.evaluate(noise(1, 4, [5], 3)), ShapeError, /expected/);
});

const files = suite('saved classifiers');

files('load gives the same bits, shape, classes and type', async () => {
  for (const dtype of ['f32', 'f64'] as const) {
    using c = Classifier.create(engine, namedModel('cifar', [8, 8, 1], 10), { seed: 3, dtype });
    if (dtype === 'f32') await c.fit(await digitRows(0, 64), { epochs: 1 });
    const bytes = c.save({ note: 'mine' });
    using loaded = Classifier.load(engine, bytes);
    assert.equal(loaded.save({ note: 'mine' }), bytes);
    assert.equal(
      [loaded.dtype, loaded.model.name, [...loaded.model.inputShape], loaded.model.classes],
      [dtype, 'cifar', [8, 8, 1], 10],
    );
    assert.is(loaded.parameters, c.parameters);
  }
});

files('the metadata says layout, axes and more', () => {
  using c = Classifier.create(engine, namedModel('mnist', [8, 8, 1], 10));
  const { metadata, tensors } = readSafeTensors(c.save({ accuracy: '0.9', format: 'forged' }));
  assert.equal(
    { ...metadata, axes: JSON.parse(metadata['axes']!) as unknown },
    {
      accuracy: '0.9',
      format: 'keyhole.model/1',
      model: 'mnist',
      inputShape: '[8,8,1]',
      classes: '10',
      dtype: 'f32',
      layout: 'NHWC',
      axes: {
        '0.weight': 'kh,kw,in,out',
        '0.bias': 'channel',
        '3.weight': 'kh,kw,in,out',
        '3.bias': 'channel',
        '7.weight': 'out,in',
        '7.bias': 'channel',
        '9.weight': 'out,in',
        '9.bias': 'channel',
      },
    },
  );
  assert.equal([...tensors.keys()], Object.keys(JSON.parse(metadata['axes']!) as object));
});

files('a model of your own is handed to load', () => {
  const own: Model = {
    ...nn.sequential([nn.linear({ inputs: 2, outputs: 2 })]),
    name: 'own',
    inputShape: [2],
    classes: 2,
  };
  using c = Classifier.create(engine, own);
  const bytes = c.save();
  using loaded = Classifier.load(engine, bytes, { model: own });
  assert.equal(loaded.save(), bytes);
  throwsError(
    () => Classifier.load(engine, bytes),
    ConfigError,
    /expected one of softmax, mlp, mnist, mnist-tanh, mnist-strided, cifar, got 'own'/,
  );
});

files('damaged or foreign files are refused by name, and leave nothing behind', () => {
  using c = Classifier.create(engine, namedModel('softmax', [4], 3));
  const { tensors, metadata } = readSafeTensors(c.save());
  const change = (m: Record<string, string>, t = tensors) =>
    writeSafeTensors({ tensors: t, metadata: { ...metadata, ...m } });
  const more = new Map(tensors).set('extra', { shape: [1], data: new Float32Array(1) });
  const cases: [Uint8Array, RegExp][] = [
    [new Uint8Array(3), /at least 8 bytes/],
    [writeSafeTensors({ tensors, metadata: {} }), /expected format keyhole\.model\/1, got none/],
    [change({ inputShape: '[5]' }), /expected 1\.weight \[3,5\], got \[3,4\]/],
    [change({ classes: '4' }), /expected 1\.weight \[4,4\]/],
    [change({ inputShape: '[4' }), /inputShape/],
    [change({ inputShape: '"x"' }), /inputShape/],
    [change({ inputShape: '[-4]' }), /inputShape/],
    [change({ inputShape: '[1e300]' }), /inputShape/],
    [change({ classes: 'many' }), /classes/],
    [change({ classes: '0' }), /classes/],
    [change({}, new Map()), /expected 1\.weight \[3,4\], got none/],
    [change({}, more), /expected 2 tensors for model 'softmax', got 3/],
  ];
  for (const [bytes, message] of cases) {
    const error = throwsError(() => Classifier.load(engine, bytes, { file: 'net.safetensors' }), FormatError, message);
    assert.match(error.message, /^net\.safetensors: /);
    assert.is(error.file, 'net.safetensors');
  }
  assert.instance(new FormatError('', ''), KeyholeError);
});

files('a classifier trains on after it was loaded', async () => {
  using c = Classifier.create(engine, namedModel('softmax', [6], 2));
  await c.fit(clusters(1, 40, 6), { epochs: 3 });
  using loaded = Classifier.load(engine, c.save());
  const before = (await loaded.evaluate(clusters(1, 40, 6))).loss;
  const { history } = await loaded.fit(clusters(1, 40, 6), { epochs: 1 });
  assert.ok(history[0]!.loss <= before + 1e-6);
});
