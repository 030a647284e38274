/** Jobs that train a model against adversarial examples and that attack it: the same rows, the same bits, refusals before training. */
import { loadSet } from '../../../data/index.ts';
import { ConfigError, Rng } from '../../../engine/index.ts';
import { robustModel, robustnessEvaluation, trainTest } from '../../../experiments/adversarial/index.ts';
import { assert, suite } from '../../harness.ts';
import { testJob } from '../recipes/context.ts';

const digits = await loadSet('digits', {});
const rows = { train: 400, seed: 3 } as const;
const recipe = {
  epochs: 6,
  batchSize: 32,
  optimizer: 'adam',
  learningRate: 2e-3,
  momentum: 0.9,
  weightDecay: 0,
} as const;
const model = { model: 'mlp', recipe, augmentation: null, defence: null, rows, seed: 1 } as const;
const attack = {
  rows,
  attacked: 60,
  norm: 'linf',
  epsilons: [0.05, 0.15],
  attacks: [
    { name: 'fgsm', options: {} },
    { name: 'pgd', options: { steps: 10 } },
  ],
  controls: true,
  inference: null,
  seed: 4,
} as const;
const job = (settings: object = model) => testJob(robustModel, settings, digits, { checkpointEvery: 60 });

const test = suite('adversarial experiments: jobs');

test('training and test rows are disjoint, and a model is measured on the rows that it was not trained on', async () => {
  const { train, test: out } = trainTest(digits, rows);
  assert.is(train.length, 400);
  assert.is(new Set([...train, ...out]).size, digits.size);
  const all = trainTest(digits, { train: null, seed: 0 });
  assert.is(all.train.length, Math.floor(0.8 * digits.size));
  const result = robustModel.parseResult(await job().run());
  assert.is(result.train.accuracy.n, 400);
  assert.is(result.test.accuracy.n, digits.size - 400);
});

test('the official training rows are trained on, all or a drawn part of them, and the test rows keep their order', async () => {
  const blobs = await loadSet('synthetic-blobs', { options: { rows: 100, features: 4, classes: 2 }, rng: Rng.from(1) });
  const set = { ...blobs, split: { train: 70 } };
  const [part, whole] = [trainTest(set, { train: 20, seed: 1 }), trainTest(set, { train: null, seed: 1 })];
  assert.ok(part.train.length === 20 && part.train.every((row) => row < 70));
  assert.equal([whole.train.length, part.test[0], part.test.length], [70, 70, 30]);
});

test('a robust model stays right where an undefended one is fooled, and the record is the same when it is made again', async () => {
  const [plain, robust] = [job(), job({ ...model, defence: { name: 'adversarial-fgsm', options: { epsilon: 0.15 } } })];
  await plain.run();
  await robust.run();
  const asked = (of: typeof plain, over: object = {}) =>
    testJob(robustnessEvaluation, { ...attack, ...over }, digits, { needs: [of.needed()] }).run();
  const [without, again, withIt] = [await asked(plain), await asked(plain), await asked(robust)].map((r) =>
    robustnessEvaluation.parseResult(r),
  );
  assert.equal(without, again);
  assert.ok(withIt!.worst[1]!.robust.low > without!.worst[1]!.robust.high);
  const behind = await asked(plain, { inference: { name: 'feature-squeezing', options: { bits: 3 }, adaptive: true } });
  assert.is.not(robustnessEvaluation.parseResult(behind).clean.value, null);
});

test('what cannot be done is refused before anything is trained', () => {
  const facts = [{ name: 'digits', sha256: '0', size: 300, inputShape: [8, 8, 1], classes: 10 }];
  const refuses = (run: () => void, pattern: RegExp) =>
    assert.throws(run, (error: unknown) => error instanceof ConfigError && pattern.test(error.message));
  refuses(() => robustModel.check(robustModel.parseSettings(model), facts), /fewer than the 300 rows/);
  const small = { ...model, rows: { train: 100, seed: 0 } };
  const defended = (defence: object) => robustModel.parseSettings({ ...small, defence });
  refuses(() => robustModel.check(defended({ name: 'jpeg', options: {} }), facts), /changes training/);
  refuses(() => robustModel.check(defended({ name: 'trades', options: { epsilons: 1 } }), facts), /epsilons/);
  const inference = { name: 'trades', options: {}, adaptive: false };
  const evaluated = robustnessEvaluation.parseSettings({ ...attack, rows: small.rows, inference });
  refuses(() => robustnessEvaluation.check(evaluated, facts), /changes answers/);
  refuses(() => robustnessEvaluation.parseSettings({ ...attack, epsilons: [] }), /at least one/);
  const checked = (over: object) =>
    robustnessEvaluation.check(robustnessEvaluation.parseSettings({ ...attack, rows: small.rows, ...over }), facts);
  refuses(
    () => checked({ attacks: [{ name: 'pgd', options: { stpes: 5 } }] }),
    /pgd: expected an option among .*'stpes'/,
  );
  refuses(() => checked({ norm: 'l2', attacks: [{ name: 'jsma' }] }), /jsma: expected norm l0, got 'l2'/);
  refuses(() => checked({ epsilons: [0.1, 8] }), /at most 1, the largest linf perturbation .* got 8.*1\/255/);
});
