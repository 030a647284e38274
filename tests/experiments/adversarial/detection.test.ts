/** The squeezing detector under attackers who do not know it and one who does, and attacks that are crafted on another model. */
import { localTarget } from '../../../attacks/index.ts';
import { loadSet, take } from '../../../data/index.ts';
import { Classifier, ConfigError, createEngine } from '../../../engine/index.ts';
import {
  robustModel,
  robustnessEvaluation,
  squeezedMean,
  squeezingDetection,
  trainTest,
} from '../../../experiments/adversarial/index.ts';
import { MODEL_FILE } from '../../../experiments/runner/index.ts';
import { assert, suite } from '../../harness.ts';
import { rejectsError } from '../../support/throws.ts';
import { testJob } from '../recipes/context.ts';

const digits = await loadSet('digits', {});
const rows = { train: 1000, seed: 3 } as const;
const recipe = {
  epochs: 15,
  batchSize: 32,
  optimizer: 'adam',
  learningRate: 2e-3,
  momentum: 0.9,
  weightDecay: 0,
} as const;
const model = { model: 'mlp', recipe, augmentation: null, defence: null, rows, seed: 1 } as const;
const trained = testJob(robustModel, model, digits, { checkpointEvery: 60 });
await trained.run();
const needs = [trained.needed()];

const detection = {
  rows,
  attacked: 150,
  clean: 400,
  squeezers: { bits: [1], medians: [] },
  falsePositiveRate: 0.05,
  norm: 'l2',
  epsilon: 1,
  unaware: [
    { name: 'pgd', options: {} },
    { name: 'pgd', options: { full: 1 } },
  ],
  adaptive: { steps: 40, classes: 3 },
  seed: 1,
} as const;

const test = suite('squeezing detection: attackers who know it and who do not');

test('who knows how a detector squeezes gets past it far more often than who does not', async () => {
  const run = async (over: object = {}) =>
    squeezingDetection.parseResult(
      await testJob(squeezingDetection, { ...detection, ...over }, digits, { needs }).run(),
    );
  const found = await run();
  const [unaware, sure, adaptive] = found.attackers;
  const said = JSON.stringify(found, null, 1);
  assert.equal(
    found.attackers.map(({ knows }) => knows),
    [false, false, true],
  );
  assert.ok(unaware!.fooled.value! > 0.9 && unaware!.detected.low > 0.6, said);
  // intervals of 95 % lie apart, by far; also where the model alone is made as sure as can be
  assert.ok(adaptive!.evades.low > unaware!.evades.high + 0.3, said);
  assert.ok(adaptive!.evades.low > sure!.evades.high, said);
  // 5 % of 400 other rows choose the threshold: three deviations of the difference of two such shares
  assert.ok(found.falsePositives.value! < 0.05 + 3 * Math.sqrt(0.05 * 0.95 * (1 / 150 + 1 / 400)), said);
  assert.equal(await run(), found, 'the same again');
});

test('the gradient of the mean log-probability is that of finite differences', async () => {
  const engine = await createEngine();
  const classifier = Classifier.load(engine, trained.files.get(MODEL_FILE)!);
  const { data, test: out } = trainTest(digits, rows);
  // a squeezer with the identity for its gradient in truth: all numbers moved by as much
  const mean = squeezedMean(localTarget(classifier), [(x) => Float32Array.from(x, (value) => value + 0.1)]);
  const { x } = take(data, out.subarray(0, 3));
  let gradient = new Float32Array(0);
  const cotangent = Float64Array.from({ length: 30 }, (_, j) => ((j * 7) % 4) - 1);
  await mean.inputGradients(x, (_, back) => {
    gradient = back(cotangent) as Float32Array<ArrayBuffer>;
  });
  const value = async (at: number, by: number) => {
    const moved = x.slice();
    moved[at]! += by;
    return (await mean.logits(moved)).reduce((sum, z, j) => sum + z * cotangent[j]!, 0);
  };
  for (const at of [10, 27, 64 + 35, 128 + 50]) {
    const slope = ((await value(at, 2 ** -9)) - (await value(at, -(2 ** -9)))) / 2 ** -8;
    assert.ok(Math.abs(slope - gradient[at]!) < 0.02 * Math.max(1, Math.abs(slope)), `${slope} ${gradient[at]}`);
  }
  engine.dispose();
});

test('rows that are crafted on a bare model, or on another, are asked of the defended one', async () => {
  const other = testJob(robustModel, { ...model, seed: 2 }, digits, { checkpointEvery: 60 });
  await other.run();
  const evaluation = {
    rows,
    attacked: 150,
    norm: 'linf',
    epsilons: [0.15],
    attacks: [{ name: 'pgd', options: { steps: 20 } }],
    controls: false,
    inference: null,
    seed: 4,
  } as const;
  const left = async (over: object, with_ = needs) => {
    const job = testJob(robustnessEvaluation, { ...evaluation, ...over }, digits, { needs: with_ });
    return robustnessEvaluation.parseResult(await job.run()).worst[0]!.robust;
  };
  const [own, transferred] = [await left({}), await left({ craftedOn: 'other' }, [trained.needed(), other.needed()])];
  assert.ok(transferred.low > own.high, `another model's ${transferred.value}, its own ${own.value}`);
  assert.equal(await left({ craftedOn: 'other' }, [trained.needed(), trained.needed()]), own);
  const inference = { name: 'jpeg', options: { quality: 25 }, adaptive: false };
  const handed = await left({ inference, craftedOn: 'bare' });
  const adaptive = await left({ inference: { ...inference, adaptive: true } });
  assert.ok(handed.low > adaptive.high, `handed over ${handed.value}, adaptive ${adaptive.value}`);
});

test('what cannot be done is refused', async () => {
  const facts = [{ name: 'digits', sha256: '0', size: 1797, inputShape: [8, 8, 1], classes: 10 }];
  const refuses = (over: object, pattern: RegExp) =>
    assert.throws(
      () => squeezingDetection.check(squeezingDetection.parseSettings({ ...detection, ...over }), facts),
      (error: unknown) => error instanceof ConfigError && pattern.test(error.message),
    );
  refuses({ squeezers: { bits: [], medians: [] } }, /expected at least one, got none/);
  refuses({ squeezers: { bits: [0], medians: [] } }, /at least 1/);
  refuses({ falsePositiveRate: 0 }, /falsePositiveRate/);
  const flat = { ...facts[0]!, inputShape: [64] };
  assert.throws(
    () =>
      squeezingDetection.check(
        squeezingDetection.parseSettings({ ...detection, squeezers: { bits: [], medians: [2] } }),
        [flat],
      ),
    /expected images \[h, w, channels\] for medians/,
  );
  await rejectsError(
    () => testJob(squeezingDetection, { ...detection, clean: 5000 }, digits, { needs }).run(),
    ConfigError,
    /expected at most 647 rows, the test rows of digits that are not attacked, got 5000/,
  );
});
