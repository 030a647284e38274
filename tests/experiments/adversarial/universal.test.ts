/** Universal perturbations as jobs: what is kept and counted is counted again by hand, from the file, the model and the rows. */
import { clopperPearson } from '../../../attacks/index.ts';
import { loadSet, readNpy, take } from '../../../data/index.ts';
import { Classifier, ConfigError, Rng } from '../../../engine/index.ts';
import {
  PERTURBATION_FILE,
  robustModel,
  trainTest,
  universalPerturbation,
  universalTransfer,
} from '../../../experiments/adversarial/index.ts';
import { MODEL_FILE } from '../../../experiments/runner/index.ts';
import { assert, suite } from '../../harness.ts';
import { testEngine } from '../../support/engine.ts';
import { rejectsError, throwsError } from '../../support/throws.ts';
import { type TestJob, testJob } from '../recipes/context.ts';

const engine = await testEngine();
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
const training = { model: 'mlp', recipe, augmentation: null, defence: null, rows } as const;
const trained = (seed: number) => testJob(robustModel, { ...training, seed }, digits, { checkpointEvery: 60 });
const [model, second, third] = [trained(1), trained(2), trained(5)];
for (const job of [model, second, third]) await job.run();

const asked = {
  rows,
  attack: { name: 'universal-sgd', options: { epochs: 8 } },
  crafting: 200,
  measured: 300,
  norm: 'linf',
  epsilon: 0.3,
  draws: 5,
  seed: 4,
} as const;
const crafting = (over: object = {}) =>
  testJob(universalPerturbation, { ...asked, ...over }, digits, { needs: [model.needed()] });
async function crafted(over: object = {}) {
  const job = crafting(over);
  return { job, result: universalPerturbation.parseResult(await job.run()) };
}

const { train, test: outside } = trainTest(digits, rows);
const heldOut = take(digits, outside.subarray(0, asked.measured));
const WIDTH = 64;

const perturbationOf = ({ files }: TestJob) =>
  Float32Array.from(readNpy(files.get(PERTURBATION_FILE)!, PERTURBATION_FILE).data);
/** A perturbation on rows, kept between 0 and 1 as digits are. */
const added = (x: Float32Array, v: Float32Array) =>
  x.map((value, i) => Math.min(1, Math.max(0, value + v[i % WIDTH]!)));

async function answers({ files }: TestJob, x: Float32Array): Promise<number[]> {
  const classifier = Classifier.load(engine, files.get(MODEL_FILE)!);
  const logits = await classifier.logits(x);
  classifier.dispose();
  return Array.from({ length: x.length / WIDTH }, (_, i) => {
    const row = [...logits.subarray(10 * i, 10 * (i + 1))];
    return row.indexOf(Math.max(...row));
  });
}

/** What a perturbation does to rows, counted. */
async function counted(of: TestJob, { x, y }: { x: Float32Array; y: Int32Array }, v: Float32Array) {
  const [before, after] = [await answers(of, x), await answers(of, added(x, v))];
  const hits = (test: (i: number) => boolean) => [...before.keys()].filter(test).length;
  return {
    before,
    after,
    clean: hits((i) => before[i] === y[i]),
    fooling: hits((i) => after[i] !== before[i]),
    right: hits((i) => after[i] === y[i]),
  };
}
const of = (hits: number, n: number) => clopperPearson({ hits, n });

const test = suite('universal perturbations: jobs');

for (const [norm, epsilon] of [
  ['linf', 0.3],
  ['l2', 2],
] as const)
  test(`the perturbation uses the ${norm} ball and does not leave it`, async () => {
    const v = perturbationOf((await crafted({ norm, epsilon })).job);
    assert.is(v.length, WIDTH);
    const size = norm === 'linf' ? Math.max(...v.map(Math.abs)) : Math.hypot(...v);
    assert.ok(size <= epsilon * (1 + 1e-6) && size > 0.99 * epsilon, `${size} of ${epsilon}`);
  });

test("rates are of rows that the model was not trained on, against the model's own answers, as counted by hand", async () => {
  const { job, result } = await crafted();
  const v = perturbationOf(job);
  const hand = await counted(model, heldOut, v);
  // counted against labels the rate would be another
  const wrong = hand.after.filter((label, i) => label !== heldOut.y[i]).length;
  assert.ok(hand.clean < 300 && wrong !== hand.fooling);
  assert.equal(result.clean, of(hand.clean, 300));
  assert.equal(result.fooling, of(hand.fooling, 300));
  assert.equal(result.right, of(hand.right, 300));
  const goes = Array.from(
    { length: 10 },
    (_, c) => hand.after.filter((a, i) => a === c && a !== hand.before[i]).length,
  );
  assert.equal(
    result.goesTo.map((share) => Math.round(share * hand.fooling)),
    goes,
  );
  const most = Math.max(...goes);
  assert.equal(result.dominant, { label: digits.classNames[goes.indexOf(most)], share: of(most, hand.fooling) });
});

/** The attacker's rows, drawn from the training rows by the seed of the job. */
function craftingRows(seed: number, n: number) {
  const rng = Rng.from(seed).split('universal perturbation');
  const chosen = rng.split('crafting rows').permutation(train.length).subarray(0, n).sort();
  return {
    rng,
    own: take(
      digits,
      chosen.map((i) => train[i]!),
    ),
  };
}

test('it is crafted from training rows alone, and the record says how well it fits them', async () => {
  const { job, result } = await crafted();
  const hand = await counted(model, craftingRows(asked.seed, 200).own, perturbationOf(job));
  assert.equal(result.foolingOnCrafting, of(hand.fooling, 200));
  // rows that it is judged on do not shape it: with fewer of them it is the same
  const fewer = crafting({ measured: 20 });
  await fewer.run();
  assert.equal(perturbationOf(fewer), perturbationOf(job));
  assert.ok(result.queries <= 200 * (2 * 8 + 1), `${result.queries}`);
});

test('the same bits when it is crafted again, others from another seed', async () => {
  const [one, again, other] = [await crafted(), await crafted(), await crafted({ seed: 5 })];
  assert.equal(again.result, one.result);
  assert.equal(again.job.files.get(PERTURBATION_FILE), one.job.files.get(PERTURBATION_FILE));
  assert.not.equal(perturbationOf(other.job), perturbationOf(one.job));
});

test('stochastic gradients fool more held-out rows than random signs of the same size, with intervals apart', async () => {
  const { result } = await crafted();
  assert.ok(result.fooling.low > result.random.fooling.high, `${result.fooling.low}, ${result.random.fooling.high}`);
  assert.ok(result.random.fooling.value! > 0 && result.right.high < result.random.right.low);
});

test('the control: the draw of random signs that changes most of the crafting rows, not of the held-out rows', async () => {
  const over = { seed: 9, crafting: 15, draws: 6, norm: 'l2', epsilon: 0.3 * 8 } as const;
  const { rng, own } = craftingRows(over.seed, over.crafting);
  const draws: Record<'own' | 'held', Awaited<ReturnType<typeof counted>>>[] = [];
  for (let draw = 0; draw < over.draws; draw++) {
    const stream = rng.split('random signs').split(`draw ${draw}`);
    const signs = Float32Array.from({ length: WIDTH }, () => (stream.uniform() < 0.5 ? -0.3 : 0.3));
    draws.push({ own: await counted(model, own, signs), held: await counted(model, heldOut, signs) });
  }
  const most = (part: 'own' | 'held') => draws.reduce((a, b) => (b[part].fooling > a[part].fooling ? b : a));
  const chosen = most('own');
  assert.ok(chosen !== draws[0] && chosen !== most('held'), 'the first draw, or the best on held-out rows');
  // 0.3 in each of 64 numbers: the same draw in both norms
  for (const ball of [{}, { norm: 'linf', epsilon: 0.3 }]) {
    const { random } = (await crafted({ ...over, ...ball })).result;
    assert.equal(random, { fooling: of(chosen.held.fooling, 300), right: of(chosen.held.right, 300) });
  }
});

const moving = (needs: readonly TestJob[], over: object = {}) =>
  testJob(universalTransfer, { rows, measured: 300, ...over }, digits, { needs: needs.map((job) => job.needed()) });

test('other models are asked in order, each against its own answers', async () => {
  const { job, result } = await crafted();
  const { models } = universalTransfer.parseResult(await moving([job, third, model, second]).run());
  const v = perturbationOf(job);
  for (const [i, one] of [third, model, second].entries()) {
    const hand = await counted(one, heldOut, v);
    assert.equal(models[i], { fooling: of(hand.fooling, 300), right: of(hand.right, 300) });
  }
  assert.equal(models[1], { fooling: result.fooling, right: result.right });
  assert.not.equal(models[0], models[2]);
});

test('what cannot be done is refused before anything is crafted', async () => {
  const facts = [{ name: 'digits', sha256: '0', size: 300, inputShape: [8, 8, 1], classes: 10 }];
  const parsed = (over: object) => universalPerturbation.parseSettings({ ...asked, ...over });
  const checked = (over: object) =>
    universalPerturbation.check(parsed({ rows: { train: 100, seed: 0 }, crafting: 50, ...over }), facts);
  checked({});
  throwsError(() => checked({ crafting: 101 }), ConfigError, /at most the 100 training rows of the model, got 101/);
  throwsError(() => checked({ rows }), ConfigError, /fewer than the 300 rows of digits/);
  const misspelt = { name: 'universal-sgd', options: { epoch: 2 } };
  throwsError(() => checked({ attack: misspelt }), ConfigError, /epoch/);
  throwsError(() => parsed({ attack: { name: 'pgd', options: {} } }), ConfigError, /universal-deepfool/);
  throwsError(() => parsed({ epsilon: 0 }), ConfigError, /above 0/);
  throwsError(() => parsed({ draws: 0 }), ConfigError, /at least 1/);
  for (const [over, message] of [
    [{ epsilon: 1.5 }, /epsilon: expected a number above 0 and at most 1, .* got 1\.5/],
    [{ measured: 1398 }, /at most the 1397 test rows of digits, got 1398/],
    // four fifths of 1,797 rows are known once the data are there
    [{ rows: { train: null, seed: 0 }, crafting: 1438 }, /at most the 1437 training rows of the model, got 1438/],
  ] as const) {
    const job = crafting(over);
    await rejectsError(() => job.run(), ConfigError, message);
    assert.is(job.files.size, 0);
  }
});

test('a transfer needs a perturbation, another model, and as many test rows as it asks for', async () => {
  const { job } = await crafted();
  for (const needs of [[], [job]])
    await rejectsError(() => moving(needs).run(), ConfigError, /expected a perturbation and other models/);
  const tooMany = moving([job, second], { measured: 1398 });
  await rejectsError(() => tooMany.run(), ConfigError, /at most the 1397 test rows of digits, got 1398/);
});
