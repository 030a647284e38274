/** Your own training loop: parameters are a tree, a loss is a function of it, an optimiser step is a call. */
import { createEngine, nn, ops, optim, Rng, valueAndGrad } from 'keyhole';

const engine = await createEngine();
const rng = Rng.from(1);

// two interleaved half circles in the plane
const n = 256;
const points = new Float32Array(n * 2);
const labels = new Int32Array(n);
for (let i = 0; i < n; i++) {
  const upper = i % 2;
  const x = 2 * rng.uniform() - 1;
  const arc = Math.sqrt(1 - x * x);
  points[2 * i] = upper ? x : x + 1;
  points[2 * i + 1] = (upper ? arc : 0.5 - arc) + 0.1 * rng.normal();
  labels[i] = upper;
}

const model = nn.sequential([nn.linear({ inputs: 2, outputs: 32 }), nn.tanh(), nn.linear({ inputs: 32, outputs: 2 })]);
const params = engine.keep(model.init({ engine, rng: rng.split('init'), dtype: 'f32' }));
const optimizer = optim.adam({ learningRate: 0.02 });
let state = engine.keep(optimizer.init(params));

let last = 0;
for (let step = 0; step < 200; step++) {
  // everything allocated inside `run` is freed when it returns
  last = engine.run('step', () => {
    const x = engine.tensor(points, [n, 2]);
    const y = engine.tensor(labels);
    const { value, grads } = valueAndGrad(
      (p) => ops.mean(nn.losses.crossEntropy(model.apply(p, x, { mode: 'train' }), y)),
      params,
    );
    state = optimizer.step(params, grads, state);
    return value.item();
  });
}
console.log(`loss after 200 steps: ${last.toFixed(4)}`);
if (!(last < 0.1)) throw new Error(`expected a loss below 0.1, got ${last}`);
