/** Training: it learns, it repeats itself to the bit, it says where it is, and it refuses what cannot work. */
import { createHash } from 'node:crypto';
import {
  Classifier,
  ConfigError,
  examplesOf,
  type FitOptions,
  fit,
  type Model,
  NumericError,
  namedModel,
  nn,
  optim,
  type Progress,
  Rng,
  ShapeError,
} from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { clusters, digitRows, noise } from '../support/data.ts';
import { testEngine } from '../support/engine.ts';
import { rejectsError } from '../support/throws.ts';

const engine = await testEngine();
const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

const small: Model = {
  ...nn.sequential([
    nn.linear({ inputs: 6, outputs: 8 }),
    nn.tanh(),
    nn.dropout(0.2),
    nn.linear({ inputs: 8, outputs: 2 }),
  ]),
  name: 'small',
  inputShape: [6],
  classes: 2,
};
const data = clusters(1, 50, 6);

/** Trains a fresh small model; the hash of what it became. */
async function trained(options: FitOptions, seed = 0): Promise<string> {
  using c = Classifier.create(engine, small, { seed });
  await c.fit(data, options);
  return sha(c.save());
}

const learns = suite('fit learns');

learns('the digits, to over 90 % on rows it has not seen', async () => {
  using c = Classifier.create(engine, namedModel('mlp', [8, 8, 1], 10));
  const { history, steps, epochs } = await c.fit(await digitRows(0, 1200), { epochs: 6, batchSize: 32 });
  const test = await c.evaluate(await digitRows(1200, 597));
  assert.ok(test.accuracy > 0.9, `accuracy ${test.accuracy}`);
  assert.equal([steps, epochs, test.n], [6 * 38, 6, 597]);
  assert.ok(history.at(-1)!.loss < history[0]!.loss / 2);
});

learns('on the reference backend, in f64, to the same result as on wasm', async () => {
  const losses = [];
  for (const dtype of ['f32', 'f64'] as const) {
    using c = Classifier.create(engine, small, { dtype });
    assert.is(c.dtype, dtype);
    losses.push((await c.fit(data, { epochs: 5, batchSize: 16 })).history.at(-1)!.loss);
  }
  assert.ok(Math.abs(losses[0]! - losses[1]!) < 1e-5, `${losses}`);
});

learns('images, with convolutions', async () => {
  using c = Classifier.create(engine, namedModel('mnist', [8, 8, 1], 10));
  const { history } = await c.fit(await digitRows(0, 600), {
    epochs: 8,
    batchSize: 32,
    optimizer: optim.adam({ learningRate: 5e-3 }),
  });
  assert.ok(history.at(-1)!.loss < 1, `loss ${history.at(-1)!.loss}`);
});

const bits = suite('fit repeats itself to the bit');

bits('same seeds, same bits; another seed of either kind, others', async () => {
  const options = { epochs: 3, batchSize: 8, seed: 5 };
  const first = await trained(options);
  assert.is(await trained(options), first);
  assert.is.not(await trained({ ...options, seed: 6 }), first);
  assert.is.not(await trained(options, 1), first);
});

bits('two runs that take turns on one engine do not disturb each other', async () => {
  const options = { epochs: 20, batchSize: 4, seed: 5 };
  const alone = await trained(options);
  const [a, b] = await Promise.all([trained(options), trained({ ...options, seed: 9 })]);
  assert.is(a, alone);
  assert.is.not(b, alone);
});

bits('also with augmentation, which changes the result', async () => {
  const augment: FitOptions['augment'] = (x, shape, rng) => {
    assert.equal([...shape], [6]);
    for (let i = 0; i < x.length; i++) x[i]! += 0.1 * rng.normal();
  };
  const options = { epochs: 2, batchSize: 8 };
  const plain = await trained(options);
  const changed = await trained({ ...options, augment });
  assert.is(await trained({ ...options, augment }), changed);
  assert.is.not(changed, plain);
  assert.is(await trained(options), plain, 'the rows themselves were not changed');
});

const steps = suite('batches and progress');

steps('every row is used once an epoch, the last batch may be smaller', async () => {
  const seen: number[][] = [];
  const take = (rows: ArrayLike<number>) => {
    seen.push(Array.from(rows));
    return data.take(rows);
  };
  const spy = { ...data, take };
  using c = Classifier.create(engine, small);
  const progress: Progress[] = [];
  const result = await c.fit(spy, { epochs: 2, batchSize: 16, onProgress: (p) => progress.push(p) });
  assert.equal(
    seen.map((rows) => rows.length),
    [16, 16, 16, 2, 16, 16, 16, 2],
  );
  const order = [seen.slice(0, 4).flat(), seen.slice(4).flat()];
  for (const epoch of order)
    assert.equal(
      [...epoch].sort((a, b) => a - b),
      Array.from({ length: 50 }, (_, i) => i),
    );
  assert.is.not(String(order[0]), String(order[1]));
  assert.equal(
    progress.map((p) => [p.epoch, p.step]),
    [1, 2, 3, 4, 5, 6, 7, 8].map((s) => [s < 5 ? 1 : 2, s]),
  );
  assert.ok(progress.every((p) => p.epochs === 2 && p.steps === 8 && Number.isFinite(p.loss)));
  assert.equal([result.steps, result.epochs, result.history.length], [8, 2, 2]);
  // an epoch's loss is the mean over its rows, not over its batches
  const mean = progress.slice(0, 4).reduce((s, p, i) => s + p.loss * [16, 16, 16, 2][i]!, 0) / 50;
  assert.ok(Math.abs(result.history[0]!.loss - mean) < 1e-12);
});

steps('batches of one row, and of more rows than there are', async () => {
  for (const [batchSize, perEpoch] of [
    [1, 50],
    [1000, 1],
  ] as const) {
    using c = Classifier.create(engine, small);
    assert.is((await c.fit(data, { epochs: 2, batchSize })).steps, 2 * perEpoch);
  }
});

steps('no epochs change nothing', async () => {
  using c = Classifier.create(engine, small);
  const before = sha(c.save());
  assert.equal({ ...(await c.fit(data, { epochs: 0 })) }, { history: [], epochs: 0, steps: 0 });
  assert.is(sha(c.save()), before);
});

steps('validation after each epoch is what evaluate says', async () => {
  using c = Classifier.create(engine, small);
  const validation = clusters(2, 30, 6);
  const { history } = await c.fit(data, { epochs: 3, validation });
  assert.equal(
    history.map((r) => r.epoch),
    [1, 2, 3],
  );
  assert.equal(history.at(-1)!.validation, await c.evaluate(validation));
  assert.is(history[0]!.validation!.n, 30);
});

steps('validation by a function: its figures are kept, stop training and choose the epoch', async () => {
  const figures = [0.9, 0.5, 0.7, 0.6];
  let asked = 0;
  using c = Classifier.create(engine, small);
  const validation = async () => ({ loss: figures[asked++]!, accuracy: 0.5, n: 7 });
  const { history, epochs } = await c.fit(data, { epochs: 9, validation, earlyStopping: { patience: 2 } });
  assert.equal([epochs, asked], [4, 4]);
  assert.equal(
    history.map((r) => r.validation),
    figures.map((loss) => ({ loss, accuracy: 0.5, n: 7 })),
  );
  using same = Classifier.create(engine, small);
  await same.fit(data, { epochs: 2 });
  assert.is(sha(c.save()), sha(same.save()));
});

steps('another loss trains as well', async () => {
  using c = Classifier.create(engine, small);
  const optimizer = optim.adam({ learningRate: 0.02 });
  const { history } = await c.fit(data, { epochs: 20, loss: nn.losses.hinge, optimizer });
  assert.ok(history.at(-1)!.loss < history[0]!.loss / 2, `${history[0]!.loss} to ${history.at(-1)!.loss}`);
  assert.ok((await c.evaluate(data)).accuracy > 0.9);
});

const stopping = suite('early stopping');
const few = noise(3, 24, [6], 2);
const held = noise(4, 24, [6], 2);
const overfit = (c: Classifier, options: Partial<FitOptions>) =>
  c.fit(few, { epochs: 40, batchSize: 8, optimizer: optim.adam({ learningRate: 0.01 }), validation: held, ...options });

stopping('ends at the epoch that the rule names, with the best parameters back', async () => {
  using whole = Classifier.create(engine, small);
  const losses = (await overfit(whole, {})).history.map((r) => r.validation!.loss);
  for (const [patience, minDelta] of [
    [1, 0],
    [3, 0],
    [3, 0.01],
    [8, 0],
  ] as const) {
    let best = 0;
    let end = losses.length;
    for (let e = 0; e < end; e++) {
      if (losses[e]! < losses[best]! - minDelta) best = e;
      if (e - best >= patience) end = e + 1;
    }
    for (const restoreBest of [true, false]) {
      using c = Classifier.create(engine, small);
      const result = await overfit(c, { earlyStopping: { patience, minDelta, restoreBest } });
      assert.is(result.epochs, end, `patience ${patience}, minDelta ${minDelta}`);
      assert.is(result.history.length, end);
      using same = Classifier.create(engine, small);
      await overfit(same, { epochs: restoreBest ? best + 1 : end });
      assert.is(sha(c.save()), sha(same.save()), `patience ${patience}, restoreBest ${restoreBest}`);
    }
  }
});

stopping('gives the best parameters back when the epochs run out first', async () => {
  using c = Classifier.create(engine, small);
  const { history } = await overfit(c, { earlyStopping: { patience: 100 } });
  const losses = history.map((r) => r.validation!.loss);
  const best = losses.indexOf(Math.min(...losses));
  assert.ok(best < 39, 'it does over-fit');
  assert.is((await c.evaluate(held)).loss, losses[best]);
});

const numeric = suite('numbers that leave the finite range');

numeric('NaN and infinite inputs stop training, with the step', async () => {
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
    for (const name of ['mlp', 'softmax']) {
      const x = data.x.slice();
      x[6 * 17 + 2] = bad;
      using c = Classifier.create(engine, namedModel(name, [6], 2));
      const saved: Uint8Array[] = [];
      const store = { load: async () => null, save: async (b: Uint8Array) => void saved.push(b) };
      const error = await rejectsError(
        () => c.fit(examplesOf(x, data.y, [6], 2), { epochs: 2, batchSize: 10, checkpoint: store }),
        NumericError,
        /the loss became NaN at step \d \(epoch 1, batch \d\)\. Lower the learning rate/,
      );
      const order = Rng.from(0).split('fit').split('epoch 0').split('shuffle').permutation(50);
      assert.is(error.step, Math.floor(order.indexOf(17) / 10), 'the step of the batch that holds the row');
      assert.is(saved.length, 0, 'broken numbers are not kept');
    }
  }
});

numeric('a learning rate far too high is found at the step after', async () => {
  using c = Classifier.create(engine, namedModel('mlp', [6], 2));
  await rejectsError(
    () => c.fit(data, { epochs: 50, batchSize: 10, optimizer: optim.sgd({ learningRate: 1e30 }) }),
    NumericError,
    /Lower the learning rate/,
  );
});

const options = suite('fit refuses options that cannot work, before it starts');
const good: FitOptions = { epochs: 1 };
for (const [name, bad, path] of [
  ['epochs 1.5', { epochs: 1.5 }, 'epochs'],
  ['epochs -1', { epochs: -1 }, 'epochs'],
  ['epochs NaN', { epochs: Number.NaN }, 'epochs'],
  ['batchSize 0', { batchSize: 0 }, 'batchSize'],
  ['batchSize 2.5', { batchSize: 2.5 }, 'batchSize'],
  ['seed 0.5', { seed: 0.5 }, 'seed'],
  ['early stopping without validation', { earlyStopping: { patience: 1 } }, 'earlyStopping'],
  ['patience 0', { earlyStopping: { patience: 0 }, validation: held }, 'earlyStopping.patience'],
  ['patience NaN', { earlyStopping: { patience: Number.NaN }, validation: held }, 'earlyStopping.patience'],
  ['minDelta -1', { earlyStopping: { patience: 1, minDelta: -1 }, validation: held }, 'earlyStopping.minDelta'],
  ['empty validation', { validation: noise(0, 0, [6], 2) }, 'validation'],
  ['validation of another shape', { validation: noise(0, 4, [5], 2) }, 'validation'],
  [
    'a checkpoint every NaN seconds',
    { checkpoint: { load: async () => null, save: async () => {}, everySeconds: Number.NaN } },
    'checkpoint.everySeconds',
  ],
] as [string, Partial<FitOptions>, string][]) {
  options(name, async () => {
    using c = Classifier.create(engine, small);
    const before = sha(c.save());
    const error = await rejectsError(() => c.fit(data, { ...good, ...bad }), ConfigError, /expected .*got/);
    assert.is(error.path, path);
    assert.is(sha(c.save()), before);
  });
}

for (const [name, rows] of [
  ['no rows', noise(0, 0, [6], 2)],
  ['rows of another shape', noise(0, 4, [3, 2], 2)],
  ['more classes than the model has', noise(0, 4, [6], 3)],
] as const) {
  options(name, async () => {
    using c = Classifier.create(engine, small);
    assert.is((await rejectsError(() => c.fit(rows, good), ConfigError, /fit: expected/)).path, 'data');
  });
}

options('labels outside the classes', async () => {
  using c = Classifier.create(engine, small);
  await rejectsError(
    () =>
      c.fit(
        examplesOf(
          data.x,
          data.y.map((v) => v * 2),
          [6],
          2,
        ),
        good,
      ),
    ShapeError,
    /crossEntropy: expected labels from 0 to 1, got 2/,
  );
});

const friendly = suite('long training stays friendly');

friendly('timers fire while it runs, about every 50 ms or more often', async () => {
  using c = Classifier.create(engine, namedModel('mlp', [8, 8, 1], 10));
  const rows = await digitRows(0, 1200);
  let fired = 0;
  const timer = setInterval(() => fired++, 5);
  const started = performance.now();
  await c.fit(rows, { epochs: 12, batchSize: 32 });
  const ms = performance.now() - started;
  clearInterval(timer);
  assert.ok(fired >= ms / 50 - 1, `${fired} firings in ${Math.round(ms)} ms`);
});

friendly(
  '100,000 steps of a tiny net leave memory flat',
  async () => {
    const tiny = namedModel('softmax', [3], 2);
    const rows = clusters(5, 100, 3);
    using c = Classifier.create(engine, tiny);
    // 13 batches of 8 and 4 rows an epoch
    const train = (epochs: number) =>
      fit(engine, tiny, c.params, rows, {
        epochs,
        batchSize: 8,
        optimizer: optim.sgd({ learningRate: 0.1, momentum: 0.9 }),
      });
    await train(5);
    const before = engine.stats();
    const { steps } = await train(7693);
    assert.ok(steps > 100_000, `${steps}`);
    const after = engine.stats();
    assert.equal(
      [after.liveBytes, after.wasmBytes, after.tensors],
      [before.liveBytes, before.wasmBytes, before.tensors],
    );
  },
  { timeout: 60_000 },
);
