/** The report on adversarial training from made-up records: one seed and several, what is missing, and what the checklist said. */
import { clopperPearson } from '../../../attacks/index.ts';
import { adversarialTraining } from '../../../experiments/registry/adversarial-training.ts';
import type { Job, Results } from '../../../experiments/runner/index.ts';
import { assert, suite } from '../../harness.ts';

const test = suite('adversarial training: report');

const N = 200;
const share = (value: number) => clopperPearson({ hits: Math.round(value * N), n: N });
const settingsOf = (seeds: readonly number[], more: object = {}) =>
  adversarialTraining.settings({
    seeds,
    defences: [{ name: 'adversarial-fgsm' }],
    curve: { epsilons: [0.1, 0.2], attacked: 200, attacks: [{ name: 'pgd' }] },
    ...more,
  });

interface Asked {
  readonly seed: number;
  readonly defence: { readonly name: string } | null;
  readonly epsilons?: readonly number[];
  readonly controls?: boolean;
}

/** Rows right under attack by seed: of the defended models; of others a tenth. */
const pretend = (right: readonly number[]): Results => ({
  of(job: Job) {
    const model = (job.kind.name === 'robust-model' ? job : job.needs[0]!).settings as unknown as Asked;
    const value = right[model.seed];
    if (value === undefined) return null;
    const notes = model.defence && value === 0.8 ? ['The parameters of epoch 3 of 10 were kept.'] : [];
    if (job.kind.name === 'robust-model') return { test: { accuracy: share(0.95) }, notes } as never;
    const { epsilons, controls } = job.settings as unknown as Required<Asked>;
    const own = model.defence ? value : value / 10;
    const curve = epsilons.map((epsilon) => ({ epsilon, robust: share(own * (1 - epsilon)) }));
    const name = (flag: boolean) => ({ name: 'black-box-beats-white-box', flag, evidence: 'square fools 9 more.' });
    return {
      clean: share(0.95),
      attacks: ['pgd', 'fgsm'].map((attack) => ({ name: attack, curve })),
      worst: curve,
      masking: controls ? (value < 0.2 ? 'likely' : 'none seen') : null,
      flags: controls ? [name(value < 0.2)] : [],
    } as never;
  },
});
const reported = (right: readonly number[], seeds: readonly number[]) =>
  adversarialTraining.report(pretend(right), settingsOf(seeds));
const section = (report: ReturnType<typeof reported>, title: string) =>
  report.sections.find((one) => one.title === title)!;

test('each seed has a model, the attacks at the radius, and a curve', () => {
  const jobs = adversarialTraining.jobs(settingsOf([3, 4, 5]));
  assert.is(jobs.filter(({ name }) => name.includes('at several radii')).length, 2 * 3);
  assert.is(jobs.filter(({ name }) => name.startsWith('attacks on') && !name.includes('several')).length, 2 * 3);
  assert.equal(
    jobs.filter(({ name }) => name.includes('adversarial-fgsm')).map(({ needs }) => needs[0]!.settings),
    [3, 3, 4, 4, 5, 5].map((seed) => ({
      ...(jobs.find(({ name }) => name.includes('adversarial-fgsm'))!.needs[0]!.settings as object),
      seed,
    })),
  );
});

test('curves of several seeds: their medians between the lowest and the highest; of one seed, its interval', () => {
  const several = section(reported([0.5, 0.8, 0.1], [0, 1, 2]), 'Security curve').figure!.curves[1]!;
  assert.is(several.name, 'adversarial-fgsm');
  const { x, y, low, high } = several.points[1]!;
  assert.equal([x, y, low, high], [0.1, 0.45, 0.09, 0.72]);
  const one = section(reported([0.5], [0]), 'Security curve').figure!.curves[1]!.points[2]!;
  const interval = share(0.5 * 0.8);
  assert.equal([one.y, one.low, one.high], [0.4, interval.low, interval.high]);
});

test('which epoch of a model was kept is said, and nothing where that is the last', () => {
  const notes = (right: readonly number[]) => section(reported(right, [0, 1, 2]), 'Unchanged and attacked').text;
  assert.equal(notes([0.5, 0.8, 0.1]), ['adversarial-fgsm, seed 1: The parameters of epoch 3 of 10 were kept.']);
  assert.is(notes([0.5, 0.4, 0.1]), undefined);
});

test('a headline of the median and the extremes, masking seed by seed, and only the flags that were raised', () => {
  const report = reported([0.5, 0.8, 0.1], [0, 1, 2]);
  assert.match(
    report.headline,
    /at 0\.15 \(median .*\): 4\.5 % \(1\.0 % to 7\.0 %\) undefended, 42\.5 % \(8\.5 % to 68\.0 %\) by adv/,
  );
  const { table, text } = section(report, 'Whether to believe it');
  const judged = (value: string) => ({ value, interval: '1 of 1 checks' });
  const each = [judged('none seen'), judged('none seen'), judged('likely')];
  assert.equal(table!.rows, [
    ['none', ...each],
    ['adversarial-fgsm', ...each],
  ]);
  assert.equal(
    text!.slice(1).map((line) => line.split(':')[0]),
    ['none, seed 2', 'adversarial-fgsm, seed 2'],
  );
});

test('an attack that is run twice has two columns; the worst case of the curve and the checklist stand in the headline', () => {
  const attacks = [
    { name: 'pgd', options: { steps: 1 } },
    { name: 'pgd', options: { steps: 50 } },
  ];
  const s = settingsOf([0, 2], { epsilon: 0.2, attacks });
  const report = adversarialTraining.report(pretend([0.5, 0.8, 0.1]), s);
  const { columns } = section(report, 'Unchanged and attacked').table!;
  assert.equal(columns.slice(2, 4), ['Under pgd, steps 1', 'Under pgd, steps 50']);
  assert.match(
    report.headline,
    /Under the worst of 1 attacks on the first 200 rows: 24\.0 % by adversarial-fgsm\. Gradient masking is likely in 1 and possible in 0 of 2 defended models\.$/,
  );
});

test('options of a defence get the radius only where they have one', () => {
  const s = adversarialTraining.settings({
    seeds: [0],
    defences: [{ name: 'input-gradient-regularisation' }, { name: 'trades', options: { epsilon: 0.3 } }],
  });
  const [, gradient, trades] = adversarialTraining
    .jobs(s)
    .filter(({ name }) => !name.includes('several'))
    .map(({ needs }) => (needs[0]!.settings as unknown as Asked).defence as unknown as { options: object });
  assert.equal([gradient!.options, trades!.options], [{}, { epsilon: 0.3 }]);
});

test('a report of what there is', () => {
  assert.is(reported([], [0, 1]).headline, 'Nothing has been measured yet.');
  const half = reported([0.5], [0, 1]);
  assert.equal(section(half, 'Whether to believe it').table!.rows[0]!.slice(2), ['not yet']);
  assert.is(section(half, 'Unchanged and attacked').table!.rows[0]!.at(-1), '1 of 2');
});
