/** The report on universal perturbations from made-up records: what is missing, what was expected and reached, and what was not. */
import { clopperPearson } from '../../../attacks/index.ts';
import { ConfigError } from '../../../engine/index.ts';
import { numbersOverSeeds, overSeeds } from '../../../experiments/registry/shares.ts';
import { universal } from '../../../experiments/registry/universal.ts';
import type { Job, Results } from '../../../experiments/runner/index.ts';
import { assert, suite } from '../../harness.ts';
import { throwsError } from '../../support/throws.ts';

const test = suite('universal perturbations: report');

const N = 500;
const share = (value: number, n = N) => clopperPearson({ hits: Math.round(value * n), n });
const recipe = {
  epochs: 1,
  batchSize: 32,
  optimizer: 'adam',
  learningRate: 1e-3,
  momentum: 0.9,
  weightDecay: 0,
} as const;
const task = {
  data: 'digits',
  model: 'mlp',
  recipe,
  epsilons: [0.1, 10 / 255],
  expected: { epsilon: 10 / 255, fooling: 0.6 },
} as const;
const settings = universal.settings({ tasks: [task] });

interface Asked {
  readonly attack?: { readonly name: string; readonly options: Readonly<Record<string, number>> };
  readonly epsilon?: number;
  readonly seed?: number;
  readonly defence?: unknown;
}
interface Answers {
  /** fooling rate, seed by seed, at the size where something is expected */
  readonly fooling: readonly number[];
  /** on the first other model, and so on, seed by seed */
  readonly elsewhere?: readonly (readonly number[])[];
  readonly dominant?: boolean;
}

/** Records of jobs that nobody ran; DeepFool fools a tenth fewer, the smaller size half. */
const pretend = ({ fooling, elsewhere, dominant = true }: Answers): Results => {
  const effect = (value: number) => ({ fooling: share(value), right: share(1 - value) });
  return {
    of(job: Job) {
      if (job.kind.name === 'robust-model') return { test: { accuracy: share(0.98) } } as never;
      if (job.kind.name === 'universal-transfer') {
        const { seed } = job.needs[0]!.settings as Asked;
        return (elsewhere ? { models: elsewhere[seed!]!.map(effect) } : null) as never;
      }
      const { attack, epsilon, seed } = job.settings as Required<Asked>;
      const value = fooling[seed];
      if (value === undefined) return null;
      const own = (attack.name === 'universal-sgd' ? value : 0.9 * value) * (epsilon === 0.1 ? 0.5 : 1);
      return {
        clean: share(0.97),
        ...effect(own),
        foolingOnCrafting: share(own),
        dominant: dominant ? { label: '8', share: share(0.5, 100) } : null,
        random: effect(0.12),
        warnings: [],
      } as never;
    },
  };
};
const reported = (answers: Answers, s = settings) => universal.report(pretend(answers), s);
const others = [
  [0.3, 0.35],
  [0.5, 0.2],
  [0.4, 0.45],
];

test('each attack at each size on each model, and what others say to it', () => {
  const jobs = universal.jobs(settings);
  const kinds = (name: string) => jobs.filter(({ kind }) => kind.name === name);
  assert.is(kinds('universal-perturbation').length, 2 * 2 * 3);
  for (const { needs } of kinds('universal-transfer')) {
    const [crafted, ...models] = needs;
    const seeds = [crafted!, ...models].map((job) => (job.settings as Asked).seed);
    assert.equal([...seeds].sort(), [0, 1, 2]);
    assert.is((crafted!.needs[0]!.settings as Asked).seed, seeds[0]);
  }
  const alone = universal.jobs(universal.settings({ tasks: [task], seeds: [7] }));
  assert.ok(alone.length === 4 && alone.every(({ kind }) => kind.name === 'universal-perturbation'));
});

test('nothing measured; one seed with its interval; medians of several', () => {
  const nothing = universal.report({ of: () => null }, settings);
  assert.is(nothing.headline, 'Nothing has been measured yet.');
  assert.ok(nothing.sections[0]!.table!.rows.every(([, ...cells]) => cells.every((cell) => cell === 'not yet')));
  assert.is(nothing.sections[0]!.figure!.curves.length, 0);
  assert.match(nothing.sections[0]!.text!.join(' '), /not trained yet/);
  assert.equal(nothing.sections.at(-1)!.table!.rows, []);
  const one = reported({ fooling: [0.8] });
  // the interval of 400 of 500: scipy.stats.binomtest(400, 500).proportion_ci()
  assert.match(one.headline, /digits 40\.0 % \[.*\] at 0\.1, 80\.0 % \[76\.2 %, 83\.4 %\] at 10\/255/);
  const three = reported({ fooling: [0.8, 0.7, 0.9] });
  assert.match(three.headline, /40\.0 % at 0\.1, 80\.0 % at 10\/255 \(random signs 12\.0 % at 10\/255; /);
});

test('what was expected is reached, by every interval or not, or not reached', () => {
  const says = (...fooling: number[]) =>
    /expected 60\.0 % at 10\/255: (.*?)\)/.exec(reported({ fooling }).headline)![1];
  assert.is(says(0.8, 0.7, 0.9), 'reached');
  // 63 % of 500 rows: the interval reaches down to 58.6 %
  assert.is(says(0.8, 0.63, 0.9), 'reached, but not by every interval');
  assert.is(says(0.63), 'reached, but not by every interval');
  assert.is(says(0.5, 0.59, 0.9), 'not reached');
  assert.is(says(0.5), 'not reached');
  const quiet = universal.settings({ tasks: [{ ...task, expected: null }] });
  assert.ok(!/expected/.test(reported({ fooling: [0.8] }, quiet).headline));
  throwsError(
    () => universal.settings({ tasks: [{ ...task, expected: { epsilon: 0.5, fooling: 0.6 } }] }),
    ConfigError,
    /epsilon to be one of the epsilons/,
  );
});

test('tables have medians with each seed, pairs of models as a range, and an interval for one', () => {
  const [rates, labels, each] = reported({ fooling: [0.8, 0.7, 0.9], elsewhere: others }).sections;
  const [, last] = rates!.table!.rows;
  assert.equal(last!.slice(0, 4), [
    'universal-sgd, 10/255',
    { value: '80.0 %', interval: '80.0 %, 70.0 %, 90.0 %' },
    { value: '12.0 %', interval: '12.0 %, 12.0 %, 12.0 %' },
    { value: '37.5 %', interval: '20.0 % to 50.0 %' },
  ]);
  assert.is(labels!.table!.rows[1]![2], '8, 8, 8');
  assert.equal(each!.table!.rows.length, 12);
  assert.equal(each!.table!.rows[3]!.slice(0, 2), [
    'digits, mlp, universal-sgd, 10/255, seed 0',
    { value: '80.0 %', interval: '[76.2 %, 83.4 %]' },
  ]);
  const half = reported({ fooling: [0.8] }).sections[0]!.table!.rows[1]!;
  assert.equal(half[1], { value: '80.0 %', interval: '[76.2 %, 83.4 %]' });
  assert.is(half[3], 'not yet');
  const none = reported({ fooling: [0, 0, 0], dominant: false }).sections[1]!.table!.rows[0]!;
  assert.equal(none.slice(1), ['none changes', '']);
});

test('the figure has a curve for each attack, the other models and the control, with the range over seeds', () => {
  const { curves, levels } = reported({ fooling: [0.8, 0.7, 0.9], elsewhere: others }).sections[0]!.figure!;
  assert.equal(
    curves.map(({ name }) => name),
    ['universal-sgd', 'universal-deepfool', 'universal-sgd, other models', 'random signs'],
  );
  const { y, low, high } = curves[0]!.points.at(-1)!;
  assert.equal([y, low, high], [0.8, 0.7, 0.9]);
  assert.is(levels![0]!.y, 0.6);
});

test('one attack with other options is another attack', () => {
  const two = universal.settings({
    tasks: [task],
    attacks: [
      { name: 'universal-sgd', options: {} },
      { name: 'universal-sgd', options: { epochs: 2 } },
    ],
  });
  const { headline, sections } = reported({ fooling: [0.8] }, two);
  assert.is(headline.match(/at 0\.1/g)!.length, 1);
  const { figure, table } = sections[0]!;
  assert.is(figure!.curves[0]!.points.length, 3);
  assert.is(new Set(table!.rows.map(([name]) => name)).size, 4);
});

test('shares over seeds: none, one with its interval, several with their median; a share of nothing says so', () => {
  const empty = { value: null, low: 0, high: 1 };
  assert.is(overSeeds([]), 'not yet');
  assert.is(overSeeds([null]), 'not resolved');
  assert.equal(overSeeds([share(0.8)]), { value: '80.0 %', interval: '[76.2 %, 83.4 %]' });
  assert.equal(overSeeds([share(0.8), empty, share(0.6)]), { value: '60.0 %', interval: '80.0 %, none, 60.0 %' });
  const text = (value: number) => value.toFixed(2);
  assert.is(numbersOverSeeds([], text), 'not yet');
  assert.is(numbersOverSeeds([1.5], text), '1.50');
  assert.equal(numbersOverSeeds([1, 4, 2, 3], text), { value: '2.50', interval: '1.00, 4.00, 2.00, 3.00' });
});
