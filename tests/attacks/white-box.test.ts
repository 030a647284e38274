/** What the attacks with the parameters see, against gradients and hidden outputs taken one row at a time. */
import {
  localTarget,
  type MembershipAttack,
  membershipAttacks,
  mixCandidates,
  runMembershipAttack,
} from '../../attacks/index.ts';
import { hiddenSummaries } from '../../attacks/membership/hidden-outputs.ts';
import { Classifier, ConfigError, type Model, namedModel, nn, Rng, tensorsOf } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { noise } from '../support/data.ts';
import { testEngine } from '../support/engine.ts';
import { attackSetting, noiseSetting, surely } from '../support/membership.ts';
import { rejectsError } from '../support/throws.ts';

const engine = await testEngine();
const image = [8, 8, 1] as const;

const norms = suite('gradient norms of a target');

for (const [name, shape, dtype, tolerance] of [
  ['mlp', [5], 'f64', 1e-12],
  ['mlp', [5], 'f32', 1e-4],
  ['cifar', image, 'f64', 1e-12],
  ['cifar', image, 'f32', 1e-4],
] as const) {
  norms(`${name} ${dtype}: those of the gradients of one row at a time`, async ({ seed }) => {
    using c = Classifier.create(engine, namedModel(name, shape, 4), { dtype, seed });
    const target = localTarget(c);
    const { x, y } = noise(seed, 6, shape, 4);
    const got = await target.gradientNorms(x, y);
    const width = x.length / 6;
    for (let i = 0; i < 6; i++) {
      engine.run('t', () => {
        const row = engine.tensor(x.slice(i * width, (i + 1) * width), [1, ...shape], { dtype });
        const gradient = target.parameterGradient(row, engine.tensor(y.slice(i, i + 1))) as readonly unknown[];
        const layers = gradient.map(tensorsOf).filter((tensors) => tensors.length > 0);
        assert.is(got.layers.length, layers.length);
        for (const [layer, tensors] of layers.entries()) {
          const want = Math.hypot(...tensors.map((t) => Math.hypot(...t.toArray())));
          assert.ok(Math.abs(got.norms[i * layers.length + layer]! - want) < tolerance * want, `${i} ${layer}`);
        }
      });
    }
  });
}

norms('a row gets the same among many as alone, and every row counts as a query', async () => {
  using c = Classifier.create(engine, namedModel('mlp', [5], 4));
  const target = localTarget(c, { queryBudget: 601 });
  const { x, y } = noise(1, 600, [5], 4);
  const all = await target.gradientNorms(x, y);
  assert.is(target.queries(), 600);
  const one = await target.gradientNorms(x.slice(5 * 300, 5 * 301), y.slice(300, 301));
  for (const [layer, norm] of one.norms.entries())
    assert.ok(Math.abs(all.norms[300 * all.layers.length + layer]! / norm - 1) < 1e-5);
  await rejectsError(() => target.gradientNorms(x.slice(0, 5), y.slice(0, 1)), ConfigError, /at most 601 queries/);
});

const hidden = suite('hidden outputs');

hidden('mean, root mean square and maximum of what goes into each next layer', async ({ seed }) => {
  using c = Classifier.create(engine, namedModel('mlp', [5], 4), { dtype: 'f64', seed });
  const rows = noise(seed, 3, [5], 4);
  const got = await hiddenSummaries(c, rows, undefined);
  assert.is(got.length, 3 * 2 * 3);
  const [, first, , second] = c.params as { weight: never; bias: never }[];
  for (let i = 0; i < 3; i++) {
    let h: number[] = [...rows.x.subarray(i * 5, (i + 1) * 5)];
    for (const [k, layer] of [first, second].entries()) {
      const [weight, bias] = [tensorsOf(layer!.weight)[0]!.toArray(), tensorsOf(layer!.bias)[0]!.toArray()];
      h = Array.from(bias, (b, o) =>
        Math.max(
          0,
          h.reduce((sum, v, j) => sum + v * weight[o * h.length + j]!, b),
        ),
      );
      const want = [h.reduce((a, b) => a + b) / h.length, Math.hypot(...h) / Math.sqrt(h.length), Math.max(...h)];
      for (const [s, v] of want.entries()) assert.ok(Math.abs(got[(i * 2 + k) * 3 + s]! - v) < 1e-12);
    }
  }
});

hidden('layer by layer is what the model computes in fewer passes', async () => {
  using c = Classifier.create(engine, namedModel('cifar', image, 4), { seed: 2 });
  const { x } = noise(1, 3, image, 4);
  const z = await c.logits(x);
  engine.run('t', () => {
    let h = engine.tensor(x, [3, ...image]);
    for (const [i, layer] of c.model.layers!.entries())
      h = layer.apply((c.params as readonly unknown[])[i], h, nn.EVAL);
    assert.equal([...h.toArray()], [...z]);
  });
});

const attacks = suite('white-box attacks');

attacks('the norm of one layer is an option, of a layer that there is not refused', async () => {
  const setting = await noiseSetting(engine, { seed: 3, epochs: 40, rows: 60 });
  const candidates = mixCandidates(setting.members, setting.nonMembers, Rng.from(0));
  const run = { target: localTarget(setting.target), candidates, known: setting.known, rng: Rng.from(1) };
  const attack = membershipAttacks['gradient-norm'] as unknown as MembershipAttack;
  const own = await localTarget(setting.target).gradientNorms(candidates.rows.x, candidates.rows.y);
  for (const layer of [1, 3]) {
    const { members } = await runMembershipAttack(attack, { ...run, options: { layer } });
    const at = candidates.order.indexOf(7);
    assert.ok(Math.abs(members[7]! + Math.log(own.norms[at * 3 + layer - 1]!)) < 1e-9);
  }
  const error = await rejectsError(
    () => runMembershipAttack(attack, { ...run, options: { layer: 4 } }),
    ConfigError,
    /expected a layer from 0 to 3/,
  );
  assert.is(error.path, 'gradient-norm.layer');
  setting.dispose();
});

attacks('nasr wins by logistic regression too, and on a model that does not tell its layers', async () => {
  const whole = namedModel('mlp', [12], 5);
  const { layers: _, ...closed } = whole;
  const setting = await noiseSetting(engine, { seed: 4, epochs: 60, rows: 100, model: closed as Model });
  const { nasr } = membershipAttacks;
  for (const options of [{ hidden: 0 }, { hidden: 16 }]) {
    const auc = surely(await attackSetting({ ...nasr, canary: { ...nasr.canary, options } }, setting, 1));
    assert.ok(auc.low > 0.6, `${JSON.stringify(options)} ${auc.low}`);
  }
  setting.dispose();
});
