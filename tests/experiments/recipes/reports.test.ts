import * as v from 'valibot';
import { publishedRecipes } from '../../../experiments/recipes/published.ts';
import { privateRecipeSchema } from '../../../experiments/recipes/recipe.ts';
import { privacyUtility } from '../../../experiments/registry/privacy-utility.ts';
import { privateTraining } from '../../../experiments/registry/private-training.ts';
import type { Experiment, Job, Json, Results } from '../../../experiments/runner/index.ts';
import { assert, suite } from '../../harness.ts';

const test = suite('private-training and privacy-utility');

const share = (value: number) => ({
  value,
  low: value - 0.01,
  high: value + 0.01,
  n: 1000,
  confidence: 0.95,
  method: 'clopper-pearson',
});

/** Results of jobs that nobody ran. */
const pretend = (answer: (job: Job, settings: Record<string, unknown>) => unknown): Results => ({
  of: (job) => (answer(job, job.settings as Record<string, unknown>) ?? null) as never,
});

const model = (accuracy: number, upper: number | null) => ({
  parameters: 1,
  steps: 10,
  members: 100,
  accuracy: share(accuracy),
  memberLoss: 0.1,
  privacy:
    upper === null
      ? null
      : { upper, lower: upper - 0.01, accountant: 'pld', delta: 1e-5, noise: 2, rate: 0.1, ledger: {} },
});

test('the published recipes are settings of the schema, and hold what was promised of them', () => {
  for (const { recipe } of Object.values(publishedRecipes)) assert.ok(v.safeParse(privateRecipeSchema, recipe).success);
  const targets = Object.entries(publishedRecipes).map(([name, { targets }]) => [
    name,
    targets.map((t) => [t.epsilon, t.accuracy]),
  ]);
  assert.equal(targets, [
    [
      'mnist-cnn',
      [
        [1, 0.965],
        [2.4, 0.975],
      ],
    ],
    ['mnist-scattering', [[3, 0.984]]],
    ['fashion-mnist-scattering', [[3, 0.893]]],
    ['cifar10-scattering', [[3, 0.66]]],
  ]);
  assert.is(publishedRecipes['cifar10-scattering'].recipe.scattering.momentsNoise, 8);
});

test('private-training: means of the seeds against what was expected, and each seed', () => {
  const all = privateTraining.settings({});
  assert.is(privateTraining.jobs(all).length, 15);
  const settings = privateTraining.settings({ recipes: ['mnist-scattering', 'cifar10-scattering'] });
  const accuracies = [0.983, 0.985, 0.987];
  const results = pretend((job, s) =>
    job.data[0]!.data === 'mnist' ? model(accuracies[s['seed'] as number]!, 2.99) : null,
  );
  const { headline, sections } = privateTraining.report(results, settings);
  assert.is(headline, '1 of 1 measured budgets buy the accuracy that they were expected to.');
  const [first, second] = sections[0]!.table!.rows;
  assert.equal(first!.slice(1), ['3', '98.50 %', '>= 98.40 %', '98.30 %, 98.50 %, 98.70 %', '2.9900', '2.000', '10']);
  assert.is(second![2], 'not yet');
  assert.match(
    privateTraining.report(
      pretend(() => null),
      settings,
    ).headline,
    /Nothing has been measured/,
  );
});

test('privacy-utility: accuracy, attack and ceiling of every budget in one figure', () => {
  const settings = privacyUtility.settings({ epsilons: [1, null], seeds: [0, 1] });
  const jobs = privacyUtility.jobs(settings);
  assert.equal(
    jobs.map(({ kind, needs }) => [kind.name, needs[0]!.kind.name]),
    Array.from({ length: 4 }, () => ['private-membership', 'private-model']),
  );
  const answer = (job: Job) => {
    const epsilon = (job.kind.name === 'private-model' ? job : job.needs[0]!).settings as Record<string, Json>;
    const isPrivate = epsilon['epsilon'] !== null;
    if (job.kind.name === 'private-model') return model(isPrivate ? 0.8 : 0.9, isPrivate ? 0.99 : null);
    return {
      auc: share(isPrivate ? 0.51 : 0.6),
      fpr: 0.1,
      tpr: share(isPrivate ? 0.11 : 0.3),
      ceiling: isPrivate ? 0.27 : 1,
    };
  };
  const { headline, sections } = privacyUtility.report(pretend(answer), settings);
  assert.match(headline, /With epsilon 1 .* 80\.0 % .* 11\.0 % .*\. Without privacy .* 90\.0 % .* 30\.0 %/);
  const { curves, levels } = sections[0]!.figure!;
  assert.equal(
    curves.map(({ name, points }) => [name, points.map(({ x, y }) => [x, y])]),
    [
      [
        'test accuracy',
        [
          ['1', 0.8],
          ['none', 0.9],
        ],
      ],
      [
        'ceiling on TPR at 10.0 % FPR',
        [
          ['1', 0.27],
          ['none', 1],
        ],
      ],
      [
        'TPR at 10.0 % FPR',
        [
          ['1', 0.11],
          ['none', 0.3],
        ],
      ],
    ],
  );
  assert.equal(levels, [{ y: 0.1, label: 'guessing' }]);
  const [one, none] = sections[1]!.table!.rows;
  assert.equal([one![1], none![1]], ['0.990', 'nothing']);
});

test('a TPR above its ceiling is pointed out', () => {
  const settings = privacyUtility.settings({ epsilons: [1], seeds: [0] });
  const answer = (job: Job) =>
    job.kind.name === 'private-model'
      ? model(0.8, 0.99)
      : { auc: share(0.6), fpr: 0.1, tpr: share(0.5), ceiling: 0.27 };
  assert.match(
    privacyUtility.report(pretend(answer), settings).sections[0]!.text![0]!,
    /In 1 runs the measured TPR is above the ceiling/,
  );
});

test('every profile makes jobs whose settings their kinds accept', () => {
  const experiments: readonly Experiment[] = [privateTraining, privacyUtility];
  for (const experiment of experiments) {
    for (const { settings } of Object.values(experiment.profiles))
      assert.ok(experiment.jobs(experiment.settings(settings)).length > 0);
  }
});
