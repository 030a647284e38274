/** Backward that frees as it goes: the same gradients for every op and net, a lower peak, and nothing freed that is not its own. */
import {
  createEngine,
  grad,
  leaf,
  namedModel,
  nn,
  ops,
  Rng,
  randomUniform,
  type Tensor,
  tensorsOf,
  UseAfterFreeError,
  valueAndGrad,
} from '../../engine/index.ts';
import { getOp } from '../../engine/ops/index.ts';
import { assert, suite } from '../harness.ts';
import { testEngine } from '../support/engine.ts';
import { call, differentiable, sampleTensors, sampleValues, testedOps } from '../support/op-samples.ts';
import { throwsError } from '../support/throws.ts';

const engine = await testEngine({ guard: true });
const numbers = (t: Tensor | null) => t && [...t.toArray()];

const everyOp = suite('release: every op between two others');

for (const name of testedOps()) {
  const op = getOp(name);
  if (!op.backward) continue;
  everyOp(name, ({ seed }) => {
    for (const sample of op.samples) {
      const values = sampleValues(op, sample, seed);
      const gradients = (release: boolean) =>
        engine.run('t', () => {
          const wanted = differentiable(op);
          const leaves: Tensor[] = [];
          // inputs that are activations themselves, used twice, and a result that is used twice
          const inputs = Object.fromEntries(
            Object.entries(sampleTensors(engine, op, sample, values, 'f32')).map(([key, t]) => {
              if (!wanted.includes(key)) return [key, t];
              leaves.push(leaf(t));
              return [key, ops.scale(leaves.at(-1)!, 1)];
            }),
          );
          const y = call(op, inputs, sample);
          const again = Object.values(inputs).filter((t) => t.requiresGrad);
          const total = [y, y, ...again].map((t) => ops.sum(t)).reduce((a, b) => ops.add(a, b));
          if (!total.requiresGrad) return [];
          return grad(total, leaves, { release }).map(numbers);
        });
      assert.equal(gradients(true), gradients(false), sample.name);
    }
  });
}

const nets = suite('release: the reference nets');

for (const [name, shape] of [
  ['mlp', [28, 28, 1]],
  ['mnist', [28, 28, 1]],
  ['cifar', [32, 32, 3]],
] as const) {
  nets(`${name}: the same bits at a lower peak`, async ({ seed }) => {
    const run = async (release: boolean) => {
      const own = await createEngine({ guard: true });
      const rng = Rng.from(seed);
      return own.run('t', () => {
        const model = namedModel(name, shape, 10);
        const params = model.init({ engine: own, rng: rng.split('init'), dtype: 'f32' });
        const x = randomUniform(own, rng.split('x'), [8, ...shape]);
        const y = own.tensor(Int32Array.from({ length: 8 }, (_, i) => i));
        const loss = (p: typeof params) => ops.mean(nn.losses.crossEntropy(model.apply(p, x, nn.EVAL), y));
        const { value, grads } = valueAndGrad(loss, params, { release });
        return { peak: own.stats().peakBytes, value: value.item(), grads: tensorsOf(grads).map(numbers) };
      });
    };
    const [kept, released] = [await run(false), await run(true)];
    assert.is(released.value, kept.value);
    assert.equal(released.grads, kept.grads);
    assert.ok(released.peak < kept.peak, `peak ${released.peak} with release, ${kept.peak} without`);
  });
}

const limits = suite('release: what stays');

limits('the output, the wanted tensors, leaves and constants, and what was kept', () => {
  engine.run('outer', () => {
    const x = leaf(engine.tensor([1, 2, 3]));
    const weights = engine.tensor([2, 2, 2]);
    const kept = engine.keep(ops.mul(x, x));
    const middle = ops.mul(kept, weights);
    const y = ops.sum(ops.mul(middle, middle));
    const [dMiddle, dx] = grad(y, [middle, x], { release: true });
    assert.equal(numbers(middle), [2, 8, 18]);
    assert.equal(numbers(dMiddle!), [4, 16, 36]);
    assert.equal(numbers(dx!), [16, 128, 432]);
    assert.equal([y.item(), numbers(kept), numbers(weights)], [392, [1, 4, 9], [2, 2, 2]]);
    kept.dispose();
  });
});

limits('an activation that f leaves outside is gone, and says so', () => {
  engine.run('t', () => {
    let hidden: Tensor | undefined;
    const f = (p: Tensor) => {
      hidden = ops.mul(p, p);
      return ops.sum(hidden);
    };
    valueAndGrad(f, engine.tensor([1, 2]), { release: true });
    throwsError(() => hidden!.toArray(), UseAfterFreeError, /made by mul was freed/);
    valueAndGrad(f, engine.tensor([1, 2]));
    assert.equal(numbers(hidden!), [1, 4]);
  });
});

limits('nothing is freed inside another gradient, which needs it', () => {
  engine.run('t', () => {
    const inner = (x: Tensor) => valueAndGrad((p) => ops.sum(ops.mul(ops.mul(p, p), p)), x, { release: true }).grads;
    const { grads } = valueAndGrad((x) => ops.sum(inner(x)), engine.tensor([2]));
    assert.equal(numbers(grads), [12]);
  });
});

limits('a convolution that goes straight into a pool leaves only what the pool took, with or without a bias', () => {
  for (const bias of [true, false]) {
    engine.run('t', () => {
      const pair = [nn.conv2d({ inputs: 1, filters: 8, size: 3, bias }), nn.relu(), nn.maxPool2d({ size: 2 })];
      const net = nn.sequential(pair);
      const params = net.init({ engine, rng: Rng.from(1), dtype: 'f32' });
      const x = engine.tensor(new Float32Array(100), [1, 10, 10, 1]);
      const before = engine.stats().byScope['t']!;
      const y = net.apply(params, x, nn.EVAL); // [1,4,4,8] of [1,8,8,8], and the places of its elements
      const passes = bias ? 2 : 3;
      assert.is(engine.stats().byScope['t']! - before, passes * y.size * 4);
    });
  }
});
