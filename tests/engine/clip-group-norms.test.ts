/** Norms of per-sample gradients layer by layer, from the same pass as the clipped sums. */
import { Classifier, clippedGrads, groupsOf, leaf, namedModel, nn, perLayerNorms } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { noise } from '../support/data.ts';
import { privateEngine } from '../support/engine.ts';

const engine = await privateEngine();
const test = suite('norms of groups');

test('per layer they square to the norm of the whole; other kinds have one group', () => {
  using c = Classifier.create(engine, namedModel('mlp', [6], 3), { seed: 1 });
  const { x, y } = noise(1, 7, [6], 3);
  engine.run('t', () => {
    const samples = leaf(engine.tensor(x, [7, 6]));
    const loss = (p: unknown) => nn.losses.crossEntropy(c.model.apply(p, samples, nn.EVAL), engine.tensor(y));
    const layers = clippedGrads(loss, c.params, { clip: { kind: 'per-layer', norms: perLayerNorms(c.params, 1) } });
    const flat = clippedGrads(loss, c.params, { clip: { kind: 'flat', norm: 1 } });
    const groups = layers.groupNorms();
    assert.is(groups.length, groupsOf(c.params).names.length);
    for (let i = 0; i < 7; i++) {
      const whole = Math.hypot(...groups.map((of) => of[i]!));
      assert.ok(Math.abs(whole / flat.norms[i]! - 1) < 1e-6);
    }
    assert.equal(flat.groupNorms(), [flat.norms]);
  });
});
