/** The mitigation stage: which jobs it makes and shares, what it refuses, what it finds on models that have memorised noise. */
import { type Dataset, loadSet } from '../../../data/index.ts';
import { ConfigError, Rng } from '../../../engine/index.ts';
import { shokri } from '../../../experiments/registry/shokri/index.ts';
import { settings as schema } from '../../../experiments/registry/shokri/settings.ts';
import {
  completed,
  type Job,
  type Needed,
  parseBy,
  planJobs,
  type Results,
} from '../../../experiments/runner/index.ts';
import { assert, suite } from '../../harness.ts';
import { rejectsError } from '../../support/throws.ts';
import { testJob } from '../recipes/context.ts';

const facts = () => ({ name: 'x', sha256: 'a', size: 1797, inputShape: [8, 8, 1], classes: 10 });
const plan = async (given: object) =>
  planJobs(shokri.jobs(completed(shokri, shokri.settings(given), facts)), { build: 'base', version: '1', facts });

const stage = (over: object = {}) => ({
  size: 200,
  shadows: 2,
  attacks: ['logistic'],
  signals: ['loss'],
  shorter: [],
  defences: [],
  ...over,
});

const jobs = suite('mitigation: jobs');

jobs('a defence that changes answers trains no model; models of the main experiment are used again', async () => {
  const kinds = async (given: object) => {
    const { jobs } = await plan({ sizes: [200], attacks: ['logistic'], shadows: 3, ...given });
    const count = (kind: string) => jobs.filter((job) => job.kind === kind).length;
    return { models: count('membership-model'), outputs: count('model-outputs'), fits: count('attack-model') };
  };
  const main = await kinds({});
  // the target and 3 shadow models, 10 classes and all together
  assert.equal(main, { models: 4, outputs: 4, fits: 11 });
  assert.equal(await kinds({ mitigation: stage() }), { ...main, fits: 22 }, 'as many shadows as the adaptive attacker');
  const answers = [
    { name: 'label-only', options: {} },
    { name: 'memguard', options: {} },
    { name: 'temperature', options: { temperature: 5 } },
  ];
  assert.equal(
    await kinds({ mitigation: stage({ defences: answers }) }),
    { models: 4, outputs: 4 + 3 * 3, fits: 22 + 3 * 11 },
    'three models behind each defence',
  );
  const { size: _, ...unsized } = stage({ defences: answers });
  assert.equal(
    await kinds({ sizes: [300, 200], mitigation: unsized }),
    { models: 8, outputs: 8 + 3 * 3, fits: 33 + 3 * 11 },
    'the least of the sizes',
  );
  const l2 = [{ name: 'l2', options: { weight: 0.01 } }];
  assert.equal(await kinds({ mitigation: stage({ defences: l2 }) }), { models: 7, outputs: 7, fits: 33 });
  assert.equal(await kinds({ mitigation: stage({ shorter: [5] }) }), { models: 7, outputs: 7, fits: 33 });
});

jobs('wrong settings are refused before anything runs, with what would do', async () => {
  const refused = (mitigation: object, message: RegExp) =>
    rejectsError(() => plan({ sizes: [200], mitigation }), ConfigError, message);
  const by = (name: string, options: object = {}) => stage({ defences: [{ name, options }] });
  await refused(by('dropuot'), /expected one of l2, dropout, .*got 'dropuot'/);
  await refused(by('l2', { strength: 1 }), /expected .*weight.*got 'strength'/);
  await refused(by('temperature', { temperature: -1 }), /temperature/);
  await refused(stage({ size: 500 }), /expected at most a quarter of the 1797 rows .* got 500/);
  await refused(stage({ shadows: 1 }), /mitigation\.shadows: expected at least 2 shadow models, got 1/);
  await refused(stage({ attacks: ['trees'] }), /mitigation\.attacks/);
  await refused(stage({ size: 440, defences: [{ name: 'early-stopping', options: {} }] }), /37 are left/);
  await refused(stage({ defence: [] }), /expected a setting among .*defences.*got 'mitigation\.defence'/);
});

jobs(
  'every defence against membership inference is in the profile of the paper, and the profiles are settings',
  async () => {
    const { allDefenses } = await import('../../../defenses/index.ts');
    const { mitigation } = parseBy(schema, shokri.profiles['paper']!.settings, 'shokri');
    const named = new Set(mitigation!.defences.map(({ name }) => name));
    assert.equal(
      allDefenses.filter(({ name, robust }) => !robust && !named.has(name)).map(({ name }) => name),
      [],
    );
    assert.is(mitigation!.defences.filter(({ name }) => name === 'l2').length, 3);
    assert.is(parseBy(schema, {}, 'shokri').mitigation, null);
    assert.ok(parseBy(schema, shokri.profiles['quick']!.settings, 'shokri').mitigation!.defences.length >= 4);
  },
);

/** Runs jobs and what they need in memory, each once. */
async function resultsOf(wanted: readonly Job[], data: Dataset): Promise<Results> {
  const about = { name: 'noise', sha256: 'a', size: data.size, inputShape: data.inputShape, classes: data.classes };
  const { jobs, idOf } = await planJobs(wanted, { build: 'base', version: '1', facts: () => about });
  const done = new Map<string, { needed: Needed; result: unknown }>();
  const run = async (job: Job): Promise<Needed> => {
    const id = idOf(job)!;
    const known = done.get(id);
    if (known) return known.needed;
    const needs: Needed[] = [];
    for (const need of job.needs) needs.push(await run(need));
    const made = testJob(job.kind, job.settings, data, { needs, checkpointEvery: 60 });
    const result = await made.run();
    done.set(id, { needed: made.needed(), result });
    return made.needed();
  };
  for (const job of wanted) await run(job);
  assert.is(done.size, jobs.length);
  return { of: (job) => (done.get(idOf(job) ?? '')?.result ?? null) as never };
}

const found = suite('mitigation: what it finds');

// pure noise: the classes lie on one another, so that whatever is known of a member is memory
const noise = await loadSet('synthetic-blobs', {
  options: { rows: 640, features: 12, classes: 3, separation: 0 },
  rng: Rng.from(3),
});
const memory = {
  data: 'noise',
  classes: 3,
  sizes: [120],
  shadows: 2,
  attacks: ['logistic'],
  recipe: { epochs: 20, batchSize: 30, optimizer: 'adam', learningRate: 3e-3, momentum: 0.9, weightDecay: 0 },
  mitigation: {
    size: 120,
    shadows: 2,
    attacks: ['logistic'],
    signals: ['loss'],
    shorter: [1],
    defences: [
      { name: 'l2', options: { weight: 0.3 } },
      { name: 'temperature', options: { temperature: 50 }, label: 'flat answers' },
      { name: 'early-stopping', options: { patience: 1 } },
      { name: 'dp-sgd', options: { epsilon: 2, delta: 1e-3 } },
    ],
  },
};

/** Each waits for the same runs. */
const LONG = { timeout: 60_000 };
const all = shokri.settings(memory);
const results = resultsOf(shokri.jobs(all), noise);

found(
  'trap 4.2.9: a mask fools who does not know it, and the accuracy of the defended model is in the same table',
  async () => {
    const report = shokri.report(await results, all);
    const table = report.sections.find(({ title }) => title === 'Defences: the loss attack')!.table!;
    const [columns, rows] = [table.columns, table.rows];
    const value = (row: string, column: string) => {
      const cell = rows.find(([name]) => name === row)![columns.indexOf(column)]!;
      return Number.parseFloat(typeof cell === 'string' ? cell : cell.value);
    };
    assert.equal(
      rows.map(([name]) => name),
      [
        'undefended',
        'undefended, 1 epoch',
        'l2, weight 0.3',
        'flat answers',
        'early-stopping, patience 1',
        'dp-sgd, epsilon 2, delta 0.001',
      ],
    );
    assert.ok(columns.includes('Test'));
    assert.ok(value('undefended', 'Adaptive: balanced accuracy') > 85);
    // flat answers have losses that undefended members never have: the naive attacker accuses nobody
    assert.is(value('flat answers', 'Naive: balanced accuracy'), 50);
    assert.ok(value('flat answers', 'Adaptive: balanced accuracy') > 85);
    assert.is(value('flat answers', 'Test'), value('undefended', 'Test'), 'the model is the same');
    assert.is(
      value('flat answers', 'Adaptive: AUC'),
      value('flat answers', 'Naive: AUC'),
      'a ranking needs no shadow model',
    );
  },
  LONG,
);

found(
  'what holds is told from what stops early, learns less, or only masks',
  async () => {
    const { sections } = shokri.report(await results, all);
    const [, lowers, byLearning, looks] = sections.find(({ title }) => title === 'Defences: what holds')!.text!;
    assert.match(lowers!, /as accurate: none\.$/, 'on noise, memory is all there is to learn');
    assert.match(byLearning!, /l2, weight 0\.3 \(AUC /);
    assert.match(byLearning!, /dp-sgd/);
    assert.match(looks!, /flat answers \(50\.0 % against /);
    const table = sections.find(({ title }) => title === 'Defences: the logistic attack')!.table!;
    const mark = (row: string) => table.rows.find(([name]) => name === row)![table.columns.indexOf('Mark')] as string;
    assert.is(mark('undefended'), '');
    assert.is(mark('flat answers'), '');
    assert.is(mark('undefended, 1 epoch'), 'stopped at epoch 1, under-fitted');
    assert.match(mark('early-stopping, patience 1'), /^stopped at epoch \d/);
    assert.is(mark('l2, weight 0.3'), 'under-fitted');
    const epsilon = Number(table.rows.at(-1)![table.columns.indexOf('Epsilon')]);
    assert.ok(epsilon > 1.5 && epsilon <= 2, `epsilon ${epsilon}`);
  },
  LONG,
);

found(
  'a stage that has not run says so, and takes nothing from the rest of the report',
  async () => {
    const given = await results;
    const without: Results = { of: (job) => (job.kind.name === 'threshold-attack' ? null : given.of(job)) };
    const report = shokri.report(without, all);
    assert.match(report.headline, /With 120 training records/);
    assert.match(report.sections.at(-1)!.text![0]!, /have not been attacked/);
  },
  LONG,
);
