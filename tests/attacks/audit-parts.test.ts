/** What an audit reports beside totals: classes, slices by class, correctness and column, exposed records, the control. */
import { loadSet, makeDataset, membershipSplit } from '../../data/index.ts';
import { ConfigError, Rng } from '../../engine/index.ts';
import { columnGroups } from '../../experiments/audit-parts.ts';
import { type AuditOptions, type AuditRecord, audit, parseAudit } from '../../experiments/index.ts';
import { assert, suite } from '../harness.ts';
import { digits } from '../support/data.ts';
import { testEngine } from '../support/engine.ts';
import { rejectsError, throwsError } from '../support/throws.ts';

const engine = await testEngine();
const test = suite('audit: parts');

/** Overlapping blobs, so that a model that is trained for long remembers where it cannot learn. */
const blobs = () =>
  loadSet('synthetic-blobs', { options: { rows: 800, features: 4, classes: 2, separation: 1 }, rng: Rng.from(2) });

const FEW: AuditOptions = { attacks: ['loss', 'gap', 'modified-entropy'], epochs: 80, learningRate: 0.01, seed: 3 };

async function recordOf(options: AuditOptions): Promise<AuditRecord> {
  const { record, target } = await audit(engine, await blobs(), options);
  target.dispose();
  return parseAudit(JSON.parse(JSON.stringify(record)));
}

const full = recordOf({ ...FEW, slices: ['column 0'] });

test('precision and recall of each class; the classes add up to all records', async () => {
  const { attacks, dataset } = await full;
  for (const { name, perClass } of attacks) {
    const sum = (side: 'members' | 'nonMembers') => perClass!.classes.reduce((total, c) => total + c[side], 0);
    assert.equal([sum('members'), sum('nonMembers')], [dataset.members, dataset.nonMembers], name);
    assert.is(perClass!.classes.length, 2);
    assert.is(perClass!.medianPrecision.n, 2);
    for (const { precision, recall } of perClass!.classes)
      assert.equal([precision.method, recall.method], ['clopper-pearson', 'clopper-pearson']);
  }
});

test('slices of the strongest attack: by class, by whether the target is right, by the quartiles of a column', async () => {
  const { slices, attacks, dataset, train } = await full;
  const strongest = attacks.reduce((a, b) => (b.auc.value! > a.auc.value! ? b : a));
  assert.equal(
    slices!.map(({ by, attack }) => [by, attack]),
    [
      ['class', strongest.name],
      ['prediction', strongest.name],
      ['column 0', strongest.name],
    ],
  );
  for (const { slices: rows } of slices!) {
    assert.is(
      rows.reduce((sum, s) => sum + s.members, 0),
      dataset.members,
    );
  }
  const [right] = slices![1]!.slices;
  assert.is(right!.value, 'right');
  assert.ok(Math.abs(right!.members / dataset.members - train.accuracy) < 1e-9);
  assert.ok(Math.abs(right!.nonMembers / dataset.nonMembers - train.testAccuracy) < 1e-9);
  assert.equal(
    slices![2]!.slices.map((s) => s.members + s.nonMembers),
    [100, 100, 100, 100],
  );
});

test('exposed records are members, in the order of their risk, by their rows in the data set', async () => {
  const data = await blobs();
  const { exposed, dataset } = await full;
  const sizes = { targetTrain: dataset.members, targetOut: dataset.nonMembers };
  const members = new Set(membershipSplit(data, sizes, Rng.from(3).split('audit').split('split')).targetTrain);
  assert.is(exposed!.records.length, 20);
  for (const [i, { row, risk, class: name }] of exposed!.records.entries()) {
    assert.ok(members.has(row));
    assert.is(name, data.classNames[data.y[row]!]);
    assert.ok(risk <= (exposed!.records[i - 1]?.risk ?? 1));
  }
  const total = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);
  assert.equal([total(exposed!.histogram.members), total(exposed!.histogram.nonMembers)], [200, 200]);
});

test('the strongest attack is compared with the loss threshold, on the same records', async () => {
  const { paired, attacks } = await full;
  const of = (name: string) => attacks.find((a) => a.name === name)!;
  const [pair] = paired!;
  assert.is(pair!.b, 'loss');
  assert.ok(Math.abs(pair!.auc.value! - (of(pair!.a).auc.value! - of('loss').auc.value!)) < 1e-12);
  assert.ok(pair!.tprAtFpr['0.1'] && pair!.tprAtFpr['0.01'] === null);
});

test('a sound split passes the control', async () => {
  const { control, warnings } = await full;
  assert.equal(
    control!.classifiers.map((c) => c.name),
    ['logistic', 'boosted-trees'],
  );
  assert.not.ok(control!.broken);
  assert.equal(warnings, []);
});

test('without shadow models nothing is said about single records; without the loss attack nothing is compared', async () => {
  const record = await recordOf({ ...FEW, epochs: 2, attacks: ['gap'] });
  assert.is(record.exposed, undefined);
  assert.is(record.paired, undefined);
  assert.ok(record.control && record.slices);
});

test('images have no columns, and a table only its own: said before anything is trained', async () => {
  let trained = 0;
  const onProgress = () => trained++;
  const images = await digits();
  await rejectsError(
    () => audit(engine, images, { slices: ['age'], onProgress }),
    ConfigError,
    /column 'age': expected a table/,
  );
  const table = await blobs();
  await rejectsError(
    () => audit(engine, table, { slices: ['age'], onProgress }),
    ConfigError,
    /column 'age': expected one of column 0, /,
  );
  assert.is(trained, 0);
});

test('groups of a column: categories by name, yes and no, numbers by quartiles with what is missing', async () => {
  const data = await makeDataset({
    name: 'people',
    title: 'people',
    licence: 'none',
    source: 'made up',
    inputShape: [5],
    classNames: ['a', 'b'],
    schema: {
      kind: 'table',
      columns: [
        { kind: 'numeric', name: 'age', feature: 0, width: 1, immutable: true, bounds: [20, 60], missing: 1 },
        { kind: 'binary', name: 'member', feature: 1, width: 1, immutable: false },
        {
          kind: 'categorical',
          name: 'colour',
          feature: 2,
          width: 3,
          immutable: false,
          categories: ['red', 'green', 'blue'],
        },
      ],
    },
    x: Float32Array.of(20, 1, 0, 1, 0, 30, 0, 1, 0, 0, 40, 1, 0, 0, 1, 60, 0, 0, 1, 0, Number.NaN, 1, 1, 0, 0),
    y: Int32Array.of(0, 1, 0, 1, 0),
  });
  const rows = Int32Array.of(4, 3, 2, 1, 0);
  const groups = (name: string) => {
    const { names, of } = columnGroups(data, rows, name);
    return Array.from(of, (at) => names[at]);
  };
  assert.equal(groups('colour'), ['red', 'green', 'blue', 'red', 'green']);
  assert.equal(groups('member'), ['1', '0', '1', '0', '1']);
  assert.equal(groups('age'), ['missing', '60 and above', '40 to 60', '30 to 40', 'below 30']);
  throwsError(() => columnGroups(data, rows, 'height'), ConfigError, /expected one of age, member, colour/);
});
