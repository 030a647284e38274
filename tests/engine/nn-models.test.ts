/** The named models: sizes, shapes, and what they refuse. */
import {
  ConfigError,
  countParameters,
  modelNames,
  namedModel,
  nn,
  ops,
  Rng,
  type Shape,
  tensorsOf,
  valueAndGrad,
} from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { testEngine } from '../support/engine.ts';
import { throwsError } from '../support/throws.ts';

const engine = await testEngine();

const count = (name: string, shape: Shape, classes = 10) =>
  engine.run('count', () =>
    countParameters(namedModel(name, shape, classes).init({ engine, rng: Rng.from(0), dtype: 'f32' })),
  );

const sizes = suite('parameter counts of the named models');

sizes('mlp on 784 features', () => {
  assert.is(count('mlp', [784]), 784 * 256 + 256 + 256 * 128 + 128 + 128 * 10 + 10);
  assert.is(count('mlp', [784]), 235_146);
  assert.is(count('mlp', [28, 28, 1]), 235_146);
});

sizes("mnist is the Opacus example's net", () => {
  // github.com/pytorch/opacus examples/mnist.py, SampleConvNet: 1040 + 8224 + 16416 + 330
  assert.is(count('mnist', [28, 28, 1]), 26_010);
  assert.is(count('mnist-tanh', [28, 28, 1]), 26_010);
  assert.is(count('mnist-strided', [28, 28, 1]), 166_406);
});

sizes('mnist-strided is the net of Wong et al. 2020', () => {
  // Conv2d(1, 16, 4, stride=2, padding=1), Conv2d(16, 32, 4, stride=2, padding=1), Linear(1568, 100), Linear(100, 10)
  assert.is(count('mnist-strided', [28, 28, 1]), 272 + 8224 + 156_900 + 1010);
});

sizes('cifar and softmax', () => {
  assert.is(count('cifar', [32, 32, 3]), 75 * 32 + 32 + 800 * 64 + 64 + 4096 * 128 + 128 + 1290);
  assert.is(count('softmax', [784]), 7850);
});

const shapes = suite('named models on data of several shapes');
for (const name of modelNames) {
  for (const shape of [[8, 8, 1], [28, 28, 1], [32, 32, 3], [1, 1, 1], [5, 40, 2], [30]]) {
    if (shape.length === 1 && !['softmax', 'mlp'].includes(name)) continue;
    shapes(`${name} on [${shape}]`, ({ seed }) => {
      engine.run('t', () => {
        const model = namedModel(name, shape, 7);
        assert.equal([model.name, model.classes, [...model.inputShape]], [name, 7, shape]);
        const params = model.init({ engine, rng: Rng.from(seed), dtype: 'f32' });
        const size = shape.reduce((a, b) => a * b, 3);
        const rng = Rng.from(seed);
        const x = engine.tensor(
          Float32Array.from({ length: size }, () => rng.uniform()),
          [3, ...shape],
        );
        const { value, grads } = valueAndGrad((p) => {
          const logits = model.apply(p as never, x, nn.EVAL);
          assert.equal([...logits.shape], [3, 7]);
          return ops.mean(nn.losses.crossEntropy(logits, engine.tensor(new Int32Array([0, 3, 6]))));
        }, params);
        assert.ok(Number.isFinite(value.item()));
        // a softmax over 7 classes of fresh weights is no certainty yet
        assert.ok(value.item() < 20, `loss ${value.item()}`);
        for (const g of tensorsOf(grads))
          assert.ok(
            g.toArray().some((v) => v !== 0),
            'every parameter gets a gradient',
          );
      });
    });
  }
}

const refused = suite('what the named models refuse');

refused('tables for nets of images', () => {
  for (const name of ['mnist', 'mnist-tanh', 'cifar']) {
    const error = throwsError(
      () => namedModel(name, [30], 2),
      ConfigError,
      /expected images \[h, w, channels\], got samples of shape \[30\]\. Use softmax or mlp for tables/,
    );
    assert.is(error.path, 'model');
  }
});

refused('unknown names, also those of object methods', () => {
  for (const name of ['resnet', 'toString', '__proto__', '']) {
    const error = throwsError(
      () => namedModel(name, [3], 2),
      ConfigError,
      /model: expected one of softmax, mlp, mnist, mnist-tanh, mnist-strided, cifar, got/,
    );
    assert.equal([...error.allowed!], [...modelNames]);
  }
});
