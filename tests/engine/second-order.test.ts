/**
 * Second-order gradients through whole networks, f64 against central differences of the first-order ones. Gradient matching
 * (Zhu, Liu & Han 2019, Deep leakage from gradients) is the attack that needs them: it minimises
 * |dL(x)/dw - g|^2 over the data x, so its gradient runs backwards through a backward pass.
 */
import { type Engine, nn, ops, Rng, type Shape, type Tensor, tensorsOf, valueAndGrad } from '../../engine/index.ts';
import { suite } from '../harness.ts';
import { checkGradient } from '../support/differences.ts';
import { testEngine } from '../support/engine.ts';

const engine = await testEngine();

const nets: Record<string, nn.Layer> = {
  'convolution, tanh, average pool, group norm': nn.sequential([
    nn.conv2d({ inputs: 2, filters: 4, size: 3, padding: 1 }),
    nn.tanh(),
    nn.avgPool2d({ size: 2 }),
    nn.groupNorm(4, 2),
    nn.conv2d({ inputs: 4, filters: 3, size: 2, stride: 2 }),
    nn.sigmoid(),
    nn.flatten(),
    nn.linear({ inputs: 3, outputs: 3 }),
  ]),
  'convolution, gelu, max pool, layer norm, residual': nn.sequential([
    nn.conv2d({ inputs: 2, filters: 4, size: 3, padding: 1 }),
    nn.gelu(),
    nn.maxPool2d({ size: 2 }),
    nn.flatten(),
    nn.layerNorm(16),
    nn.residual(nn.sequential([nn.linear({ inputs: 16, outputs: 16 }), nn.leakyRelu(0.1)])),
    nn.linear({ inputs: 16, outputs: 3 }),
  ]),
  'relu and dropout': nn.sequential([
    nn.flatten(),
    nn.linear({ inputs: 32, outputs: 12 }),
    nn.relu(),
    nn.dropout(0.3),
    nn.linear({ inputs: 12, outputs: 3 }),
  ]),
};

function draw(e: Engine, rng: Rng, shape: Shape, scale = 1): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return e.tensor(
    Float64Array.from({ length: size }, () => scale * rng.normal()),
    shape,
  );
}

const test = suite('gradient matching through whole networks, against differences');

for (const [name, net] of Object.entries(nets)) {
  for (const labels of ['hard', 'soft'] as const) {
    test(`${name}; ${labels} labels`, ({ seed }) => {
      engine.run('t', () => {
        const rng = Rng.from(seed);
        const params = net.init({ engine, rng: rng.split('init'), dtype: 'f64' });
        const targets = tensorsOf(params).map((t, i) => draw(engine, rng.split(`g ${i}`), t.shape, 0.1));
        const dummy = { x: draw(engine, rng.split('x'), [2, 4, 4, 2]), y: draw(engine, rng.split('y'), [2, 3]) };
        const classes = engine.tensor(new Int32Array([0, 2]));
        const distance = (weights: unknown, { x, y }: typeof dummy): Tensor => {
          const { grads } = valueAndGrad((w) => {
            const context = { mode: 'train', rng: Rng.from(seed).split('masks') } as const;
            const target = labels === 'soft' ? ops.softmax(y) : classes;
            return ops.mean(nn.losses.crossEntropy(net.apply(w, x, context), target));
          }, weights);
          return tensorsOf(grads)
            .map((g, i) => {
              const d = ops.sub(g, targets[i]!);
              return ops.sum(ops.mul(d, d));
            })
            .reduce((a, b) => ops.add(a, b));
        };
        checkGradient(engine, `${name}: data`, (d: typeof dummy) => distance(params, d), dummy, { tolerance: 1e-6 });
        checkGradient(engine, `${name}: weights`, (w) => distance(w, dummy), params, { tolerance: 1e-6, atMost: 12 });
      });
    });
  }
}
