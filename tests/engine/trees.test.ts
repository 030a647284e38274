/** Gradient-boosted trees: an independent implementation's numbers, what every fit must satisfy, and what is refused. */
import fc from 'fast-check';
import { ConfigError, Rng } from '../../engine/index.ts';
import {
  type BoostedTreesOptions,
  boostedTrees,
  boostedTreesSteps,
  fitBoostedTrees,
} from '../../engine/learn/index.ts';
import { assert, suite } from '../harness.ts';
import { near } from '../support/near.ts';
import { throwsError } from '../support/throws.ts';

const agrees = suite("boosted trees agree with scikit-learn's");

/** The rows of the golden values: multiples of 1/8, so that other programs make the same. */
function goldenRows() {
  const rows = Array.from({ length: 40 }, (_, i) => [0, 1, 2].map((j) => ((i * (7 + 6 * j) + j * j) % 41) / 8));
  const y = rows.map(([a, b], i) => (a! > 2.2 !== b! > 3.1 || i % 11 === 3 ? 1 : 0));
  return { x: Float64Array.from(rows.flat()), y };
}

// scikit-learn 1.9.1: HistGradientBoostingClassifier(min_samples_leaf=1, max_bins=255, early_stopping=False, max_leaf_nodes=None
// unless given), decision_function of the first six rows. It keeps gradients and curvatures in f32.
const golden: [string, BoostedTreesOptions, number[]][] = [
  [
    'one stump without penalty',
    { trees: 1, learningRate: 1, depth: 1, l2: 0 },
    [
      -1.5055027719407923, 0.9939584045261469, -1.5055027719407923, 0.9939584045261469, 0.9939584045261469,
      0.9939584045261469,
    ],
  ],
  [
    'ten trees of depth 2',
    { trees: 10, learningRate: 0.3, depth: 2, l2: 1 },
    [
      -1.1686219668207762, 0.6575705008945596, -0.11744000447221434, 1.3622311863376424, 1.3931809285131758,
      -0.06005523222147419,
    ],
  ],
  [
    'a half penalty, depth 3',
    { trees: 25, learningRate: 0.1, depth: 3, l2: 0.5 },
    [
      -1.8611965738434877, -0.08011369386164516, 1.611252271067703, 1.6137853967146474, 2.2176963300570036,
      -0.7112034466172488,
    ],
  ],
  [
    'five leaves where they gain most, of any depth',
    { trees: 12, learningRate: 0.2, depth: 30, leaves: 5, l2: 1 },
    [
      -1.2662617446526203, 0.3244436716683996, 0.36066131268059776, 1.0172315195256283, 2.0283801948091353,
      -0.691311319431538,
    ],
  ],
];

for (const [name, options, expected] of golden) {
  agrees(name, () => {
    const { x, y } = goldenRows();
    const model = fitBoostedTrees(x, y, { ...options, minChildWeight: 1e-3 });
    assert.is(model.trees.length, options.trees);
    for (const [i, want] of expected.entries()) near(model.decision(x.subarray(3 * i, 3 * i + 3)), want, 1e-6, name);
  });
}

const fits = suite('boosted trees: what every fit satisfies');

/** Rows of which a few features tell the class, with noise, ties and a constant feature. */
function sample(seed: number, n: number, features = 4) {
  const rng = Rng.from(seed);
  const x = Float64Array.from({ length: n * features }, (_, at) =>
    at % features === 3 ? 7 : at % features === 2 ? rng.below(4) : rng.normal(),
  );
  const y = Int32Array.from({ length: n }, (_, i) => {
    const [a, b, c] = x.subarray(i * features, i * features + 3);
    return a! * b! + (c! > 1 ? 0.5 : 0) + 0.5 * rng.normal() > 0 ? 1 : 0;
  });
  y[0] = 0;
  y[1] = 1;
  return { x, y };
}

const logLoss = (scores: Float64Array, y: ArrayLike<number>) =>
  scores.reduce((sum, s, i) => sum + Math.log1p(Math.exp(y[i] === 1 ? -s : s)), 0);

fits('each tree lowers the training loss, and n trees are the first of n + 1', ({ seed }) => {
  const { x, y } = sample(seed, 300);
  const whole = fitBoostedTrees(x, y, { trees: 30 });
  let last = Infinity;
  for (let trees = 0; trees <= 30; trees++) {
    const model = fitBoostedTrees(x, y, { trees });
    assert.equal(model.trees, whole.trees.slice(0, trees));
    const loss = logLoss(model.decisions(x), y);
    assert.ok(loss < last, `${trees} trees: ${loss} after ${last}`);
    last = loss;
  }
});

fits('no question, no difference: the bias is the log-odds of the classes', () => {
  const model = fitBoostedTrees(new Float64Array(8).fill(3), [0, 0, 0, 0, 0, 0, 1, 1]);
  assert.equal(model.trees, []); // a constant feature gains nothing, so that growing stops at once
  near(model.decision([3]), Math.log(2 / 6), 1e-15);
});

fits('two questions in a row fit what no single one can: exclusive or', ({ seed }) => {
  const rng = Rng.from(seed);
  const x = Float64Array.from({ length: 400 }, () => rng.uniform() - 0.5);
  const y = Array.from({ length: 200 }, (_, i) => (x[2 * i]! > 0 !== x[2 * i + 1]! > 0 ? 1 : 0));
  const right = (depth: number) => {
    const decisions = fitBoostedTrees(x, y, { depth, trees: 200, learningRate: 0.3 }).decisions(x);
    return decisions.filter((d, i) => d > 0 === (y[i] === 1)).length;
  };
  assert.is(right(2), 200);
  assert.ok(right(1) < 160, `stumps: ${right(1)} of 200`); // a sum of functions of one feature each cannot
});

fits('one decision or many, from the model or from its JSON: the same bits', ({ seed }) => {
  const { x, y } = sample(seed, 200);
  const model = fitBoostedTrees(x, y, { trees: 20 });
  const many = model.decisions(x);
  const read = boostedTrees(JSON.parse(JSON.stringify(model)));
  for (let i = 0; i < 200; i++) {
    assert.is(model.decision(x.subarray(4 * i, 4 * i + 4)), many[i]);
    assert.is(read.decision(x.subarray(4 * i, 4 * i + 4)), many[i]);
  }
});

fits('known bits', () => {
  const { x, y } = sample(1, 3000);
  const model = fitBoostedTrees(x, y, { trees: 20, subsample: 0.7, rng: Rng.from(5) });
  const sum = model.decisions(x).reduce((a, d) => a + d, 0);
  assert.is(sum, 1529.0771838706924);
});

fits('many values in few bins: close to a search among all values, and equal values stay together', ({ seed }) => {
  const { x, y } = sample(seed, 2000);
  const test = sample(seed + 1, 2000);
  const wrong = (bins: number) => {
    const decisions = fitBoostedTrees(x, y, { bins }).decisions(test.x);
    return decisions.filter((d, i) => d > 0 !== (test.y[i] === 1)).length;
  };
  // sampling alone moves an error rate of a quarter by 2000 * 0.43 / sqrt(2000) = 19 rows
  assert.ok(Math.abs(wrong(32) - wrong(256)) < 60, `${wrong(32)} and ${wrong(256)} wrong of 2000`);
  assert.ok(wrong(256) < 600, `${wrong(256)} wrong of 2000`);
});

fits('depth, leaves and the weight of a side are kept', ({ seed }) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 2, max: 20 }),
      fc.double({ min: 0, max: 8, noNaN: true }),
      fc.integer(),
      (depth, leaves, minChildWeight, s) => {
        const { x, y } = sample(s, 120);
        const [tree] = fitBoostedTrees(x, y, { trees: 1, depth, leaves, minChildWeight }).trees;
        if (!tree) return true;
        const weight = new Float64Array(tree.feature.length);
        const ones = y.reduce((a, b) => a + b, 0) / 120;
        let deepest = 0;
        for (let i = 0; i < 120; i++) {
          let node = 0;
          let at = 0;
          weight[0]! += ones * (1 - ones);
          for (; tree.feature[node]! >= 0; at++) {
            node = tree.left[node]! + (x[4 * i + tree.feature[node]!]! <= tree.threshold[node]! ? 0 : 1);
            weight[node]! += ones * (1 - ones);
          }
          deepest = Math.max(deepest, at);
        }
        const ends = tree.feature.filter((f) => f < 0).length;
        return deepest <= depth && ends <= leaves && weight.every((w) => w > 0 && w >= minChildWeight - 1e-9);
      },
    ),
    { seed, numRuns: 100 },
  );
});

fits('a larger penalty or a larger minimum gain gives a smaller model', ({ seed }) => {
  const { x, y } = sample(seed, 300);
  const size = (o: BoostedTreesOptions) => fitBoostedTrees(x, y, { trees: 10, ...o });
  const spread = (o: BoostedTreesOptions) => Math.max(...size(o).decisions(x).map(Math.abs));
  assert.ok(spread({ l2: 100 }) < spread({ l2: 1 }));
  const nodes = (o: BoostedTreesOptions) => size(o).trees.reduce((sum, t) => sum + t.feature.length, 0);
  assert.ok(nodes({ minGain: 3 }) < nodes({}));
  assert.is(size({ minGain: 1e9 }).trees.length, 0);
});

fits('rows drawn anew for each tree: by the seed alone, and other trees than from all rows', ({ seed }) => {
  const { x, y } = sample(seed, 300);
  const fit = (s: number) => fitBoostedTrees(x, y, { trees: 5, subsample: 0.5, rng: Rng.from(s) }).trees;
  assert.equal(fit(1), fit(1));
  assert.not.equal(fit(1), fit(2));
  assert.not.equal(fit(1)[0], fit(1)[1]);
  // a share so small that a draw may be empty still grows trees
  assert.is(fitBoostedTrees(x, y, { trees: 50, subsample: 1e-6, rng: Rng.from(1) }).trees.length, 50);
});

fits('validation rows stop it, and what came after their best loss is dropped', ({ seed }) => {
  const { x, y } = sample(seed, 300);
  const validation = sample(seed + 1, 300);
  const settings = { trees: 400, depth: 6, learningRate: 0.3 };
  const stopped = fitBoostedTrees(x, y, { ...settings, validation: { ...validation, patience: 5 } });
  const kept = stopped.trees.length;
  assert.ok(kept > 0 && kept < 100, `${kept} trees`);
  const loss = (trees: number) =>
    logLoss(fitBoostedTrees(x, y, { ...settings, trees }).decisions(validation.x), validation.y);
  for (let trees = kept - 3; trees <= kept + 5; trees++) assert.ok(loss(kept) <= loss(trees), `${trees} of ${kept}`);
});

fits('step by step is the same', ({ seed }) => {
  const { x, y } = sample(seed, 100);
  const steps = boostedTreesSteps(x, y, { trees: 3 });
  assert.equal([steps.next().value, steps.next().value, steps.next().value], [1, 2, 3]);
  const last = steps.next();
  assert.ok(last.done);
  assert.equal((last.value as { trees: unknown }).trees, fitBoostedTrees(x, y, { trees: 3 }).trees);
});

fits('a row that is certain already does no harm', () => {
  const x = Float64Array.from({ length: 100 }, (_, i) => i);
  const y = Array.from({ length: 100 }, (_, i) => (i < 50 ? 0 : 1));
  const model = fitBoostedTrees(x, y, { trees: 3000, learningRate: 1, l2: 0, minChildWeight: 0 });
  for (const d of model.decisions(x)) assert.ok(Number.isFinite(d));
  assert.ok(model.decision([60]) > 10 && model.decision([40]) < -10);
});

fits('numbers at the ends of the range, and neighbours without a number between them', () => {
  const values = [-Number.MAX_VALUE, Number.MAX_VALUE, 1, 1 + Number.EPSILON, Number.MIN_VALUE, 2 * Number.MIN_VALUE];
  for (const pair of [values.slice(0, 2), values.slice(2, 4), values.slice(4)]) {
    const x = Float64Array.from({ length: 40 }, (_, i) => pair[i % 2]!);
    const model = fitBoostedTrees(
      x,
      Array.from(x, (_, i) => i % 2),
    );
    for (const i of [0, 1]) assert.is(model.decision([pair[i]!]) > 0, i === 1, String(pair));
  }
});

const refused = suite('boosted trees: what is refused');

refused('options out of range, by their names', () => {
  const { x, y } = sample(1, 20);
  for (const [options, path] of [
    [{ trees: -1 }, 'trees'],
    [{ trees: 1.5 }, 'trees'],
    [{ depth: 0 }, 'depth'],
    [{ leaves: 1 }, 'leaves'],
    [{ bins: 257 }, 'bins'],
    [{ bins: 1 }, 'bins'],
    [{ learningRate: 0 }, 'learningRate'],
    [{ learningRate: 2 }, 'learningRate'],
    [{ l2: -1 }, 'l2'],
    [{ minChildWeight: Number.NaN }, 'minChildWeight'],
    [{ minGain: -1 }, 'minGain'],
    [{ subsample: 0 }, 'subsample'],
    [{ subsample: 0.5 }, 'rng'],
    [{ validation: { x, y, patience: 0 } }, 'validation.patience'],
    [{ validation: { x: x.slice(1), y } }, 'validation.x'],
  ] as [BoostedTreesOptions, string][])
    assert.is(throwsError(() => fitBoostedTrees(x, y, options), ConfigError, /trees: expected/).path, path);
});

refused('rows that cannot be learned from', () => {
  const one = Float64Array.of(1, 2, 3, 4);
  for (const [x, y, message] of [
    [one, [0, 0, 0, 0], /rows of both classes, got 0 of class 1 among 4/],
    [one, [1, 1], /rows of both classes/],
    [one, [0, 2, 1, 1], /labels 0 or 1, got 2/],
    [one, [0, 1, 0], /as many rows as labels, got 4 numbers for 3 labels/],
    [new Float64Array(), [], /as many rows as labels/],
    [Float64Array.of(1, Number.NaN), [0, 1], /finite features, got NaN/],
    [Float64Array.of(1, Infinity), [0, 1], /finite features, got Infinity/],
  ] as [Float64Array, number[], RegExp][])
    throwsError(() => fitBoostedTrees(x, y), ConfigError, message);
});
