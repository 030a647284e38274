/**
 * Losses and inner attacks of robust training. Golden values: NumPy and SciPy 1.17 in f64 (softmax, log_softmax of scipy.special,
 * numpy.interp) on the arrays below; gradients against central differences.
 */
import { boundedSpace, type InputSpace, runEvasionAttack } from '../../attacks/evasion/index.ts';
import { fgsm } from '../../attacks/evasion/white-box/index.ts';
import { localTarget } from '../../attacks/index.ts';
import {
  ballAround,
  climb,
  crossEntropyOf,
  cyclic,
  divergence,
  gradientPenalised,
  inside,
  softened,
  tradesLoss,
  trainingDefenses,
  uniformStart,
} from '../../defenses/training/index.ts';
import { Classifier, leaf, namedModel, ops, Rng, type Tensor } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { checkGradient } from '../support/differences.ts';
import { testEngine } from '../support/engine.ts';

const engine = await testEngine();
const P = [2, 0, -1, 0.5, 1, 0, -1, -2, 3];
const Q = [1, 0.5, -0.5, 0, 2, 1, -1, 0, 2];
const rows = (numbers: readonly number[], shape: readonly number[] = [3, 3]) =>
  engine.tensor(Float64Array.from(numbers), shape);
const labels = () => engine.tensor(Int32Array.from([0, 0, 2]));
const close = (got: ArrayLike<number>, expected: readonly number[], what: string) => {
  assert.is(got.length, expected.length, what);
  for (const [i, v] of expected.entries())
    assert.ok(Math.abs(got[i]! - v) < 1e-12, `${what}[${i}]: expected ${v}, got ${got[i]}`);
};
const valuesOf = (f: () => Tensor) => engine.run('values', () => [...f().toArray()] as never) as number[];

const losses = suite('robust training: losses');

losses('the divergence of two rows of logits, and its gradient through both', () => {
  const expected = [0.1999766875024519, 0.1881301223803934, 0.10751335799123135];
  close(
    valuesOf(() => divergence(rows(P), rows(Q))),
    expected,
    'divergence',
  );
  engine.run('differences', () =>
    checkGradient(engine, 'divergence', ({ p, q }) => ops.sum(divergence(p, q)), { p: rows(P), q: rows(Q) }),
  );
});

losses('TRADES: cross-entropy of clean rows plus beta times the divergence, rows in two halves', () => {
  const expected = [1.369706144570997, 2.309050404924095, 0.6698250380862107];
  close(
    valuesOf(() => tradesLoss(rows([...P, ...Q], [6, 3]), labels(), 6)),
    expected,
    'TRADES',
  );
  engine.run('differences', () =>
    checkGradient(engine, 'TRADES', (z) => ops.sum(tradesLoss(z, labels(), 6)), rows([...P, ...Q], [6, 3])),
  );
});

losses('defensive distillation at temperature 20', () => {
  const expected = [1.0987701282117832, 1.0983937078421402, 1.0986022325552147];
  close(
    valuesOf(() => softened(rows(P), rows(Q), 20)),
    expected,
    'softened',
  );
});

losses('the input-gradient penalty of a linear model, and its gradient by the weights (double backpropagation)', () => {
  const weights = () => rows([0.5, -1, 2, 1, 0.25, -0.5], [2, 3]);
  const inputs = () => leaf(rows([0.2, 0.7, 0.9, -0.4, 0.1, 0.3], [3, 2]));
  const of = (w: Tensor) => {
    const before = engine.recording;
    engine.recording = true; // the differences switch it off, and the penalty itself is a gradient
    try {
      const x = inputs();
      return gradientPenalised(ops.matmul(x, w), labels(), x, 3);
    } finally {
      engine.recording = before;
    }
  };
  // -log softmax(x W)_y + 3 |(softmax(x W) - onehot y) W^T|^2
  const expected = [1.5337261650958918, 11.40419278877098, 9.709760392106327];
  engine.run('differences', () => {
    checkGradient(engine, 'penalty', (w) => ops.sum(of(w)), weights());
    close(of(weights()).toArray(), expected, 'penalised');
  });
});

losses('the cyclic learning rate is that of the authors', () => {
  // numpy.interp([(s + 1) / 6], [0, 4, 10], [0, 5e-3, 0]): 10 epochs of 6 batches, two fifths of them up
  const expected = [0.00020833333333333332, 0.0025, 0.005, 0.004861111111111111, 0.002638888888888889, 0];
  close([0, 11, 23, 24, 40, 59].map(cyclic(5e-3, 60)), expected, 'rate');
});

const attack = suite('robust training: the inner attack');
const model = namedModel('mlp', [2, 3, 1], 4);
const X = Float32Array.from({ length: 30 }, (_, i) => ((i * 7) % 11) / 10);
const Y = Int32Array.from([0, 1, 2, 3, 0]);

const withNet = (use: (net: Classifier, x: Tensor, y: Tensor) => void) => {
  using net = Classifier.create(engine, model, { seed: 2 });
  engine.run('inner attack', () => use(net, engine.tensor(X, [5, 2, 3, 1]), engine.tensor(Y)));
};

attack('the radius of PGD training rises from 0 over its warm-up, and stays', () =>
  withNet((classifier, x, y) => {
    const data = { size: 5, inputShape: [2, 3, 1], classes: 4, take: () => ({ x: X, y: Y }) };
    const space = boundedSpace([2, 3, 1], [-9, 9]);
    const options = { epsilon: 0.4, steps: 3, step: 0, warmup: 0.5, peak: 0 };
    const recipe = { epochs: 20, batchSize: 5 };
    const context = { engine, classifier, data, reserve: data, space, options, recipe, seed: 1 };
    const { batch } = trainingDefenses['adversarial-pgd'].fit!(context);
    const reach = (step: number) => {
      const moved = batch!({ x, y }, { epoch: step, step, rng: Rng.from(step) }).x.toArray();
      return Math.max(...moved.map((value, i) => Math.abs(value - X[i]!)));
    };
    // 20 steps in all, 10 of them rising
    for (const [step, expected] of [
      [0, 0.04],
      [4, 0.2],
      [9, 0.4],
      [19, 0.4],
    ] as const)
      assert.ok(Math.abs(reach(step) - expected) < 1e-6, `step ${step}: ${reach(step)}`);
  }),
);

attack('keeps to the ball and the bounds, leaves what cannot change, and raises the loss', () =>
  withNet((net, x, y) => {
    const space: InputSpace = { ...boundedSpace([2, 3, 1], [0, 1]), fixed: Uint8Array.from([0, 0, 1, 0, 0, 0]) };
    const ball = ballAround(x, space, 0.2);
    const loss = crossEntropyOf(net, y);
    const start = inside(uniformStart(x, ball, Rng.from(1)), ball);
    const end = climb(start, ball, { steps: 10, stepSize: 0.05, loss });
    for (const at of [start, end])
      for (const [i, value] of at.toArray().entries()) {
        assert.ok(value >= 0 && value <= 1 && Math.abs(value - X[i]!) <= 0.2 + 1e-6, `${i}: ${value} from ${X[i]}`);
        if (i % 6 === 2) assert.is(value, X[i]);
      }
    assert.ok(loss(end).item() > loss(start).item() && loss(end).item() > loss(x).item());
  }),
);

attack('one step of epsilon from the rows themselves is FGSM', async () => {
  using net = Classifier.create(engine, model, { seed: 2 });
  const space = boundedSpace([2, 3, 1], [0, 1]);
  const y = await localTarget(net).labels(X);
  const run = { target: localTarget(net), x: X, y, space, norm: 'linf', epsilon: 0.1, rng: Rng.from(1) } as const;
  const { x: expected } = await runEvasionAttack(fgsm, run);
  const moved = engine.run('step', () => {
    const x = engine.tensor(X, [5, 2, 3, 1]);
    const loss = crossEntropyOf(net, engine.tensor(y));
    return [...climb(x, ballAround(x, space, 0.1), { steps: 1, stepSize: 0.1, loss }).toArray()] as never;
  }) as number[];
  for (const [i, value] of expected.entries()) assert.ok(Math.abs(moved[i]! - value) < 1e-6, `${i}`);
});

attack('starts are spread over the ball', ({ seed }) => {
  engine.run('starts', () => {
    const n = 4000;
    const x = engine.full([n, 1, 1, 1], 0.5);
    const ball = ballAround(x, boundedSpace([1, 1, 1], [0, 1]), 0.3);
    const moved = uniformStart(x, ball, Rng.from(seed)).toArray();
    const below = moved.filter((value) => value < 0.35).length / n;
    // a quarter of U(0.2, 0.8) lies below 0.35; five standard deviations
    assert.ok(Math.abs(below - 0.25) < 5 * Math.sqrt((0.25 * 0.75) / n), `${below}`);
    assert.ok(moved.every((value) => value >= 0.2 - 1e-6 && value <= 0.8 + 1e-6));
  });
});
