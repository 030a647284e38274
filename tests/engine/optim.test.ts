/** Optimisers: the fused step, the pure update and the published rule agree; the update can be differentiated. */
import { ConfigError, type DType, KeyholeError, ops, optim, type Tensor, valueAndGrad } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { checkGradient } from '../support/differences.ts';
import { testEngine } from '../support/engine.ts';
import { throwsError } from '../support/throws.ts';

const engine = await testEngine();

/** One number's path under a rule: p after each step with gradients g_1, g_2, … */
type Path = (p: number, gradients: readonly number[]) => number[];

/** torch.optim.SGD of PyTorch 2, "Algorithm" box of its documentation, with dampening 0. */
const sgdPath =
  (lr: number, mu: number, nesterov: boolean, wd: number): Path =>
  (p, gradients) => {
    let b: number | undefined;
    return gradients.map((raw) => {
      let g = raw + wd * p;
      if (mu !== 0) {
        b = b === undefined ? g : mu * b + g;
        g = nesterov ? g + mu * b : b;
      }
      p -= lr * g;
      return p;
    });
  };

/** torch.optim.Adam and AdamW of PyTorch 2, "Algorithm" boxes of their documentation. */
const adamPath =
  (lr: number, b1: number, b2: number, eps: number, wd: number, decoupled: boolean): Path =>
  (p, gradients) => {
    let m = 0;
    let v = 0;
    return gradients.map((raw, i) => {
      let g = raw;
      if (decoupled) p -= lr * wd * p;
      else g += wd * p;
      m = b1 * m + (1 - b1) * g;
      v = b2 * v + (1 - b2) * g * g;
      p -= (lr * (m / (1 - b1 ** (i + 1)))) / (Math.sqrt(v / (1 - b2 ** (i + 1))) + eps);
      return p;
    });
  };

const rules: Record<string, [optim.Optimizer, Path]> = {
  sgd: [optim.sgd({ learningRate: 0.1 }), sgdPath(0.1, 0, false, 0)],
  'sgd with momentum': [optim.sgd({ learningRate: 0.1, momentum: 0.9 }), sgdPath(0.1, 0.9, false, 0)],
  'sgd with nesterov and weight decay': [
    optim.sgd({ learningRate: 0.05, momentum: 0.8, nesterov: true, weightDecay: 0.02 }),
    sgdPath(0.05, 0.8, true, 0.02),
  ],
  'sgd with weight decay': [optim.sgd({ learningRate: 0.1, weightDecay: 0.3 }), sgdPath(0.1, 0, false, 0.3)],
  adam: [optim.adam(), adamPath(1e-3, 0.9, 0.999, 1e-8, 0, false)],
  'adam with everything set': [
    optim.adam({ learningRate: 0.02, betas: [0.7, 0.95], eps: 1e-3, weightDecay: 0.1 }),
    adamPath(0.02, 0.7, 0.95, 1e-3, 0.1, false),
  ],
  adamW: [optim.adamW({ learningRate: 0.02 }), adamPath(0.02, 0.9, 0.999, 1e-8, 0.01, true)],
  'adamW with everything set': [
    optim.adamW({ learningRate: 0.02, betas: [0.7, 0.95], eps: 1e-3, weightDecay: 0.5 }),
    adamPath(0.02, 0.7, 0.95, 1e-3, 0.5, true),
  ],
};

const STEPS = 12;
const start = [0.5, -1.5, 2, 0, 3e-3];
// signs change, sizes span orders of magnitude, one gradient stays 0
const slopes = Array.from({ length: STEPS }, (_, t) => [
  Math.sin(t),
  0.1 * (t - 5),
  1e-4 * Math.cos(3 * t),
  0,
  -(2 ** -t),
]);

/** Parameters after each step, by the fused step and by the pure update. */
function paths(rule: optim.Optimizer, dtype: DType): { fused: number[][]; pure: number[][] } {
  return engine.run('paths', () => {
    const tensor = (values: number[]) => engine.tensor(values, [values.length], { dtype });
    const params = { a: tensor(start.slice(0, 2)), b: [tensor(start.slice(2))] };
    const gradients = (t: number) => ({ a: tensor(slopes[t]!.slice(0, 2)), b: [tensor(slopes[t]!.slice(2))] });
    const values = (p: typeof params) => [...p.a.toArray(), ...p.b[0]!.toArray()];
    let pure = { params: { a: tensor(start.slice(0, 2)), b: [tensor(start.slice(2))] }, state: rule.init(params) };
    let state = rule.init(params);
    const out: { fused: number[][]; pure: number[][] } = { fused: [], pure: [] };
    for (let t = 0; t < STEPS; t++) {
      state = rule.step(params, gradients(t), state);
      pure = rule.update(pure.params, gradients(t), pure.state);
      assert.equal([state.step, pure.state.step], [t + 1, t + 1]);
      out.fused.push(values(params));
      out.pure.push(values(pure.params));
    }
    return out;
  });
}

const agree = suite('fused step, pure update and the published rule agree');
for (const [name, [rule, path]] of Object.entries(rules)) {
  agree(name, () => {
    const want = start.map((p, i) =>
      path(
        p,
        slopes.map((s) => s[i]!),
      ),
    );
    for (const [dtype, tolerance] of [
      ['f64', 1e-14],
      ['f32', 2e-6],
    ] as const) {
      const got = paths(rule, dtype);
      for (const kind of ['fused', 'pure'] as const) {
        for (let t = 0; t < STEPS; t++) {
          for (const [i, w] of want.entries()) {
            const difference = Math.abs(got[kind][t]![i]! - w[t]!);
            assert.ok(
              difference <= tolerance * Math.max(1, Math.abs(w[t]!)),
              `${dtype} ${kind} step ${t} [${i}]: ${got[kind][t]![i]} != ${w[t]}`,
            );
          }
        }
      }
    }
  });
}

agree('by hand: two steps of momentum 0.9 at rate 0.1 with gradient 1', () => {
  engine.run('t', () => {
    const rule = optim.sgd({ learningRate: 0.1, momentum: 0.9 });
    const p = engine.scalar(1, 'f64');
    let state = rule.init(p);
    for (const want of [1 - 0.1, 1 - 0.1 - 0.19]) {
      state = rule.step(p, engine.scalar(1, 'f64'), state);
      assert.ok(Math.abs(p.item() - want) < 1e-15);
    }
    assert.equal([...state.slots['velocity']![0]!.toArray()], [1.9]);
  });
});

const stateful = suite('optimiser state');

stateful('the pure update leaves parameters, gradients and state alone', () => {
  engine.run('t', () => {
    const rule = optim.adam();
    const p = engine.tensor([1, 2]);
    const state = rule.init(p);
    const next = rule.update(p, engine.tensor([3, 4]), state);
    assert.equal([[...p.toArray()], p.storage.version, state.step], [[1, 2], 0, 0]);
    assert.equal([...state.slots['mean']![0]!.toArray()], [0, 0]);
    assert.is.not(next.params, p);
  });
});

stateful('the fused step counts a version of each tensor it writes', () => {
  engine.run('t', () => {
    const rule = optim.sgd({ learningRate: 0.1, momentum: 0.5 });
    const [p, g] = [engine.tensor([1, 2]), engine.tensor([3, 4])];
    const state = rule.init(p);
    rule.step(p, g, state);
    assert.equal([p.storage.version, g.storage.version, state.slots['velocity']![0]!.storage.version], [1, 0, 1]);
  });
});

stateful('the learning rate follows its schedule by step', () => {
  engine.run('t', () => {
    const rule = optim.sgd({ learningRate: (step) => 10 ** -step });
    const p = engine.scalar(0, 'f64');
    let state = rule.init(p);
    for (const want of [-1, -1.1, -1.11]) {
      state = rule.step(p, engine.scalar(1, 'f64'), state);
      assert.ok(Math.abs(p.item() - want) < 1e-15);
    }
  });
});

stateful('gradients that do not match the parameters are refused', () => {
  engine.run('t', () => {
    const rule = optim.adam();
    const p = { a: engine.ones([2]), b: engine.ones([3]) };
    const wrong = { a: engine.ones([2]) } as never;
    throwsError(
      () => rule.step(p, wrong, rule.init(p)),
      KeyholeError,
      /adam: expected a gradient for each of 2 parameters, got 1/,
    );
  });
});

const settings = suite('optimiser settings out of range');
for (const [name, make, path] of [
  ['a learning rate of 0', () => optim.sgd({ learningRate: 0 }), 'learningRate'],
  ['a learning rate of NaN', () => optim.adam({ learningRate: Number.NaN }), 'learningRate'],
  ['momentum 1', () => optim.sgd({ learningRate: 1, momentum: 1 }), 'momentum'],
  ['negative momentum', () => optim.sgd({ learningRate: 1, momentum: -0.5 }), 'momentum'],
  ['nesterov without momentum', () => optim.sgd({ learningRate: 1, nesterov: true }), 'nesterov'],
  ['negative weight decay', () => optim.sgd({ learningRate: 1, weightDecay: -1 }), 'weightDecay'],
  ['a beta of 1', () => optim.adam({ betas: [0.9, 1] }), 'betas'],
  ['a negative beta', () => optim.adamW({ betas: [-0.1, 0.9] }), 'betas'],
  ['an eps of 0', () => optim.adam({ eps: 0 }), 'eps'],
  ['a weight decay of NaN', () => optim.adamW({ weightDecay: Number.NaN }), 'weightDecay'],
] as const) {
  settings(name, () => assert.is(throwsError(make, ConfigError, /expected/).path, path));
}

const schedules = suite('schedules');
const { constant, cosine, exponential, inverseTime, stepDecay, warmup } = optim.schedules;

schedules('cosine agrees with Math.cos to 1e-12, and stays at its end', () => {
  const rate = cosine(0.7, 1000, 0.1);
  for (let step = 0; step <= 1000; step++) {
    const want = 0.1 + (0.6 * (1 + Math.cos((Math.PI * step) / 1000))) / 2;
    assert.ok(Math.abs(rate(step) - want) < 1e-12, `step ${step}`);
  }
  assert.ok(Math.abs(rate(5000) - 0.1) < 1e-12);
  assert.is(cosine(1, 4)(0), 1);
});

schedules('the others by their formulas', () => {
  const steps = [0, 1, 9, 10, 11, 25, 100];
  const table: [optim.Schedule, (step: number) => number][] = [
    [constant(0.3), () => 0.3],
    [stepDecay(1, 10, 0.5), (s) => 0.5 ** Math.floor(s / 10)],
    [exponential(2, 10, 0.1), (s) => 2 * 0.1 ** (s / 10)],
    [inverseTime(0.01, 1e-2), (s) => 0.01 / (1 + 1e-2 * s)],
    [warmup(10, constant(4)), (s) => (s < 10 ? (4 * (s + 1)) / 10 : 4)],
    [warmup(10, stepDecay(1, 10, 0.5)), (s) => (s < 10 ? (s + 1) / 10 : 0.5 ** Math.floor((s - 10) / 10))],
  ];
  for (const [i, [schedule, formula]] of table.entries())
    for (const s of steps)
      assert.ok(Math.abs(schedule(s) / formula(s) - 1) < 1e-13, `schedule ${i} at ${s}: ${schedule(s)}`);
});

schedules('lengths that make no sense are refused', () => {
  for (const steps of [0, -1, Number.NaN]) {
    throwsError(() => cosine(1, steps), ConfigError, /cosine: expected steps/);
    throwsError(() => stepDecay(1, steps, 0.5), ConfigError, /stepDecay: expected every/);
    throwsError(() => exponential(1, steps, 0.5), ConfigError, /exponential: expected over/);
  }
});

const unrolled = suite('training steps that are differentiated through');

/** The loss on other data after two steps of a linear fit, as a function of the data learnt from and the first weights. */
function lossAfterTwoSteps(rule: optim.Optimizer) {
  const held = {
    x: engine.tensor(new Float64Array([0.3, -0.8, 1.1, 0.4]), [2, 2]),
    y: engine.tensor(new Float64Array([0.5, -1]), [2, 1]),
  };
  const squares = (w: Tensor, x: Tensor, y: Tensor) => {
    const d = ops.sub(ops.matmul(x, w), y);
    return ops.mean(ops.mul(d, d));
  };
  return ({ x, y, w }: { x: Tensor; y: Tensor; w: Tensor }) => {
    let current = { params: w, state: rule.init(w) };
    for (let t = 0; t < 2; t++) {
      const { grads } = valueAndGrad((p) => squares(p, x, y), current.params);
      current = rule.update(current.params, grads as Tensor, current.state);
    }
    return squares(current.params, held.x, held.y);
  };
}

for (const [name, [rule]] of Object.entries(rules)) {
  unrolled(`two steps of ${name}: gradient with respect to the data, the labels and the first weights`, () => {
    engine.run('t', () => {
      const learning = {
        x: engine.tensor(new Float64Array([1, 0.5, -0.7, 0.2, 0.4, 1.3]), [3, 2]),
        y: engine.tensor(new Float64Array([0.1, 0.9, -0.4]), [3, 1]),
        w: engine.tensor(new Float64Array([0.2, -0.3]), [2, 1]),
      };
      checkGradient(engine, name, lossAfterTwoSteps(rule), learning, { tolerance: 1e-6 });
    });
  });
}

unrolled('a gradient of exactly 0, as dead units have, does not make the others NaN', () => {
  engine.run('t', () => {
    for (const rule of [optim.adam(), optim.adamW()]) {
      const x = engine.tensor(new Float64Array([2]));
      const { grads } = valueAndGrad((data) => {
        const w = { live: engine.ones([1], 'f64'), dead: engine.ones([1], 'f64') };
        const inner = valueAndGrad((p) => {
          const dead = ops.relu(ops.neg(ops.mul(p.dead, data)));
          return ops.sum(ops.add(ops.mul(ops.mul(p.live, p.live), data), dead));
        }, w).grads;
        const { params } = rule.update(w, inner, rule.init(w));
        return ops.sum(ops.add(params.live, params.dead));
      }, x);
      assert.ok(Number.isFinite(grads.item()), `${rule.name}: ${grads.item()}`);
    }
  });
});
