/** An audit from end to end: a record that its schema accepts, the same every time, on every backend and size of data. */

import { allMembershipAttacks } from '../../attacks/index.ts';
import { type Dataset, loadSet } from '../../data/index.ts';
import { ConfigError, Rng } from '../../engine/index.ts';
import { type Audit, type AuditOptions, type AuditProgress, audit } from '../../experiments/audit.ts';
import { auditSizes } from '../../experiments/audit-models.ts';
import { type AuditRecord, parseAudit } from '../../experiments/audit-record.ts';
import { assert, suite } from '../harness.ts';
import { digits } from '../support/data.ts';
import { testEngine } from '../support/engine.ts';
import { rejectsError, throwsError } from '../support/throws.ts';

const engine = await testEngine();
/** those that one shadow model of other data is enough for */
const names = allMembershipAttacks
  .filter(({ costly, needs }) => !costly && !needs.modelsIn && (needs.modelsOut ?? 0) <= 1 && !needs.populationRows)
  .map((a) => a.name);

const blobs = (rows: number): Promise<Dataset> =>
  loadSet('synthetic-blobs', { options: { rows, features: 4, classes: 3, separation: 1 }, rng: Rng.from(1) });

async function recordOf(dataset: Dataset, options: AuditOptions): Promise<AuditRecord> {
  const { record, target }: Audit = await audit(engine, dataset, options);
  target.dispose();
  return record;
}

/** The record without what the clock and the machine decide. */
const timeless = (record: AuditRecord): unknown =>
  JSON.parse(JSON.stringify(record, (key, value: unknown) => (key === 'seconds' || key === 'threads' ? 0 : value)));

const test = suite('audit');

test('digits: every attack in a record that its schema accepts, as JSON too', async () => {
  const progress: AuditProgress[] = [];
  const skipped: string[] = allMembershipAttacks.map((a) => a.name).filter((name) => !names.includes(name));
  const record = await recordOf(await digits(), { epochs: 3, seed: 4, onProgress: (p) => progress.push(p) });
  assert.equal(parseAudit(JSON.parse(JSON.stringify(record))), record);
  assert.equal(
    record.attacks.map((a) => a.name),
    names,
  );
  assert.equal([record.dataset.members, record.dataset.nonMembers, record.dataset.classes], [449, 449, 10]);
  assert.is(record.model.parameters, 64 * 256 + 256 + 256 * 128 + 128 + 1290);
  assert.equal([record.seed, record.build, record.train.epochs], [4, 'base', 3]);
  assert.ok(record.train.accuracy! > 0.8);
  for (const a of record.attacks) {
    assert.ok(a.queries >= 898, `${a.name}: at least one query for each record`);
    assert.ok(a.auc.low <= a.auc.value! && a.auc.value! <= a.auc.high);
    for (const group of [a.histogram.members, a.histogram.nonMembers])
      assert.is(
        group.reduce((s, n) => s + n, 0),
        449,
        'every score is in the histogram',
      );
    // 449 non-members resolve 10 %, not 1 %
    assert.ok(a.tprAtFpr['0.1'] !== null && a.tprAtFpr['0.01'] === null && a.tprAtFpr['0.001'] === null);
    assert.ok(a.warnings.some((w) => w.code === 'few-samples'));
  }
  const phases = new Set(progress.map((p) => (p.phase === 'train' ? p.model : p.attack)));
  assert.equal(
    [...phases].filter((name) => !skipped.includes(name)),
    ['target', 'shadow', ...names, ''],
  );
});

test('the same seed gives the same record but for the time, another seed another', async () => {
  const data = await blobs(200);
  const options = { epochs: 2, seed: 1 };
  const first = timeless(await recordOf(data, options));
  assert.equal(timeless(await recordOf(data, options)), first);
  assert.is.not(JSON.stringify(timeless(await recordOf(data, { ...options, seed: 2 }))), JSON.stringify(first));
});

test('an attack on its own gets the numbers it gets among all', async () => {
  const data = await blobs(200);
  const all = await recordOf(data, { epochs: 2 });
  const some = await recordOf(data, { epochs: 2, attacks: ['gap', 'shadow-logistic'] });
  const untimed = (record: AuditRecord) => (timeless(record) as AuditRecord).attacks;
  assert.equal(
    untimed(some),
    untimed(all).filter((a) => a.name === 'gap' || a.name === 'shadow-logistic'),
  );
});

test('the reference backend agrees with wasm', async () => {
  const data = await blobs(240);
  const options = { model: 'softmax', epochs: 20, learningRate: 0.05 };
  const wasm = await recordOf(data, options);
  const reference = await recordOf(data, { ...options, backend: 'reference' });
  assert.is(reference.build, 'reference');
  for (const [i, a] of wasm.attacks.entries())
    assert.ok(
      Math.abs(a.auc.value! - reference.attacks[i]!.auc.value!) < 1e-3,
      `${a.name} ${a.auc.value} ${reference.attacks[i]!.auc.value}`,
    );
  assert.ok(Math.abs(wasm.train.accuracy! - reference.train.accuracy!) < 0.02);
});

test('150 rows of a table, as iris has, are enough', async () => {
  const record = await recordOf(await blobs(150), { epochs: 5 });
  assert.equal(
    record.attacks.map((a) => a.name),
    names,
  );
  assert.ok(record.warnings.every(({ code }) => code === 'skipped'));
});

test('attacks that need more shadow rows are left out with a warning', async () => {
  const record = await recordOf(await blobs(150), { epochs: 1, trainSize: 100, outSize: 20 });
  // 15 rows a side for the shadow model: enough for thresholds, too few for attack models
  const enough = (n: string) => (allMembershipAttacks.find((a) => a.name === n)!.needs.shadowRows ?? 0) <= 15;
  assert.equal(
    record.attacks.map((a) => a.name),
    names.filter(enough),
  );
  assert.not(enough('shadow-logistic'));
  assert.ok(record.warnings.some((w) => w.code === 'skipped' && w.message.startsWith('shadow-logistic')));
  const alone = await recordOf(await blobs(60), { epochs: 1, trainSize: 30, outSize: 30 });
  assert.equal(
    alone.attacks.map((a) => a.name),
    names.filter((n) => Object.keys(allMembershipAttacks.find((a) => a.name === n)!.needs).length === 0),
  );
  parseAudit(alone);
});

test('an audit that was stopped in training goes on to the same record', async () => {
  const data = await blobs(100);
  const whole = timeless(await recordOf(data, { epochs: 4 }));
  for (const at of ['target', 'shadow'] as const) {
    const files: Record<string, Uint8Array | null> = { target: null, shadow: null };
    const checkpoint = (model: string) => ({
      load: async () => files[model] ?? null,
      save: async (bytes: Uint8Array) => {
        files[model] = bytes;
      },
    });
    const controller = new AbortController();
    const onProgress = (p: AuditProgress) => {
      if (p.phase === 'train' && p.model === at && p.step === 2) controller.abort(new RangeError('killed'));
    };
    const stopped = { epochs: 4, checkpoint, signal: controller.signal, onProgress };
    await rejectsError(() => recordOf(data, stopped), RangeError, /killed/);
    assert.ok(files[at] !== null);
    let steps = 0;
    const count = (p: AuditProgress) => {
      if (p.phase === 'train' && p.model === at) steps++;
    };
    assert.equal(timeless(await recordOf(data, { epochs: 4, checkpoint, onProgress: count })), whole, at);
    assert.is(steps, 2, 'of four steps, those that were left');
  }
});

const refused = suite('what an audit refuses, before it trains');

refused('too few rows', async () => {
  for (const [rows, options] of [
    [3, {}],
    [150, { trainSize: 200 }],
    [150, { trainSize: 100, outSize: 60 }],
    [150, { trainSize: 0 }],
    [150, { outSize: 1.5 }],
  ] as const)
    throwsError(() => auditSizes(rows, options), ConfigError, /audit: expected/);
  assert.equal({ ...auditSizes(8, {}) }, { targetTrain: 2, targetOut: 2, shadowTrain: 2, shadowOut: 2, population: 0 });
  const data = await blobs(3);
  await rejectsError(() => recordOf(data, {}), ConfigError, /audit: expected trainSize/);
});

for (const [name, options, path] of [
  ['an unknown attack', { attacks: ['magic'] }, 'attacks'],
  ['an unknown model', { model: 'gpt' }, 'model'],
  ['a model of images for a table', { model: 'mnist' }, 'model'],
  ['an unknown optimiser', { optimizer: 'lion' as 'sgd' }, 'optimizer'],
  ['a learning rate of 0', { learningRate: 0 }, 'learningRate'],
  ['momentum of 2', { momentum: 2 }, 'momentum'],
  ['half an epoch', { epochs: 0.5 }, 'epochs'],
  ['empty batches', { batchSize: 0 }, 'batchSize'],
  ['half a seed', { seed: 0.5 }, 'seed'],
  ['a confidence of 95', { confidence: 95 }, 'confidence'],
] as [string, AuditOptions, string][]) {
  refused(name, async () => {
    let trained = 0;
    const error = await rejectsError(
      async () => recordOf(await blobs(60), { ...options, onProgress: () => trained++ }),
      ConfigError,
      /expected/,
    );
    assert.is(error.path, path);
    assert.is(trained, 0);
  });
}

refused('to go on once the signal says stop', async () => {
  for (const phase of ['train', 'attack'] as const) {
    const controller = new AbortController();
    const onProgress = (p: AuditProgress) => {
      if (p.phase === phase) controller.abort(new RangeError(`during ${phase}`));
    };
    const data = await blobs(100);
    await rejectsError(
      () => recordOf(data, { epochs: 2, signal: controller.signal, onProgress }),
      RangeError,
      new RegExp(`during ${phase}`),
    );
  }
});
