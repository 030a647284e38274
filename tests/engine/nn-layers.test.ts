/** Layers: shapes, whole-layer gradients in f64, initial weights, dropout. */

import { ConfigError } from '../../engine/errors.ts';
import { type Engine, nn, ops, Rng, type Shape, type Tensor, tensorsOf } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { checkGradient } from '../support/differences.ts';
import { testEngine } from '../support/engine.ts';
import { throwsError } from '../support/throws.ts';

const engine = await testEngine();
const { initialisers } = nn;

interface Case {
  readonly layer: nn.Layer;
  readonly x: Shape;
  readonly y: Shape;
  readonly parameters: number;
}

const cases: Record<string, Case> = {
  linear: { layer: nn.linear({ inputs: 3, outputs: 4 }), x: [2, 3], y: [2, 4], parameters: 16 },
  'linear without bias': {
    layer: nn.linear({ inputs: 3, outputs: 4, bias: false }),
    x: [2, 3],
    y: [2, 4],
    parameters: 12,
  },
  conv2d: {
    layer: nn.conv2d({ inputs: 2, filters: 3, size: 3, stride: 2, padding: 1 }),
    x: [2, 5, 4, 2],
    y: [2, 3, 2, 3],
    parameters: 57,
  },
  'conv2d in groups, dilated, without bias': {
    layer: nn.conv2d({ inputs: 4, filters: 2, size: [2, 1], groups: 2, dilation: [2, 1], bias: false }),
    x: [1, 4, 3, 4],
    y: [1, 2, 3, 2],
    parameters: 8,
  },
  maxPool2d: { layer: nn.maxPool2d({ size: 2, stride: 1 }), x: [2, 3, 3, 2], y: [2, 2, 2, 2], parameters: 0 },
  avgPool2d: { layer: nn.avgPool2d({ size: [2, 3] }), x: [2, 4, 3, 2], y: [2, 2, 1, 2], parameters: 0 },
  layerNorm: { layer: nn.layerNorm(5), x: [3, 5], y: [3, 5], parameters: 10 },
  groupNorm: { layer: nn.groupNorm(4, 2), x: [2, 2, 3, 4], y: [2, 2, 3, 4], parameters: 8 },
  flatten: { layer: nn.flatten(), x: [2, 3, 2, 2], y: [2, 12], parameters: 0 },
  relu: { layer: nn.relu(), x: [2, 5], y: [2, 5], parameters: 0 },
  leakyRelu: { layer: nn.leakyRelu(0.2), x: [2, 5], y: [2, 5], parameters: 0 },
  tanh: { layer: nn.tanh(), x: [2, 5], y: [2, 5], parameters: 0 },
  sigmoid: { layer: nn.sigmoid(), x: [2, 5], y: [2, 5], parameters: 0 },
  gelu: { layer: nn.gelu(), x: [2, 5], y: [2, 5], parameters: 0 },
  dropout: { layer: nn.dropout(0.4), x: [4, 5], y: [4, 5], parameters: 0 },
  residual: {
    layer: nn.residual(nn.sequential([nn.linear({ inputs: 4, outputs: 4 }), nn.tanh()])),
    x: [3, 4],
    y: [3, 4],
    parameters: 20,
  },
  'residual with a shortcut': {
    layer: nn.residual(nn.linear({ inputs: 3, outputs: 2 }), nn.linear({ inputs: 3, outputs: 2, bias: false })),
    x: [2, 3],
    y: [2, 2],
    parameters: 14,
  },
  sequential: {
    layer: nn.sequential([
      nn.linear({ inputs: 3, outputs: 5 }),
      nn.gelu(),
      nn.layerNorm(5),
      nn.linear({ inputs: 5, outputs: 2 }),
    ]),
    x: [4, 3],
    y: [4, 2],
    parameters: 42,
  },
};

function input(e: Engine, rng: Rng, shape: Shape): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return e.tensor(
    Float64Array.from({ length: size }, () => rng.normal()),
    shape,
  );
}

const layers = suite('every layer: shape, parameters and gradients');
for (const [name, { layer, x, y, parameters }] of Object.entries(cases)) {
  layers(name, ({ seed }) => {
    engine.run('t', () => {
      const rng = Rng.from(seed);
      const params = layer.init({ engine, rng: rng.split('init'), dtype: 'f64' });
      const tree = { params, x: input(engine, rng.split('x'), x) };
      // norms start as the identity: gradients are taken away from there
      for (const t of tensorsOf(params)) t.set(t.toArray().map((v, i) => v + 0.1 * Math.cos(i + 1)));
      const context = () => ({ mode: 'train', rng: Rng.from(seed).split('dropout') }) as const;
      const out = layer.apply(tree.params, tree.x, context());
      assert.equal([...out.shape], [...y]);
      assert.is(
        tensorsOf(params).reduce((n, t) => n + t.size, 0),
        parameters,
      );
      const weights = input(engine, rng.split('weights'), y);
      checkGradient(
        engine,
        name,
        (p: typeof tree) => ops.sum(ops.mul(layer.apply(p.params, p.x, context()), weights)),
        tree,
      );
    });
  });
}

layers('embedding', ({ seed }) => {
  engine.run('t', () => {
    const layer = nn.embedding({ rows: 5, width: 3 });
    const params = layer.init({ engine, rng: Rng.from(seed), dtype: 'f64' });
    const indices = engine.tensor(new Int32Array([0, 4, 4, 1]), [2, 2]);
    const y = layer.apply(params, indices, nn.EVAL);
    assert.equal([...y.shape], [2, 2, 3]);
    assert.equal([...y.toArray().slice(3, 6)], [...params.table.toArray().slice(12, 15)]);
    const weights = input(engine, Rng.from(seed).split('weights'), [2, 2, 3]);
    checkGradient(engine, 'embedding', (p) => ops.sum(ops.mul(layer.apply(p, indices, nn.EVAL), weights)), params);
  });
});

layers('equal seeds give equal parameters, layers of one net different ones', () => {
  engine.run('t', () => {
    const net = nn.sequential([nn.linear({ inputs: 3, outputs: 3 }), nn.linear({ inputs: 3, outputs: 3 })]);
    const draw = (seed: number) =>
      tensorsOf(net.init({ engine, rng: Rng.from(seed), dtype: 'f32' })).map((t) => String(t.toArray()));
    assert.equal(draw(1), draw(1));
    assert.is.not(draw(1)[0], draw(2)[0]);
    assert.is.not(draw(1)[0], draw(1)[2]);
  });
});

const init = suite('initial weights');
const N = 40_000;

/** mean 0 and the given variance, within five standard errors of each; kurtosis is E z^4 / var^2 */
function checkMoments(values: ArrayLike<number>, variance: number, kurtosis: number): void {
  const n = values.length;
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < n; i++) {
    sum += values[i]!;
    squares += values[i]! ** 2;
  }
  assert.ok(Math.abs(sum / n) < 5 * Math.sqrt(variance / n), `mean ${sum / n}`);
  const allowed = 5 * variance * Math.sqrt((kurtosis - 1) / n);
  assert.ok(Math.abs(squares / n - variance) < allowed, `variance ${squares / n}, expected ${variance}`);
}

const fans = { fanIn: 30, fanOut: 70 };
for (const [name, variance, kind] of [
  ['kaimingUniform', 2 / 30, 'uniform'],
  ['kaimingNormal', 2 / 30, 'normal'],
  ['xavierUniform', 2 / 100, 'uniform'],
  ['xavierNormal', 2 / 100, 'normal'],
  ['fanInUniform', 1 / 90, 'uniform'],
  ['lecunUniform', 1 / 30, 'uniform'],
  ['lecunNormal', 1 / 30, 'normal'],
] as const) {
  init(`${name} has its paper's variance`, ({ seed }) => {
    engine.run('t', () => {
      const context = { engine, rng: Rng.from(seed), dtype: 'f32' } as const;
      const values = initialisers[name](context, [N], fans).toArray();
      checkMoments(values, variance, kind === 'uniform' ? 9 / 5 : 3);
      const bound = Math.sqrt(3 * variance);
      const inside = values.filter((v) => Math.abs(v) <= bound).length;
      if (kind === 'uniform') assert.is(inside, N);
      else assert.ok(inside < 0.95 * N, 'a normal reaches beyond sqrt 3 deviations');
    });
  });
}

init('fans count the connections of one unit', () => {
  engine.run('t', () => {
    const seen: unknown[] = [];
    const initialise: nn.Initialiser = (context, shape, f) => {
      seen.push(f);
      return initialisers.zeros(context, shape, f);
    };
    const context = { engine, rng: Rng.from(0), dtype: 'f32' } as const;
    nn.linear({ inputs: 3, outputs: 4, initialise }).init(context);
    nn.conv2d({ inputs: 4, filters: 6, size: [3, 2], groups: 2, initialise }).init(context);
    assert.equal(seen, [
      { fanIn: 3, fanOut: 4 },
      { fanIn: 12, fanOut: 18 },
    ]);
  });
});

init('biases start at 0, norms as the identity, embeddings as N(0, 1)', ({ seed }) => {
  engine.run('t', () => {
    const context = { engine, rng: Rng.from(seed), dtype: 'f32' } as const;
    assert.equal([...nn.linear({ inputs: 3, outputs: 2 }).init(context).bias!.toArray()], [0, 0]);
    const { gamma, beta } = nn.layerNorm(2).init(context);
    assert.equal([...gamma.toArray(), ...beta.toArray()], [1, 1, 0, 0]);
    checkMoments(nn.embedding({ rows: 200, width: 200 }).init(context).table.toArray(), 1, 3);
  });
});

const drop = suite('dropout');

drop('eval mode and rate 0 give back the very input', () => {
  engine.run('t', () => {
    const x = engine.ones([3]);
    assert.is(nn.dropout(0.5).apply(null, x, nn.EVAL), x);
    assert.is(nn.dropout(0).apply(null, x, { mode: 'train' }), x);
  });
});

drop('keeps the expectation, and the stated share', ({ seed }) => {
  engine.run('t', () => {
    for (const rate of [0.1, 0.5, 0.8]) {
      const y = nn
        .dropout(rate)
        .apply(null, engine.ones([N]), { mode: 'train', rng: Rng.from(seed) })
        .toArray();
      const kept = y.filter((v) => v !== 0);
      assert.ok(Math.abs(kept.length / N - (1 - rate)) < 5 * Math.sqrt((rate * (1 - rate)) / N));
      assert.ok(kept.every((v) => v === kept[0]) && Math.abs(kept[0]! * (1 - rate) - 1) < 1e-6);
    }
  });
});

drop('two layers of one net, and two steps, draw different masks', () => {
  engine.run('t', () => {
    const mask = (context: nn.ApplyContext) =>
      String(
        nn
          .dropout(0.5)
          .apply(null, engine.ones([64]), context)
          .toArray(),
      );
    const context = { mode: 'train', rng: Rng.from(1) } as const;
    const [first, second] = [mask(context), mask(context)];
    assert.is.not(first, second);
    assert.is(mask({ mode: 'train', rng: Rng.from(1) }), first);
  });
});

drop('refuses rates outside [0, 1) and training without random numbers', () => {
  for (const rate of [-0.1, 1, 1.5, Number.NaN])
    throwsError(() => nn.dropout(rate), ConfigError, /dropout: expected a rate in \[0, 1\), got/);
  engine.run('t', () =>
    throwsError(
      () => nn.dropout(0.5).apply(null, engine.ones([2]), { mode: 'train' }),
      ConfigError,
      /expected ctx\.rng in train mode, got none/,
    ),
  );
});

const together = suite('layers that sequential computes together');
const conv = (options: Partial<nn.Conv2dOptions> = {}) => nn.conv2d({ inputs: 3, filters: 5, size: 3, ...options });
const stacks: Record<string, readonly nn.Layer[]> = {
  'linear, relu': [nn.linear({ inputs: 18, outputs: 7 }), nn.relu()],
  'linear, tanh': [nn.linear({ inputs: 18, outputs: 7 }), nn.tanh()],
  'linear, sigmoid': [nn.linear({ inputs: 18, outputs: 7 }), nn.sigmoid()],
  'linear, gelu': [nn.linear({ inputs: 18, outputs: 7 }), nn.gelu()],
  'linear without bias, tanh': [nn.linear({ inputs: 18, outputs: 7, bias: false }), nn.tanh()],
  'conv2d, sigmoid, maxPool2d': [conv(), nn.sigmoid(), nn.maxPool2d({ size: 2 })],
  'conv2d, relu, maxPool2d': [conv(), nn.relu(), nn.maxPool2d({ size: 2, stride: 1 })],
  'conv2d, tanh, maxPool2d': [conv(), nn.tanh(), nn.maxPool2d({ size: 2 })],
  'conv2d, tanh, padded maxPool2d': [conv(), nn.tanh(), nn.maxPool2d({ size: 2, stride: 3, padding: 3 })],
  'conv2d, maxPool2d, tanh': [conv(), nn.maxPool2d({ size: 2 }), nn.tanh()],
  'conv2d, maxPool2d': [conv(), nn.maxPool2d({ size: 2 })],
  'conv2d, relu': [conv({ stride: 2 }), nn.relu()],
  'conv2d without bias, tanh, maxPool2d': [conv({ bias: false }), nn.tanh(), nn.maxPool2d({ size: 2 })],
  'conv2d, avgPool2d': [conv(), nn.avgPool2d({ size: 2 })],
};
const engines = [await testEngine(), await testEngine({ build: 'relaxed' })];
for (const [name, stack] of Object.entries(stacks)) {
  for (const e of engines) {
    together(`${name}: the bits of one layer after the other, ${e.build}`, ({ seed }) => {
      e.run('t', () => {
        const rng = Rng.from(seed);
        const model = nn.sequential(stack);
        const params = model.init({ engine: e, rng: rng.split('init'), dtype: 'f32' });
        for (const t of tensorsOf(params)) t.set(t.toArray().map((v, i) => v + 0.1 * Math.cos(i + 1)));
        const shape = stack[0]!.name.startsWith('linear') ? [9, 18] : [2, 7, 9, 3];
        const x = e.cast(input(e, rng.split('x'), shape), 'f32');
        const oneByOne = stack.reduce((y, layer, i) => layer.apply(params[i], y, nn.EVAL), x);
        const fused = model.apply(params, x, nn.EVAL);
        assert.equal([...fused.shape], [...oneByOne.shape]);
        assert.equal([...fused.toArray()], [...oneByOne.toArray()]);
      });
    });
  }
  if (name.includes('padded')) continue; // windows of padding only are -Infinity
  together(`${name}: gradients`, ({ seed }) => {
    engine.run('t', () => {
      const rng = Rng.from(seed);
      const model = nn.sequential(stack);
      const params = model.init({ engine, rng: rng.split('init'), dtype: 'f64' });
      for (const t of tensorsOf(params)) t.set(t.toArray().map((v, i) => v + 0.1 * Math.cos(i + 1)));
      const x = input(engine, rng.split('x'), stack[0]!.name.startsWith('linear') ? [2, 18] : [1, 6, 5, 3]);
      checkGradient(engine, name, (p: typeof params) => ops.sum(ops.square(model.apply(p, x, nn.EVAL))), params);
    });
  });
}

together('an activation and a pool after a convolution leave one bias to add, on the pooled result', () => {
  const [first, ...next] = [conv(), nn.tanh(), nn.maxPool2d({ size: 2 }), nn.flatten()] as const;
  assert.is(first.fuse!(next).taken, 2);
  assert.is(conv().fuse!([nn.sigmoid(), nn.maxPool2d({ size: 2 })]).taken, 1);
  assert.is(conv().fuse!([]).taken, 0);
  assert.is(nn.linear({ inputs: 1, outputs: 1 }).fuse!([nn.relu(), nn.relu()]).taken, 1);
});
