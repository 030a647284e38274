/** Training defences that are a setting of the loop, the network or the optimiser: each against what it stands for. */

import { augment } from '../../data/index.ts';
import { defenses, trainDefended } from '../../defenses/index.ts';
import { withDropout, withPenalty } from '../../defenses/training/index.ts';
import {
  Classifier,
  ConfigError,
  examplesOf,
  mapTree,
  namedModel,
  namedTensors,
  nn,
  ops,
  optim,
  Rng,
  tensorsOf,
  valueAndGrad,
} from '../../engine/index.ts';
import { fitPrivate, Ledger } from '../../privacy/index.ts';
import { assert, suite } from '../harness.ts';
import { hashOf, model, noiseRows, sha, trained } from '../support/defended.ts';
import { testEngine } from '../support/engine.ts';
import { rejectsError, throwsError } from '../support/throws.ts';

const engine = await testEngine();
const data = noiseRows(1, 40);

const penalty = suite('L2');

penalty('a step is the step on loss + weight |p|^2', () =>
  engine.run('l2', () => {
    const weight = 0.3;
    const params = { w: engine.tensor(Float64Array.from([1, -2, 3])), b: engine.tensor(Float64Array.from([0.5])) };
    const loss = (p: typeof params) => ops.add(ops.sum(ops.mul(p.w, p.w)), ops.sum(ops.scale(p.b, 3)));
    const size = (p: typeof params) => ops.add(ops.sum(ops.square(p.w)), ops.sum(ops.square(p.b)));
    for (const plain of [optim.sgd({ learningRate: 0.1, momentum: 0.9 }), optim.adam({ learningRate: 0.1 })]) {
      const copies = () => mapTree(params, (t) => engine.tensor(t.toArray()));
      const [a, b, c] = [copies(), copies(), copies()] as [typeof params, typeof params, typeof params];
      const decayed = withPenalty(plain, weight);
      let [one, two, three] = [decayed.init(a), plain.init(b), decayed.init(c)];
      let pure = c;
      for (let step = 0; step < 3; step++) {
        one = decayed.step(a, valueAndGrad(loss, a).grads, one);
        const whole = (p: typeof params) => ops.add(loss(p), ops.scale(size(p), weight));
        two = plain.step(b, valueAndGrad(whole, b).grads, two);
        ({ params: pure, state: three } = decayed.update(pure, valueAndGrad(loss, pure).grads, three));
      }
      const [x, y, z] = [a, b, pure].map((tree) => tensorsOf(tree).flatMap((t) => [...t.view()]));
      for (const [i, v] of y!.entries()) {
        assert.ok(Math.abs(x![i]! - v) < 1e-12, `${plain.name}: ${x} and ${y}`);
        assert.ok(Math.abs(z![i]! - v) < 1e-12, `${plain.name}, pure: ${z} and ${y}`);
      }
    }
  }),
);

const drop = suite('dropout');

drop('answers and saved files are those of the named model', () => {
  const image = namedModel('cifar', [8, 8, 3], 4);
  const dropping = withDropout(image, 0.5);
  using plain = Classifier.create(engine, image, { seed: 1 });
  using other = Classifier.create(engine, dropping, { seed: 1 });
  assert.is(sha(other.save()), sha(plain.save()));
  assert.equal(
    namedTensors(other.params).map(([path]) => path),
    namedTensors(plain.params).map(([path]) => path),
  );
  using loaded = Classifier.load(engine, other.save());
  engine.run('forward', () => {
    const x = engine.tensor(noiseRows(1, 16).x, [1, 8, 8, 3]);
    const of = (c: Classifier) => String(c.model.apply(c.params, x, nn.EVAL).view());
    assert.is(of(other), of(plain));
    assert.is(of(loaded), of(plain));
  });
});

drop('drops before each dense layer but one that reads the input, at its rate', () =>
  engine.run('dropout', () => {
    // linear layers that add up their inputs, of which all are 1
    const ones = { ...model, ...withDropout(namedModel('mlp', [4], 2), 0.25) };
    const params = mapTree(ones.init({ engine, rng: Rng.from(1), dtype: 'f64' }), (t) =>
      engine.full(t.shape, t.shape.length === 2 ? 1 / t.shape[1]! : 0, 'f64'),
    ) as readonly unknown[];
    const n = 4000;
    const out = ones.apply(params, engine.ones([n, 4], 'f64'), { mode: 'train', rng: Rng.from(2) });
    const first = Array.from({ length: n }, (_, i) => out.view()[2 * i]!);
    const mean = first.reduce((a, b) => a + b, 0) / n;
    const variance = first.reduce((sum, v) => sum + (v - mean) ** 2, 0) / n;
    // 128 means of 256 kept at 3/4 share one mask of 256, then one of 128: var = k/256 + k/128 + k^2/(256 128), k = 1/3
    const k = 1 / 3;
    const expected = k / 256 + k / 128 + (k * k) / (256 * 128);
    assert.ok(Math.abs(mean - 1) < 5 * Math.sqrt(expected / n), `${mean}`);
    assert.ok(Math.abs(variance / expected - 1) < 5 * Math.sqrt(2 / n), `${variance}, expected ${expected}`);
  }),
);

drop('a model of one’s own, or one without hidden layers, is refused', () => {
  const own = { ...model, name: 'mine' };
  throwsError(() => withDropout(own, 0.5), ConfigError, /expected one of the models .*got 'mine'/);
  throwsError(() => withDropout(namedModel('softmax', [4], 2), 0.5), ConfigError, /hidden layer, got 'softmax'/);
});

const smooth = suite('label smoothing, augmentation, early stopping, DP-SGD: the same bits as by hand');

/** What `trained` trains by, on a fresh classifier. */
const base = { epochs: 3, batchSize: 8, seed: 3 };

smooth('label smoothing', async () => {
  const d = await trained(engine, 'label-smoothing', data, { options: { smoothing: 0.3 } });
  using c = Classifier.create(engine, model, { seed: 3 });
  await c.fit(data, { ...base, loss: (z, y) => nn.losses.smoothedCrossEntropy(z, y, 0.3) });
  assert.is(hashOf(d), sha(c.save()));
  d.classifier.dispose();
});

smooth('augmentation', async () => {
  const d = await trained(engine, 'augmentation', data, { options: { flip: 0.25, shift: 1 } });
  using c = Classifier.create(engine, model, { seed: 3 });
  await c.fit(data, {
    ...base,
    augment: (x, [h, w, channels], rng) =>
      x.set(
        augment(
          x as Float32Array,
          [x.length / 12, h!, w!, channels!],
          [
            { kind: 'flip', probability: 0.25 },
            { kind: 'shift', most: 1 },
          ],
          rng,
        ),
      ),
  });
  assert.is(hashOf(d), sha(c.save()));
  d.classifier.dispose();
});

smooth('early stopping on rows that are given', async () => {
  const validation = noiseRows(2, 30);
  const recipe = { epochs: 30, batchSize: 8 };
  const d = await trained(engine, 'early-stopping', data, { recipe, reserve: validation, options: { patience: 2 } });
  using c = Classifier.create(engine, model, { seed: 3 });
  const result = await c.fit(data, { ...recipe, seed: 3, validation, earlyStopping: { patience: 2 } });
  assert.is(hashOf(d), sha(c.save()));
  const losses = result.history.map((record) => record.validation!.loss);
  assert.is(d.marks.stoppedEarly, losses.indexOf(Math.min(...losses)) + 1);
  assert.equal([d.epochs, d.trained.length], [result.epochs, 40]);
  d.classifier.dispose();
});

smooth('DP-SGD', async () => {
  const d = await trained(engine, 'dp-sgd', data, { options: { epsilon: 2, delta: 1e-3, clip: 0.5 } });
  using c = Classifier.create(engine, model, { seed: 3 });
  const { epsilon } = await fitPrivate(engine, model, c.params, data, {
    epochs: 3,
    batchSize: 8,
    clip: { kind: 'flat', norm: 0.5 },
    epsilon: 2,
    delta: 1e-3,
    reproducible: 3,
    ledger: new Ledger(),
  });
  assert.is(hashOf(d), sha(c.save()));
  assert.is(d.marks.epsilon, epsilon.upper);
  assert.ok(d.marks.epsilon! <= 2);
  assert.ok(
    d.marks.notes.some((note) => note.includes('not private')),
    'its noise can be repeated, and it says so',
  );
  d.classifier.dispose();
});

const refused = suite('what a defence cannot work with is refused');

refused('augmentation of tables, and on top of another one', async () => {
  const rows = examplesOf(new Float32Array(80), new Int32Array(20), [4], 2);
  const table = namedModel('mlp', [4], 2);
  const recipe = { epochs: 1 };
  await rejectsError(
    () => trainDefended(engine, table, rows, { defence: 'augmentation', recipe }),
    ConfigError,
    /expected images \[h, w, channels\], got rows of \[4\]/,
  );
  const own = { epochs: 1, augment: () => {} };
  for (const defence of ['augmentation', 'dp-sgd'] as const)
    await rejectsError(
      () => trained(engine, defence, data, { recipe: own }),
      ConfigError,
      /recipe without augmentation/,
    );
});

const inward = suite('distillation');

inward('the published model never sees a training row or a reserve label', async () => {
  const reserve = noiseRows(2, 30);
  const other = examplesOf(reserve.x, new Int32Array(30), model.inputShape, model.classes);
  const one = await trained(engine, 'distillation', data, { reserve });
  const two = await trained(engine, 'distillation', data, { reserve: other });
  assert.is(hashOf(one), hashOf(two), 'labels of the reserve do not matter');
  assert.equal([one.epochs, one.steps], [6, 3 * 5 + 3 * 4]);
  assert.equal(one.marks, two.marks, 'what it learnt is what its teacher said');
  assert.ok(defenses.distillation.needsReserve);
  one.classifier.dispose();
  two.classifier.dispose();
});
