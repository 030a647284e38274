import fc from 'fast-check';
import * as v from 'valibot';
import { ConfigError } from '../../engine/index.ts';
import { experiments } from '../../experiments/registry/index.ts';
import { renderExperimentMarkdown, renderExperimentReport } from '../../experiments/report/index.ts';
import {
  canonicalJson,
  completed,
  type DataFacts,
  dataOf,
  defineKind,
  estimateOf,
  type Job,
  type JobOptions,
  type JobRecord,
  type Lane,
  LaneLost,
  type PlannedJob,
  parseRecord,
  planJobs,
  recordLine,
  resultsOf,
  runSchedule,
} from '../../experiments/runner/index.ts';
import { assert, suite } from '../harness.ts';

const kindOf = (name: string, version = 1) =>
  defineKind({
    name,
    about: 'for tests',
    version,
    settings: v.strictObject({ n: v.optional(v.number(), 1), how: v.optional(v.picklist(['a', 'b']), 'a') }),
    result: v.strictObject({ sum: v.number() }),
    cost: ({ n }) => n,
    check({ n }) {
      if (n < 0) throw new ConfigError(`n: expected a number of at least 0, got ${n}.`, 'n');
    },
    run: async ({ settings: { n } }) => ({ sum: n }),
  });
const kind = kindOf('add');
const job = (n: number, options: JobOptions = {}): Job => kind.job({ n }, options);

const facts = (sha256 = 'a'): DataFacts => ({ name: 'digits', sha256, size: 10, inputShape: [4], classes: 2 });
const PLAN = { build: 'base', version: '1', facts: () => facts() } as const;
const idOf = async (one: Job, options = {}) => (await planJobs([one], { ...PLAN, ...options })).jobs.at(-1)!.id;

const json = suite('canonical JSON');

json('the order of keys does not matter, and nothing else is lost', () => {
  assert.is(canonicalJson({ b: [1, null], a: { d: -0, c: undefined } }), '{"a":{"d":0},"b":[1,null]}');
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const plain = JSON.parse(JSON.stringify(value)) as unknown;
      assert.equal(JSON.parse(canonicalJson(plain)), plain);
    }),
  );
});

json('what JSON cannot hold is refused by its path', () => {
  assert.throws(() => canonicalJson({ a: [1, Number.NaN] }), /\$\.a\[1\]: expected what JSON can hold, got NaN/);
  assert.throws(() => canonicalJson({ a: new Float32Array(1) }), /\$\.a: .* got a Float32Array/);
});

const plans = suite('job plans');

plans(
  'an id is decided by kind, version, settings, data, needs, build and version of keyhole, and by nothing else',
  async () => {
    const data = [{ data: 'digits' }];
    const base = await idOf(job(1, { data }));
    assert.match(base, /^[0-9a-f]{32}$/);
    assert.is(await idOf(job(1, { data, name: 'another name' })), base);
    assert.is(await idOf(kind.job({ how: 'a', n: 1 }, { data: [{ data: 'same', path: 'elsewhere' }] })), base);
    const others = [
      await idOf(job(2, { data })),
      await idOf(job(1)),
      await idOf(job(1, { data: [...data, ...data] })),
      await idOf(job(1, { data, needs: [job(3)] })),
      await idOf(job(1, { data, needs: [job(4)] })),
      await idOf(kindOf('add', 2).job({ n: 1 }, { data })),
      await idOf(kindOf('sum').job({ n: 1 }, { data })),
      await idOf(job(1, { data }), { facts: () => facts('b') }),
      await idOf(job(1, { data }), { build: 'relaxed' }),
      await idOf(job(1, { data }), { version: '2' }),
    ];
    assert.is(new Set([base, ...others]).size, others.length + 1);
  },
);

plans('a job that two others need is in the plan once, before both', async () => {
  const make = () => job(5, { name: 'shared' });
  const all = [job(1, { needs: [make()] }), job(2, { needs: [make()] }), job(1, { needs: [make()], name: 'again' })];
  const { jobs, idOf } = await planJobs(all, PLAN);
  assert.equal(
    jobs.map(({ cost }) => cost),
    [5, 1, 2],
  );
  assert.ok(jobs.slice(1).every(({ needs }) => needs[0] === jobs[0]!.id));
  assert.is(idOf(make()), jobs[0]!.id);
  assert.is(idOf(job(9)), null);
});

plans('settings and data are checked before anything runs', async () => {
  assert.throws(
    () => kind.job({ n: 1, how: 'c' as 'a' }),
    (e: ConfigError) => e.path === 'how' && /add: how: expected one of a, b, got "c"/.test(e.message),
  );
  assert.throws(() => kind.job({ m: 1 } as never), /add: expected a setting among n, how, got 'm'/);
  const refusal = await idOf(job(-1)).catch((error: Error) => error.message);
  assert.match(refusal as string, /n: expected a number of at least 0/);
});

const sealed = suite('job records');

const RECORD: Omit<JobRecord, 'sha256'> = {
  schema: 'keyhole.record/1',
  id: 'a',
  kind: 'add',
  kindVersion: 1,
  settings: { n: 1 },
  data: [],
  needs: [],
  build: 'base',
  version: '1',
  result: { sum: 1 },
  files: [],
  timing: { seconds: 1, finished: '2026-01-01' },
};

sealed('a whole line comes back; one that was cut, or changed anywhere, does not', async () => {
  const line = await recordLine(RECORD);
  const { sha256: _, ...rest } = await parseRecord(line, 'x');
  assert.equal(rest, RECORD);
  const refused = (text: string) =>
    parseRecord(text, 'x').then(
      () => false,
      (error: Error) => /x: expected a whole record, got .* It is made again/.test(error.message),
    );
  for (let cut = 0; cut < line.length - 1; cut += 7) assert.ok(await refused(line.slice(0, cut)), `cut at ${cut}`);
  for (let at = 0; at < line.length - 1; at += 5) {
    const other = line[at] === '7' ? '8' : '7';
    assert.ok(await refused(line.slice(0, at) + other + line.slice(at + 1)), `changed at ${at}`);
  }
});

const schedule = suite('job schedule');

const planned = (id: string, cost: number, needs: string[] = []): PlannedJob => {
  const [kind, name] = ['add', id];
  return { id, kind, kindVersion: 1, name, settings: {}, data: [], digests: [], needs, cost };
};
const nobody = { finished: new Set<string>(), signal: new AbortController().signal };
const later = () => new Promise<void>((resolve) => setImmediate(resolve));

schedule('every job runs once, after what it needs, for any number of lanes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ cost: fc.nat(9), needs: fc.array(fc.nat(20), { maxLength: 3 }) }), { maxLength: 15 }),
      fc.integer({ min: 1, max: 4 }),
      async (specs, lanes) => {
        const jobs = specs.map(({ cost, needs }, i) => planned(`${i}`, cost, needs.filter((n) => n < i).map(String)));
        const ran: string[] = [];
        const lane: Lane = {
          async run({ id, needs }) {
            assert.ok(needs.every((need) => ran.includes(need)));
            await later();
            ran.push(id);
            return { seconds: 1 };
          },
        };
        const { done } = await runSchedule(jobs, { ...nobody, lanes: new Array<Lane>(lanes).fill(lane) });
        assert.is(done.length, jobs.length);
        assert.equal([...ran].sort(), jobs.map(({ id }) => id).sort());
      },
    ),
    { numRuns: 50 },
  );
});

schedule('the head of the longest chain goes first', async () => {
  const ran: string[] = [];
  const lane: Lane = {
    async run({ id }) {
      ran.push(id);
      return { seconds: 1 };
    },
  };
  const jobs = [planned('short', 3), planned('head', 1), planned('tail', 5, ['head'])];
  await runSchedule(jobs, { ...nobody, lanes: [lane] });
  assert.equal(ran, ['head', 'tail', 'short']);
});

schedule('a failure costs those that need it; a lost lane is tried once more, and only that', async () => {
  const tries = new Map<string, number>();
  const lane: Lane = {
    async run({ id }) {
      tries.set(id, (tries.get(id) ?? 0) + 1);
      await later();
      if (id === 'wrong') throw new TypeError('wrong');
      if (id === 'lost' || (id === 'lost-once' && tries.get(id) === 1)) throw new LaneLost('gone');
      return { seconds: 1 };
    },
  };
  const jobs = [
    planned('wrong', 1),
    planned('below', 1, ['wrong']),
    planned('deeper', 1, ['below']),
    planned('lost', 1),
    planned('lost-once', 1),
    planned('fine', 1),
  ];
  const { done, failed, notStarted } = await runSchedule(jobs, { ...nobody, lanes: [lane, lane] });
  const names = (list: readonly PlannedJob[]) => list.map(({ id }) => id).sort();
  assert.equal(names(done), ['fine', 'lost-once']);
  assert.equal(names(failed.map((f) => f.job)), ['lost', 'wrong']);
  assert.equal(names(notStarted), ['below', 'deeper']);
  assert.equal(Object.fromEntries(tries), { wrong: 1, lost: 2, 'lost-once': 2, fine: 1 });
});

schedule('finished jobs are not run; an abort ends it with its reason', async () => {
  const controller = new AbortController();
  const ran: string[] = [];
  const lane: Lane = {
    async run({ id }) {
      ran.push(id);
      controller.abort(new Error('enough'));
      throw new Error('stopped');
    },
  };
  const jobs = [planned('a', 1), planned('b', 1, ['a']), planned('c', 1, ['b'])];
  const { signal } = controller;
  const outcome = runSchedule(jobs, { finished: new Set(['a']), signal, lanes: [lane] });
  assert.is(await outcome.catch((error: Error) => error.message), 'enough');
  assert.equal(ran, ['b']);
});

const time = suite('time left of a grid');

time('costs are guesses that finished jobs of the kind correct', () => {
  const jobs = [1, 1, 2, 4].map((cost, i) => planned(`${i}`, cost));
  const two = estimateOf(jobs, 2);
  assert.is(two.standing().left, null);
  two.start(jobs[0]!);
  two.done(jobs[0]!, 10);
  // 7 more at 10 s each, over two lanes; but the job of 4 alone takes 40
  assert.equal(two.standing(), { jobs: 4, finished: 1, running: 0, share: 10 / 80, left: 40 });
  two.start(jobs[3]!);
  two.progress(jobs[3]!, 0.5);
  assert.equal(two.standing(), { jobs: 4, finished: 1, running: 1, share: 30 / 80, left: 25 });
  two.drop(jobs[3]!);
  assert.is(two.standing().left, 20);
  two.done(jobs[1]!, 10);
  two.done(jobs[2]!, 20);
  assert.equal(two.standing(), { jobs: 4, finished: 3, running: 0, share: 1, left: 0 });
});

const registry = suite('experiments');
for (const [name, experiment] of Object.entries(experiments)) {
  for (const [profile, { settings: given }] of Object.entries(experiment.profiles)) {
    registry(`${name}: its ${profile} jobs fit its data, and it has a report without any of them`, async () => {
      assert.is(experiment.name, name);
      const asked = experiment.settings(given);
      assert.equal(experiment.settings(asked), asked);
      const large = { name: 'x', sha256: 'x', size: 70_000, inputShape: [28, 28, 1], classes: 10 };
      const settings = completed(experiment, asked, () => large);
      const jobs = experiment.jobs(settings);
      assert.ok(dataOf(jobs).length > 0);
      const plan = await planJobs(jobs, { ...PLAN, facts: () => large });
      assert.ok(plan.jobs.every(({ cost }) => Number.isFinite(cost) && cost > 0));
      const report = experiment.report(resultsOf(plan, new Map()), settings);
      assert.ok(report.headline.length > 10 && report.sections.length > 0);
      const { title, paper } = experiment;
      const missing = plan.jobs.map((planned) => planned.name);
      const about = { name, title, paper, report, jobs: plan.jobs.length, missing, settings, data: [], seconds: 0 };
      const run = { ...about, build: 'base', version: '1' };
      assert.match(renderExperimentReport(run), /Not all jobs are done/);
      assert.match(renderExperimentMarkdown(run), new RegExp(`0 of ${plan.jobs.length} jobs are done`));
    });
  }
}
