/** Shadow data of attackers with partial knowledge: how they are made, who draws from them, and what the report says of them. */
import { syntheses, synthesisNames } from '../../../attacks/synthesis/index.ts';
import { type Column, type Dataset, makeDataset, readNpz, take } from '../../../data/index.ts';
import { ConfigError, Rng } from '../../../engine/index.ts';
import { madeRows, targetOf } from '../../../experiments/membership/design.ts';
import {
  asksTarget,
  type Knowledge,
  membershipModel,
  modelOutputs,
  ONE_VIEW,
  rowsOfModel,
  shadowData,
} from '../../../experiments/membership/index.ts';
import { experiments } from '../../../experiments/registry/index.ts';
import {
  type KnowledgeSetting,
  knowledgeOf,
  knows,
  titleOf,
} from '../../../experiments/registry/shokri/knowledge-settings.ts';
import { type DataFacts, type Job, type Needed, planJobs, type Results } from '../../../experiments/runner/index.ts';
import { assert, suite } from '../../harness.ts';
import { digits } from '../../support/data.ts';
import { nearCount } from '../../support/near.ts';
import { rejectsError, throwsError } from '../../support/throws.ts';
import { testJob } from '../recipes/context.ts';

const recipe = {
  epochs: 3,
  batchSize: 32,
  optimizer: 'adam',
  learningRate: 1e-3,
  momentum: 0.9,
  weightDecay: 0,
} as const;
const search = { kMax: 16, kMin: 1, rejMax: 5, confMin: 0.2, iterMax: 300, queryBudget: 1e6 };
const every: readonly KnowledgeSetting[] = [
  { kind: 'noisy', p: 0.1 },
  { kind: 'marginals', perClass: 0 },
  { kind: 'marginals', perClass: 1 },
  { kind: 'hill-climbing', ...search },
  { kind: 'other', data: 'another' },
];
const shokri = experiments.shokri!;
const settingsOf = (knowledge: readonly KnowledgeSetting[], more = {}) =>
  shokri.settings({
    data: 'digits',
    classes: 2,
    model: 'mlp',
    sizes: [100],
    shadows: 1,
    recipe,
    attacks: ['logistic'],
    options: {},
    minRows: 5,
    seed: 1,
    knowledge,
    ...more,
  });

const columns: Column[] = [
  { kind: 'binary', name: 'a', feature: 0, width: 1, immutable: false },
  { kind: 'categorical', name: 'colour', feature: 1, width: 3, immutable: false, categories: ['red', 'green', 'blue'] },
  { kind: 'numeric', name: 'size', feature: 4, width: 1, immutable: false, bounds: [0, 100], missing: 1 },
];

/** Two classes of rows; the size of row 0 is missing. */
async function table(seed: number, name: string, own: Column[] = columns): Promise<Dataset> {
  const rng = Rng.from(seed).split('table');
  const n = 600;
  const x = new Float32Array(n * 5);
  const y = Int32Array.from({ length: n }, (_, i) => i % 2);
  for (let i = 0; i < n; i++) {
    x[i * 5] = rng.below(4) === 0 ? 1 - y[i]! : y[i]!;
    x[i * 5 + 1 + rng.below(3)] = 1;
    x[i * 5 + 4] = i === 0 ? Number.NaN : 50 * y[i]! + 50 * rng.uniform();
  }
  const schema = { kind: 'table', columns: own } as const;
  const about = { name, title: name, licence: 'none', source: 'made for tests' };
  return makeDataset({ ...about, inputShape: [5], classNames: ['no', 'yes'], schema, x, y });
}

/** Digits upside down. */
async function turned(): Promise<Dataset> {
  const { x, title, licence, source, inputShape, classNames, schema, y } = await digits();
  const around = Uint8Array.from(x, (_, i) => x[i - (i % 64) + 63 - (i % 64)]!);
  return makeDataset({ name: 'turned', title, licence, source, inputShape, classNames, schema, x: around, y });
}

/** The target's job where it is needed, then the shadow data. */
async function made(own: Dataset, other: Dataset, setting: KnowledgeSetting, train: number) {
  const knowledge = knowledgeOf(setting);
  const design = { kind: 'apart', train, seed: 2 } as const;
  const needs: Needed[] = [];
  if (asksTarget(knowledge)) {
    const settings = { model: 'mlp', recipe, augmentation: null, defence: null, design, which: 'target', seed: 1 };
    const target = testJob(membershipModel, settings, own);
    await target.run();
    needs.push(target.needed());
  }
  const job = testJob(shadowData, { design, knowledge, seed: 1 }, own, { needs, others: [other] });
  const result = shadowData.parseResult(await job.run());
  const rows = await madeRows({ ...design, shadowRows: 'made' }, [job.needed()]);
  return { design, job, result, rows: rows! };
}

const rows = suite('partial knowledge: made rows');

for (const knowledge of every) {
  rows(
    `${titleOf(knowledge)}: rows of a table keep one category and the range of a column, and feed a model`,
    async () => {
      const [own, other] = [await table(1, 'own'), await table(2, 'another')];
      const { design, result, rows: kept, job } = await made(own, other, knowledge, 100);
      const { x, y } = kept;
      const wanted = knowledge.kind === 'hill-climbing' ? 200 : 400;
      assert.equal([result.rows, y.length, x.length], [wanted, wanted, 5 * wanted]);
      assert.equal(
        result.perClass,
        [0, 1].map((c) => y.filter((label) => label === c).length),
      );
      for (let i = 0; i < y.length; i++) {
        const [a, ...rest] = x.subarray(i * 5, (i + 1) * 5);
        assert.ok(a === 0 || a === 1);
        assert.equal(rest.slice(0, 3).sort(), [0, 0, 1]);
        assert.ok(Number.isNaN(rest[3]) || (rest[3]! >= 0 && rest[3]! <= 100));
      }
      const shadow = { ...design, shadowRows: 'made' } as const;
      const seen = rowsOfModel(own, shadow, 0, kept);
      assert.equal([seen.members.length, new Set([...seen.members, ...seen.nonMembers]).size], [100, 200]);
      const settings = { model: 'mlp', recipe, augmentation: null, defence: null, design: shadow, which: 0, seed: 1 };
      await testJob(membershipModel, settings, own, { needs: [job.needed()] }).run();
    },
  );

  rows(`${titleOf(knowledge)}: images stay bytes in the range of their set, and questions are counted`, async () => {
    const { result, job } = await made(await digits(), await turned(), knowledge, 100);
    const { data } = readNpz(job.files.get('shadow-data.npz')!, 'shadow-data.npz').get('x')!;
    assert.instance(data, Uint8Array);
    assert.ok((data as Uint8Array).every((byte) => byte <= 16));
    if (knowledge.kind === 'hill-climbing') assert.ok(result.queries >= result.rows);
    else assert.is(result.queries, knowledge.kind === 'marginals' && knowledge.perClass === 0 ? 400 : 0);
  });
}

rows('noise of nothing gives shadow models the very rows that they have without', async () => {
  const own = await table(1, 'own');
  const { design, rows: kept } = await made(own, own, { kind: 'noisy', p: 0, rows: 400 }, 100);
  for (const which of [0, 1]) {
    const real = rowsOfModel(own, design, which);
    const same = rowsOfModel(own, { ...design, shadowRows: 'made' }, which, kept);
    assert.equal(take(same.data, same.members), take(real.data, real.members));
    assert.equal(take(same.data, same.nonMembers), take(real.data, real.nonMembers));
  }
});

rows('marginals are of all rows that the target left over, however few are made', async () => {
  const own = await table(1, 'own');
  const { rows: kept } = await made(own, own, { kind: 'marginals', perClass: 1, rows: 200 }, 100);
  const { others } = targetOf(own, { kind: 'apart', train: 100, seed: 2 });
  const last = new Set(Array.from(others.subarray(200), (row) => own.x[row * 5 + 4]!));
  const values = Array.from(kept.y, (_, i) => kept.x[i * 5 + 4]!);
  // each value is of one row, and a row made takes that of any of the 400, so that half are of the 200 last ones
  nearCount(values.filter((value) => last.has(value)).length, 200, 0.5, 'values of the last 200 rows');
});

rows('an output defence stands before shadow models of made rows, too', async () => {
  const own = await table(1, 'own');
  const { design, job } = await made(own, own, { kind: 'noisy', p: 0.1 }, 60);
  const drawn = { design: { ...design, shadowRows: 'made' }, which: 0 } as const;
  const needs = [job.needed()];
  const settings = { ...drawn, model: 'mlp', recipe, augmentation: null, defence: null, seed: 1 };
  const model = testJob(membershipModel, settings, own, { needs });
  await model.run();
  const asked = { ...drawn, views: ONE_VIEW, population: 0, defence: { name: 'label-only', options: {}, seed: 1 } };
  const outputs = testJob(modelOutputs, asked, own, { needs: [model.needed(), ...needs] });
  const { rows: answered, answers } = modelOutputs.parseResult(await outputs.run());
  assert.equal([answered, answers], [120, 'log-probabilities']);
});

rows('what is made follows from the seed', async () => {
  const own = await table(1, 'own');
  const once = async () => (await made(own, own, { kind: 'hill-climbing', ...search }, 60)).rows;
  assert.equal(await once(), await once());
});

rows('too few rows are refused with what ended the search', async () => {
  const own = await table(1, 'own');
  const at = (more: object) => () => made(own, own, { kind: 'hill-climbing', ...search, ...more }, 60);
  await rejectsError(at({ queryBudget: 30 }), ConfigError, /at least 120 rows.*before its query budget ended.*Budget/);
  await rejectsError(at({ confMin: 0.999, iterMax: 2 }), ConfigError, /gave 0 and \d+ searches found none.*confMin/);
});

rows('a table of other columns is refused, by the first that differs', async () => {
  const swapped = { ...columns[1]!, categories: ['red', 'blue', 'green'] } as Column;
  const own = await table(1, 'own');
  const other = await table(2, 'another', [columns[0]!, swapped, columns[2]!]);
  await rejectsError(
    () => made(own, other, { kind: 'other', data: 'another' }, 60),
    ConfigError,
    /columns of own, 'categorical colour \(red, green, blue\)' at 2, got 'categorical colour \(red, blue, green\)'/,
  );
});

rows('a shadow model of a design with made rows needs them', async () => {
  const own = await table(1, 'own');
  const design = { kind: 'apart', train: 60, seed: 2, shadowRows: 'made' } as const;
  throwsError(() => rowsOfModel(own, design, 0), ConfigError, /made rows for shadow 0. Name the job/);
  await rejectsError(() => madeRows(design, []), ConfigError, /a job that made shadow data/);
});

const plans = suite('partial knowledge: plans');

const facts = (size = 1797): DataFacts => ({ name: 'digits', sha256: 'a', size, inputShape: [8, 8, 1], classes: 2 });
const planOf = (knowledge: readonly KnowledgeSetting[], other: Partial<DataFacts> = {}, size = 1797) =>
  planJobs(shokri.jobs(settingsOf(knowledge)), {
    build: 'base',
    version: '0',
    facts: ({ data }) => (data === 'digits' ? facts(size) : { ...facts(), name: data, sha256: 'b', ...other }),
  });

plans('jobs without it are named as before there was any', async () => {
  // planned from the same settings by the commit before the setting was there (7c9b031)
  const before = [
    'c460d2671efc07fdd20821a37b757c75',
    '5d9cada2d2c685b5c36465b9060a6130',
    'a1ac36b29947376d6b5a561e5fa25bdc',
    '634c278040f96529b918d6601bf80893',
    '218e2a94e20b3abf5d26e4f4051674dc',
    '3dafa73d999e62a26e295348551fa450',
    '0b3bb5cea6f4ffe1718ef0d0bacc5cb8',
    'e11199963375f4acf214c436b2720b99',
  ];
  assert.equal(
    (await planOf([])).jobs.map(({ id }) => id),
    before,
  );
  const all = (await planOf(every)).jobs.map(({ id }) => id);
  assert.ok(before.every((id) => all.includes(id)));
});

plans('every kind has the one target that there is, and shadow models of its own', async () => {
  const { jobs } = await planOf(every);
  const models = jobs.filter(({ kind }) => kind === 'membership-model');
  const targets = models.filter(({ settings }) => (settings as { which: unknown }).which === 'target');
  assert.equal([targets.length, models.length], [1, 2 + every.length]);
  const data = jobs.filter(({ kind }) => kind === 'shadow-data');
  assert.is(data.length, every.length);
  for (const { settings, needs } of data) {
    const { knowledge } = settings as unknown as { knowledge: Knowledge };
    assert.equal(needs, asksTarget(knowledge) ? [targets[0]!.id] : [], knowledge.kind);
  }
});

plans('every way to make shadow data can be set, with its own defaults', () => {
  for (const kind of synthesisNames) {
    const { knowledge } = settingsOf([{ kind } as KnowledgeSetting]) as unknown as { knowledge: unknown };
    const defaults = Object.entries(syntheses[kind].options).map(([option, { default: value }]) => [option, value]);
    assert.equal(knowledge, [{ kind, ...Object.fromEntries(defaults) }]);
  }
  throwsError(() => settingsOf([{ kind: 'noisy', p: 2 }]), ConfigError, /p: expected a number from 0 to 1, got 2/);
  throwsError(() => settingsOf([{ kind: 'guess' } as never]), ConfigError, /knowledge\.0/);
});

plans('another data set has its path and its label; what its rows are called is no part of the job', async () => {
  const jobOf = async (setting: object) =>
    (await planOf([{ kind: 'other', ...setting } as KnowledgeSetting])).jobs.find(
      ({ kind }) => kind === 'shadow-data',
    )!;
  const [plain, placed, labelled] = [
    await jobOf({ data: 'a.csv' }),
    await jobOf({ data: 'b.csv', path: 'elsewhere' }),
    await jobOf({ data: 'a.csv', label: 2, rows: 300 }),
  ];
  assert.equal(plain.data, [{ data: 'digits' }, { data: 'a.csv' }]);
  assert.equal(placed.data[1], { data: 'b.csv', path: 'elsewhere' });
  assert.equal(labelled.data[1], { data: 'a.csv', label: '2' });
  const asked = (job: typeof plain) => (job.settings as { knowledge: unknown }).knowledge;
  assert.equal([plain, placed, labelled].map(asked), [
    { kind: 'other' },
    { kind: 'other' },
    { kind: 'other', rows: 300 },
  ]);
  assert.is(placed.id, plain.id, 'the same rows, wherever they are');
});

plans('no two settings have one name', () => {
  const settings = [
    ...every,
    { kind: 'noisy', p: 0.1, rows: 300 },
    { kind: 'noisy', p: 0.1004 },
    { kind: 'marginals', perClass: 0, rows: 300 },
    { kind: 'marginals', perClass: 0.7 },
    { kind: 'hill-climbing', ...search, rows: 300 },
    { kind: 'hill-climbing', ...search, confMin: 0.5 },
    { kind: 'other', data: 'another', rows: 300 },
    { kind: 'other', data: 'another', label: 'b' },
    { kind: 'other', data: 'another', path: 'there' },
  ] as const satisfies readonly KnowledgeSetting[];
  for (const name of [titleOf, knows]) assert.is(new Set(settings.map(name)).size, settings.length);
  const [climbing] = (settingsOf([{ kind: 'hill-climbing' } as KnowledgeSetting]) as { knowledge: KnowledgeSetting[] })
    .knowledge;
  assert.is(titleOf(climbing!), 'hill-climbing', 'defaults need no words');
  assert.is(
    titleOf({ ...climbing!, confMin: 0.5, rows: 300 } as KnowledgeSetting),
    'hill-climbing, confMin 0.5, 300 rows',
  );
  assert.is(titleOf({ kind: 'noisy', p: 0.07 }), 'noisy, 7 %');
});

plans('what cannot work is refused before anything runs', async () => {
  const other = { kind: 'other', data: 'another' } as const;
  const refused = (knowledge: KnowledgeSetting, message: RegExp, about: Partial<DataFacts> = {}) =>
    rejectsError(() => planOf([knowledge], about), ConfigError, message);
  await refused(other, /another: expected data other than the target's, digits, got the same/, { sha256: 'a' });
  await refused(other, /rows of \[8,8,1\], as those of digits, got \[28,28,1\]/, { inputShape: [28, 28, 1] });
  await refused(other, /expected the 2 classes of digits, got 10/, { classes: 10 });
  await refused(other, /expected 200 rows or more, of 150 that there are.*Ask for smaller models/, { size: 150 });
  await refused({ kind: 'noisy', p: 0.1, rows: 5000 }, /200 rows or more, of 1597 that.*got 5000\. Change rows/);
  await refused({ kind: 'marginals', perClass: 0, rows: 50 }, /expected 200 rows or more, since .*got 50/);
  await refused({ kind: 'hill-climbing', ...search, kMax: 1.5 }, /kMax: expected a whole number >= kMin, 1, got 1.5/);
});

const reports = suite('partial knowledge: reports');

/** Runs jobs and those that they need, each once. */
function runner(dataOf: (name: string) => Promise<Dataset>) {
  const done = new Map<string, Promise<{ readonly needed: Needed; readonly result: unknown }>>();
  const key = ({ kind, settings, data, needs }: Job): string =>
    JSON.stringify([kind.name, settings, data, needs.map(key)]);
  const run = (job: Job) => {
    const name = key(job);
    if (!done.has(name)) done.set(name, start(job));
    return done.get(name)!;
  };
  const start = async (job: Job) => {
    const needs: Needed[] = [];
    for (const need of job.needs) needs.push((await run(need)).needed);
    const [own, ...others] = await Promise.all(job.data.map(({ data }) => dataOf(data)));
    const one = testJob(job.kind, job.settings, own!, { needs, others });
    const result = await one.run();
    return { needed: one.needed(), result };
  };
  return { run, key, done };
}

reports('each kind stands beside real rows, with its questions; without results there is no section', async () => {
  const sets: Record<string, Promise<Dataset>> = { own: table(1, 'own'), another: table(2, 'another') };
  const settings = settingsOf(every, { data: 'own' });
  const { run, key, done } = runner((name) => sets[name]!);
  const finished = new Map<string, unknown>();
  for (const job of shokri.jobs(settings)) await run(job);
  for (const [name, job] of done) finished.set(name, (await job).result);
  const results: Results = { of: (job) => (finished.get(key(job)) as never) ?? null };
  const report = shokri.report(results, settings);
  const section = report.sections.find(({ title }) => title.startsWith('Partial knowledge'))!;
  assert.match(report.lead!, /real rows of the same distribution/);
  assert.equal(
    section.table!.rows.map(([has]) => has),
    ['real rows of the distribution', ...every.map(knows)],
  );
  const questions = section.table!.rows.map((row) => Number(row[2]));
  assert.equal(questions.toSpliced(4, 1), [0, 0, 400, 0, 0]);
  assert.ok(questions[4]! >= 200);
  for (const { points } of section.figure!.curves) {
    assert.is(points.at(-1)!.y, 1);
    assert.ok(points.every(({ x }, i) => i === 0 || x >= points[i - 1]!.x));
  }
  const nothing = shokri.report({ of: () => null }, settings);
  assert.not(nothing.sections.some(({ title }) => title.startsWith('Partial knowledge')));
});
