import { loadSet, makeDataset } from '../../../data/index.ts';
import { privateMembership } from '../../../experiments/recipes/private-membership.ts';
import { momentsIn, privateModel } from '../../../experiments/recipes/private-model.ts';
import type { PrivateRecipe } from '../../../experiments/recipes/recipe.ts';
import { Ledger, MOMENTS, pld, STEP, tprCeilingUnderDp } from '../../../privacy/index.ts';
import { rejectsConfig } from '../../data/throws.ts';
import { assert, suite } from '../../harness.ts';
import { testJob } from './context.ts';

const test = suite('jobs: private models and attacks on them');

/** 500 rows of digits. */
const few = async () => {
  const digits = await loadSet('digits');
  return makeDataset({ ...digits, x: digits.x.slice(0, 500 * 64), y: digits.y.slice(0, 500) });
};

const recipe: PrivateRecipe = {
  scattering: null,
  model: 'softmax',
  start: 'zeros',
  epochs: 6,
  batchSize: 50,
  learningRate: 2,
  momentum: 0.9,
  clip: 0.1,
};
const scattered: PrivateRecipe = { ...recipe, scattering: { pixels: 'unit', groups: null, momentsNoise: 8 } };
const sides = { pool: 400, seed: 1 };
const settings = { recipe, sides, epsilon: 4, delta: 1e-5, seed: 1 };
type Result = ReturnType<typeof privateModel.parseResult>;

test('a model within its budget, with the ledger that proves it', async () => {
  const job = testJob(privateModel, settings, await few());
  const { privacy, accuracy, steps, parameters } = (await job.run()) as Result;
  // 6 epochs of 200 expected records in batches of 50
  assert.equal([steps, parameters], [24, 650]);
  const ledger = Ledger.from(privacy!.ledger);
  assert.is(ledger.count(STEP), 24);
  const proved = pld.epsilon(ledger.event(), 1e-5);
  assert.is(proved.upper, privacy!.upper);
  assert.ok(privacy!.upper! <= 4 && privacy!.upper! > 3.9, `${privacy!.upper}`);
  assert.equal([privacy!.rate, ledger.marks], [1 / 4, []]);
  // noise is fresh each time: forty runs had a mean of 0.71 and a deviation of 0.056; five of them below
  assert.ok(accuracy.value! > 0.43, `accuracy ${accuracy.value}`);
  assert.ok(job.files.has('model.safetensors') && !job.files.has('moments.json'));
});

test('without privacy: no figure that could be taken for a budget', async () => {
  const job = testJob(privateModel, { ...settings, epsilon: null }, await few());
  const { privacy, accuracy } = (await job.run()) as Result;
  assert.is(privacy, null);
  // Adam for 24 steps: forty seeds had a mean of 0.44 and a deviation of 0.046
  assert.ok(accuracy.value! > 0.2, `${accuracy.value}`);
});

test('trap 4.1.7: moments of channels are charged, before training and within the same budget', async () => {
  const job = testJob(privateModel, { ...settings, recipe: scattered }, await few());
  const { privacy } = (await job.run()) as Result;
  const ledger = Ledger.from(privacy!.ledger);
  assert.equal(
    ledger.entries.map(({ what, count }) => [what, count]),
    [
      [MOMENTS, 1],
      [STEP, 24],
    ],
  );
  assert.equal(ledger.entries[0]!.event, { kind: 'gaussian', noiseMultiplier: 8 });
  assert.ok(privacy!.upper! <= 4);
  const { mean, std } = momentsIn(new TextDecoder().decode(job.files.get('moments.json')));
  assert.equal([mean.length, std.length], [81, 81]);
  assert.ok(std.every((value) => value > 0));
});

test('a resumed job goes on with the moments that it was trained under, charged once', async () => {
  const stop = new AbortController();
  const options = {
    signal: stop.signal,
    onProgress: (done: number) => void (done > 0.7 && stop.abort(new Error('killed'))),
  };
  const digits = await few();
  const killed = testJob(privateModel, { ...settings, recipe: scattered }, digits, options);
  await killed.run().then(
    () => assert.unreachable(),
    (error: Error) => assert.is(error.message, 'killed'),
  );
  const kept = JSON.parse(new TextDecoder().decode(killed.checkpoints.get('moments'))) as { moments: string };
  const resumed = testJob(privateModel, { ...settings, recipe: scattered }, digits);
  for (const [name, bytes] of killed.checkpoints) resumed.checkpoints.set(name, bytes);
  const { privacy } = (await resumed.run()) as Result;
  assert.is(new TextDecoder().decode(resumed.files.get('moments.json')), kept.moments);
  const ledger = Ledger.from(privacy!.ledger);
  assert.equal([ledger.count(MOMENTS), ledger.count(STEP)], [1, 24]);
});

test('membership: a TPR that the non-members resolve, under the ceiling of the proved budget', async () => {
  const digits = await few();
  for (const [epsilon, given] of [
    [1, scattered],
    [null, recipe],
  ] as const) {
    const model = testJob(privateModel, { ...settings, epsilon, recipe: given }, digits);
    const { privacy } = (await model.run()) as Result;
    const attack = { recipe: given, sides, attack: 'loss', seed: 1 };
    const job = testJob(privateMembership, attack, digits, { needs: [model.needed()] });
    const { fpr, tpr, ceiling } = (await job.run()) as ReturnType<typeof privateMembership.parseResult>;
    assert.is(fpr, 0.1);
    assert.ok(tpr.low <= ceiling, `${tpr.low} above ${ceiling}`);
    // all (epsilon, delta) of the ledger together allow at most what one of them does
    if (privacy) assert.ok(ceiling > 0.1 && ceiling <= tprCeilingUnderDp(privacy.upper!, 1e-5, 0.1), `${ceiling}`);
    else assert.is(ceiling, 1);
  }
});

test('what could only fail later is refused before anything runs', async () => {
  const { size, inputShape, classes } = await few();
  const facts = [{ name: 'digits', sha256: '', size, inputShape, classes }];
  const check = (kind: typeof privateModel | typeof privateMembership, given: unknown) => async () =>
    kind.check(kind.parseSettings(given), facts);
  await rejectsConfig(
    check(privateModel, { ...settings, sides: { pool: 5000, seed: 0 } }),
    /at most the 500 rows of digits, got 5000/,
  );
  const attack = { recipe, attack: 'loss', seed: 1 };
  await rejectsConfig(check(privateMembership, { ...attack, sides: { pool: 100, seed: 0 } }), /at least 300 rows/);
  await rejectsConfig(check(privateMembership, { ...attack, sides: { pool: null, seed: 0 } }), /at least 300 rows/);
  await rejectsConfig(async () => privateModel.parseSettings({ ...settings, epsilon: 0 }), /above 0/);
});
