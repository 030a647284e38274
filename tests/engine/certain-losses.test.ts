/** Losses of records that the model is certain of stay apart on both backends: membership attacks rank them. */
import { nn } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { testEngine } from '../support/engine.ts';

const engine = await testEngine();
const test = suite('losses of certain predictions');

for (const dtype of ['f32', 'f64'] as const) {
  test(`${dtype}: the loss of a gap d is e^-d, for two classes, down to d = 80`, () => {
    engine.run('losses', () => {
      for (const d of [10, 20, 40, 80]) {
        const logits = engine.tensor([d, 0], [1, 2], { dtype });
        const got = nn.losses.crossEntropy(logits, engine.tensor(new Int32Array([0]))).item();
        const want = Math.log1p(Math.exp(-d));
        assert.ok(Math.abs(got / want - 1) < 1e-5, `gap ${d}: expected ${want}, got ${got}`);
      }
    });
  });
}
