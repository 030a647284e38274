/** Targets: what each access level grants, the answers' agreement, budgets, and other people's models. */
import { accessLevels, functionTarget, localTarget, restrict, type Target } from '../../attacks/index.ts';
import {
  Classifier,
  ConfigError,
  grad,
  KeyholeError,
  leaf,
  type Model,
  nn,
  ops,
  ShapeError,
  type Tensor,
  tensorsOf,
} from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { noise } from '../support/data.ts';
import { checkGradient } from '../support/differences.ts';
import { testEngine } from '../support/engine.ts';
import { rejectsError, throwsError } from '../support/throws.ts';

const engine = await testEngine();
const smooth: Model = {
  ...nn.sequential([nn.linear({ inputs: 4, outputs: 6 }), nn.tanh(), nn.linear({ inputs: 6, outputs: 3 })]),
  name: 'smooth',
  inputShape: [4],
  classes: 3,
};
const rows = noise(1, 5, [4], 3);

const access = suite('access levels');

access('each grants the ones before and nothing more, also at run time', () => {
  using c = Classifier.create(engine, smooth);
  const full = localTarget(c);
  const added = [
    ['classes', 'inputShape', 'queries'],
    ['labels'],
    ['probabilities'],
    ['logits'],
    ['logitsAndVjp', 'inputGradients'],
    ['gradientNorms', 'model', 'parameterGradient', 'params'],
  ];
  for (const [i, level] of accessLevels.entries()) {
    const cut = restrict(full, level as 'white-box');
    assert.equal(
      Object.keys(cut).sort(),
      added
        .slice(0, i + 1)
        .flat()
        .sort(),
      level,
    );
    assert.is(Object.getPrototypeOf(cut), Object.prototype);
  }
});

access('more than the target has is refused', () => {
  const plain = functionTarget({ inputShape: [1], classes: 2, predict: () => [] });
  const asked = () => restrict(plain as unknown as Target<'white-box'>, 'logits' as 'white-box');
  throwsError(asked, ConfigError, /target: expected one with access 'logits', got one without 'logits'/);
});

const local = suite('a classifier as target');

local('labels, probabilities and logits agree', async () => {
  using c = Classifier.create(engine, smooth);
  const target = localTarget(c);
  const [z, p, y] = [await target.logits(rows.x), await target.probabilities(rows.x), await target.labels(rows.x)];
  assert.equal(z, await c.logits(rows.x));
  for (let i = 0; i < 5; i++) {
    const row = [...z.subarray(i * 3, i * 3 + 3)];
    const e = row.map((v) => Math.exp(v - Math.max(...row)));
    const sum = e.reduce((a, b) => a + b);
    for (const [k, v] of e.entries()) assert.ok(Math.abs(p[i * 3 + k]! - v / sum) < 1e-15);
    assert.is(y[i], row.indexOf(Math.max(...row)));
  }
});

local('probabilities that f32 would call 1 stay apart', async () => {
  // logits (20, 0) and (25, 0): 1 - p is 2e-9 and 1.4e-11, both below f32's 6e-8
  const sure: Model = {
    ...nn.sequential([nn.linear({ inputs: 1, outputs: 2, bias: false })]),
    name: 'sure',
    inputShape: [1],
    classes: 2,
  };
  using c = Classifier.create(engine, sure);
  tensorsOf(c.params)[0]!.set([1, 0]);
  const x = Float32Array.of(20, 25);
  const p = await localTarget(c).probabilities(x);
  const f32 = await c.predict(x);
  assert.is(f32[0], f32[2]);
  assert.ok(p[0]! < p[2]! && p[2]! < 1);
  assert.ok(Math.abs(p[1]! / Math.exp(-20) - 1) < 1e-8 && Math.abs(p[3]! / Math.exp(-25) - 1) < 1e-9);
});

local('queries are counted by row, and the budget is kept', async () => {
  using c = Classifier.create(engine, smooth);
  const target = localTarget(c, { queryBudget: 12 });
  await target.labels(rows.x);
  await target.probabilities(rows.x);
  assert.is(target.queries(), 10);
  const error = await rejectsError(
    () => target.logits(rows.x),
    ConfigError,
    /expected at most 12 queries, got 10 \+ 5\. Raise the budget/,
  );
  assert.is(error.path, 'queryBudget');
  assert.is(target.queries(), 10, 'what was refused does not count');
  engine.run('t', () => void target.logitsAndVjp(engine.tensor(rows.x.slice(0, 8), [2, 4])));
  assert.is(target.queries(), 12);
  throwsError(
    () => engine.run('t', () => void target.parameterGradient(engine.ones([1, 4]), engine.tensor(new Int32Array(1)))),
    ConfigError,
    /queries/,
  );
});

local('the signal stops it', async () => {
  using c = Classifier.create(engine, smooth);
  const target = localTarget(c, { signal: AbortSignal.abort(new RangeError('stop')) });
  await rejectsError(() => target.probabilities(rows.x), RangeError, /stop/);
});

local('logitsAndVjp is the gradient of any function of the logits', ({ seed }) => {
  using c = Classifier.create(engine, smooth, { dtype: 'f64', seed });
  const target = localTarget(c);
  engine.run('t', () => {
    const x = engine.tensor(Float64Array.from(rows.x), [5, 4]);
    const weights = engine.tensor(
      Float64Array.from({ length: 15 }, (_, i) => Math.cos(i)),
      [5, 3],
    );
    const { logits, vjp } = target.logitsAndVjp(x);
    const got = vjp(weights).toArray();
    const input = leaf(x);
    const [want] = grad(ops.sum(ops.mul(smooth.apply(c.params, input, nn.EVAL), weights)), [input]);
    assert.equal([...got], [...want!.toArray()]);
    assert.equal([...logits.shape], [5, 3]);
    // twice from one forward pass
    assert.equal([...vjp(weights).toArray()], [...got]);
    checkGradient(engine, 'vjp', (p: Tensor) => ops.sum(ops.mul(smooth.apply(c.params, p, nn.EVAL), weights)), x);
    // also where the caller records nothing
    const quiet = engine.noGrad(() => target.logitsAndVjp(x).vjp(weights));
    assert.equal([...quiet.toArray()], [...got]);
  });
});

local('parameterGradient is that of the mean cross-entropy', ({ seed }) => {
  using c = Classifier.create(engine, smooth, { dtype: 'f64', seed });
  engine.run('t', () => {
    const x = engine.tensor(Float64Array.from(rows.x), [5, 4]);
    const y = engine.tensor(rows.y);
    const got = tensorsOf(localTarget(c).parameterGradient(x, y)).map((t) => t.toArray());
    const loss = () =>
      engine.run('l', () => ops.mean(nn.losses.crossEntropy(smooth.apply(c.params, x, nn.EVAL), y)).item());
    for (const [k, t] of tensorsOf(c.params).entries()) {
      const values = t.toArray() as Float64Array<ArrayBuffer>;
      for (let i = 0; i < t.size; i++) {
        const at = (by: number) => {
          t.set(values.with(i, values[i]! + by));
          return loss();
        };
        const numeric = (at(1e-5) - at(-1e-5)) / 2e-5;
        assert.ok(Math.abs(got[k]![i]! - numeric) < 1e-8, `${k} ${i}`);
      }
      t.set(values);
    }
  });
});

const other = suite('a function as target');

other('answers from plain arrays or promises, counted', async () => {
  const target = functionTarget({
    inputShape: [2],
    classes: 2,
    predict: async (x) => Array.from({ length: x.length }, (_, i) => (i % 2 ? 0.75 : 0.25)),
  });
  assert.equal([...(await target.probabilities(new Float32Array(4)))], [0.25, 0.75, 0.25, 0.75]);
  assert.equal([...(await target.labels(new Float32Array(4)))], [1, 1]);
  assert.is(target.queries(), 4);
});

other('ties go to the first class', async () => {
  const target = functionTarget({ inputShape: [1], classes: 3, predict: () => [0.2, 0.4, 0.4] });
  assert.equal([...(await target.labels(new Float32Array(1)))], [1]);
});

for (const [name, answer, kind, message] of [
  ['too few numbers', [0.5], ShapeError, /expected 2 rows of 2 probabilities, got 1 numbers/],
  ['one row too many', [0, 1, 0, 1, 0, 1], ShapeError, /got 6 numbers/],
  [
    'a row per answer',
    [
      [0, 1],
      [0, 1],
    ],
    ShapeError,
    /as one flat list of numbers, got a list of lists\. Flatten it/,
  ],
  [
    'logits',
    [3, -1, 0, 2],
    KeyholeError,
    /expected probabilities from 0 to 1, got 3 in row 0: these look like logits\. Apply softmax/,
  ],
  ['NaN', [0.5, 0.5, Number.NaN, 1], KeyholeError, /got NaN in row 1/],
] as [string, never, typeof KeyholeError, RegExp][]) {
  other(`${name} for an answer is refused`, async () => {
    const target = functionTarget({ inputShape: [3], classes: 2, predict: () => answer });
    await rejectsError(() => target.probabilities(new Float32Array(6)), kind, message);
  });
}

other('rows that do not fit are refused before it is asked', async () => {
  let asked = 0;
  const target = functionTarget({ inputShape: [3], classes: 2, predict: () => [asked++] });
  await rejectsError(
    () => target.probabilities(new Float32Array(7)),
    ShapeError,
    /expected rows of 3 numbers \[3\], got 7/,
  );
  assert.equal([asked, target.queries()], [0, 0]);
});

other('an exception of the function passes through', async () => {
  const predict = async () => {
    throw new RangeError('offline');
  };
  await rejectsError(
    () => functionTarget({ inputShape: [1], classes: 2, predict }).labels(new Float32Array(1)),
    RangeError,
    /offline/,
  );
});

other('a query budget holds', async () => {
  const target = functionTarget({ inputShape: [1], classes: 2, predict: () => [0.5, 0.5], queryBudget: 2 });
  await target.labels(new Float32Array(1));
  await target.labels(new Float32Array(1));
  const error = await rejectsError(
    () => target.labels(new Float32Array(1)),
    ConfigError,
    /expected at most 2 queries, got 2 \+ 1\. Raise the budget/,
  );
  assert.is(error.path, 'queryBudget');
});
