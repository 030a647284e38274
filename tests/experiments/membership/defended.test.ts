/** Models of a design trained with a defence, and answers behind one: what changes, what does not, and what is refused early. */
import { localTarget } from '../../../attacks/index.ts';
import { examples, loadSet, readNpy } from '../../../data/index.ts';
import { type DefenseName, trainDefended } from '../../../defenses/index.ts';
import { ConfigError, type Examples, namedModel, Rng } from '../../../engine/index.ts';
import { reserveOf, seedsOf } from '../../../experiments/membership/defence.ts';
import { membershipModel, modelOutputs, ONE_VIEW, rowsOfModel } from '../../../experiments/membership/index.ts';
import { LOGITS_FILE, logitsOf, probabilitiesOf, rowsAsked } from '../../../experiments/membership/outputs.ts';
import { optimizerOf } from '../../../experiments/recipe.ts';
import { type Job, MODEL_FILE, planJobs } from '../../../experiments/runner/index.ts';
import { assert, suite } from '../../harness.ts';
import { sha } from '../../support/defended.ts';
import { testEngine } from '../../support/engine.ts';
import { near } from '../../support/near.ts';
import { rejectsError } from '../../support/throws.ts';
import { testJob } from '../recipes/context.ts';

const engine = await testEngine();
const data = await loadSet('synthetic-blobs', {
  options: { rows: 800, features: 6, classes: 3, separation: 1 },
  rng: Rng.from(1),
});
const design = { kind: 'apart', train: 100, seed: 5 } as const;
const recipe = {
  epochs: 3,
  batchSize: 25,
  optimizer: 'adam',
  learningRate: 3e-3,
  momentum: 0.9,
  weightDecay: 0,
} as const;
const plain = { model: 'mlp', recipe, augmentation: null, defence: null, design, which: 'target', seed: 2 } as const;
const asked = { design, which: 'target', views: ONE_VIEW, population: 0 } as const;
const SET = [{ data: 'blobs' }];
const facts = (over: object = {}) => ({ name: 'x', sha256: 'a', size: 800, inputShape: [6], classes: 3, ...over });
const planned = (job: Job, over: object = {}) =>
  planJobs([job], { build: 'base', version: '1', facts: () => facts(over) });

const test = suite('membership: defended models and answers');

test('an undefended job has the id and the bits that it had before there were defences', async () => {
  const job = modelOutputs.job(asked, { data: SET, needs: [membershipModel.job(plain, { data: SET })] });
  // ids and losses of these settings as they were before `defence` could be anything but null
  const ids = (await planned(job)).jobs.map(({ id }) => id);
  assert.equal(ids, ['6355b2795ca4ea870b2a428b8d62a643', 'a0b05f2908c0ec33155ad9e35fe3cc4d']);
  const model = testJob(membershipModel, plain, data);
  const result = membershipModel.parseResult(await model.run());
  assert.equal([result.train.loss, result.out.loss], [0.12211558081647376, 0.35068644506434565]);
  assert.equal(Object.keys(result), ['parameters', 'epochs', 'steps', 'train', 'out']);
  const answers = testJob(modelOutputs, asked, data, { needs: [model.needed()] });
  assert.equal(await answers.run(), { rows: 200, views: 1, classes: 3 });
});

const trained = async (name: string, options: Record<string, number> = {}, epochs = 3) => {
  const settings = { ...plain, recipe: { ...recipe, epochs }, defence: { name, options } };
  const job = testJob(membershipModel, settings, data);
  const result = membershipModel.parseResult(await job.run());
  return { job, result, defended: result.defended! };
};

test('the record says how a defended model was trained: epoch kept, budget, rows beside the members', async () => {
  const stopped = await trained('early-stopping', { patience: 2 }, 60);
  assert.ok(stopped.defended.stoppedEarly! < 60 && stopped.defended.stoppedEarly! < stopped.result.epochs);
  assert.is(stopped.defended.reserve, 20, 'a fifth of the members');
  const secret = await trained('dp-sgd', { epsilon: 4, delta: 1e-3 });
  assert.ok(secret.defended.epsilon! <= 4 && secret.defended.epsilon! > 3.5);
  assert.match(secret.defended.notes.join(), /not private/);
  const taught = await trained('distillation', { held: 1 }, 40).catch((error: ConfigError) => error);
  assert.instance(taught, ConfigError); // a share below 1
  const { defended, result } = await trained('distillation', {}, 40);
  assert.is(defended.reserve, 50);
  assert.is.not(defended.trainAccuracy, result.train.accuracy.value, 'as its teacher, not the labels');
});

/** Standardised by the target's members. */
const target = rowsOfModel(data, design, 'target');
/** The same training, by hand. */
const direct = (defence: DefenseName, options: Record<string, number>, reserve?: Examples) =>
  trainDefended(engine, namedModel('mlp', [6], 3), examples(target.data, target.members), {
    defence,
    options,
    recipe: { epochs: 3, batchSize: 25, optimizer: optimizerOf(recipe) },
    ...seedsOf(2, 'target'),
    ...(reserve && { reserve }),
  });

test('a defended job is trained as `trainDefended` trains, on all its members', async () => {
  const { job } = await trained('label-smoothing');
  const { classifier, trained: read } = await direct('label-smoothing', {});
  assert.is(sha(job.files.get(MODEL_FILE)!), sha(classifier.save()));
  assert.is(read.length, 100);
  classifier.dispose();
});

test('rows beside the members are asked of nobody: not of the model, and of a shadow model not of the target', () => {
  for (const which of ['target', 0, 1] as const) {
    const reserve = reserveOf(data, design, which, 60);
    const used = (['target', which] as const).flatMap((one) => {
      const { members, nonMembers } = rowsOfModel(data, design, one);
      return [...members, ...nonMembers];
    });
    assert.is(new Set(reserve).size, 60);
    assert.not(used.some((row) => reserve.includes(row)));
  }
});

const answered = async (name: string, options: Record<string, number>) => {
  const model = testJob(membershipModel, plain, data);
  await model.run();
  const settings = { ...asked, defence: { name, options, seed: 2 } };
  const job = testJob(modelOutputs, settings, data, { needs: [model.needed()] });
  assert.equal(await job.run(), { rows: 200, views: 1, classes: 3, answers: 'log-probabilities' });
  return { model, job };
};

test('answers behind a defence are those of a training that had it from the start', async () => {
  const { x } = rowsAsked(data, asked);
  const reserve = examples(target.data, reserveOf(data, design, 'target', 20));
  const cases = [
    ['rounding', { decimals: 1 }],
    ['temperature', { temperature: 5 }],
    ['label-only', {}],
    ['memguard', { epochs: 5 }],
    ['gaussian-noise', { std: 0.2 }],
  ] as const;
  for (const [name, options] of cases) {
    const { job, model } = await answered(name, options);
    const { classifier, wrap } = await direct(name, options, reserve);
    assert.is(sha(classifier.save()), sha(model.files.get(MODEL_FILE)!), 'the model is the undefended one');
    const own = await localTarget(classifier).probabilities(x);
    const expected = await wrap(localTarget(classifier)).probabilities(x);
    const kept = await probabilitiesOf(job.needed());
    // logarithms from 0 to -104 in f32: relative to p an error of at most 104 * 2^-24 = 6.2e-6
    for (const [i, p] of kept.entries()) near(p, expected[i]!, 1e-5, `${name}, answer ${i}`);
    assert.ok(
      own.some((p, i) => Math.abs(p - kept[i]!) > 0.02),
      `${name} changes answers`,
    );
    classifier.dispose();
  }
});

test('trap: the largest probability alone is kept as it is, and not scaled to 1', async () => {
  const { job } = await answered('top-k', { k: 1 });
  const kept = await probabilitiesOf(job.needed());
  const { shape } = readNpy(job.files.get(LOGITS_FILE)!, LOGITS_FILE);
  assert.equal(shape, [1, 200, 3]);
  const tops = Array.from({ length: 200 }, (_, i) => Math.max(...kept.subarray(3 * i, 3 * i + 3)));
  assert.ok(tops.every((p) => p > 1 / 3 && p <= 1) && tops.filter((p) => p < 0.9).length > 20);
  await rejectsError(
    () => logitsOf(job.needed()),
    ConfigError,
    /expected logits, got the answers of an output defence/,
  );
});

test('what could only fail later is refused before anything runs, with the way out', async () => {
  const model = (defence: { name: string; options: Record<string, number> }, over: object = {}) =>
    membershipModel.job({ ...plain, ...over, defence }, { data: SET });
  const outputs = (name: string) =>
    modelOutputs.job({ ...asked, defence: { name, options: {}, seed: 2 } }, { data: SET });
  const refused = async (job: Job, message: RegExp, over: object = {}) =>
    rejectsError(() => planned(job, over), ConfigError, message);
  await refused(model({ name: 'l3', options: {} }), /expected one of l2, dropout, .*got 'l3'/);
  await refused(model({ name: 'l2', options: { strength: 1 } }), /strength/);
  await refused(model({ name: 'l2', options: { weight: -1 } }), /weight/);
  await refused(model({ name: 'rounding', options: {} }), /changes answers\. Give it to the job that asks the model/);
  await refused(outputs('l2'), /changes training\. Give it to the job that trains the model/);
  await refused(model({ name: 'augmentation', options: {} }), /expected images .* Leave it out/);
  await refused(model({ name: 'dropout', options: {} }, { model: 'softmax' }), /expected a model with a hidden layer/);
  await refused(
    model({ name: 'dp-sgd', options: {} }, { augmentation: { flip: true, shift: 0 } }),
    /without augmentation/,
    { inputShape: [4, 3, 1] },
  );
  await refused(
    model({ name: 'early-stopping', options: {} }, { design: { kind: 'halves', pool: 100, seed: 1 } }),
    /expected a design of 'apart'/,
  );
  await refused(
    model({ name: 'early-stopping', options: {} }, { which: 0 }),
    /expected 20 rows of x beside .*, 10 are left\. Ask for fewer members/,
    { size: 410 },
  );
});
