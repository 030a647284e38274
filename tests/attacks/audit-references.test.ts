/** Reference models on overlapping halves and a population kept aside, in audits of our own models and of anybody's. */
import { allMembershipAttacks } from '../../attacks/index.ts';
import type { Dataset } from '../../data/index.ts';
import { Classifier, ConfigError, namedModel, Rng } from '../../engine/index.ts';
import { auditRows, auditWork } from '../../experiments/audit-models.ts';
import { parseAudit } from '../../experiments/audit-record.ts';
import { type AuditOptions, type AuditRecord, audit, auditSizes, auditTarget } from '../../experiments/index.ts';
import { referenceHalves } from '../../experiments/reference-halves.ts';
import { datasetOf } from '../../experiments/shadow-recipe.ts';
import { assert, atEnd, suite } from '../harness.ts';
import { noise } from '../support/data.ts';
import { testEngine } from '../support/engine.ts';
import { rejectsError, throwsError } from '../support/throws.ts';

const engine = await testEngine();
const CLASSES = 5;

/** Random labels: nothing but memory tells members from others. */
function memorised(rows: number): Promise<Dataset> {
  const { x, y } = noise(7, rows, [12], CLASSES);
  return datasetOf({ name: 'noise', shape: [12], x: x as Float32Array, y, size: rows }, CLASSES);
}
const data = await memorised(700);
const LEARN: AuditOptions = { epochs: 40, batchSize: 25, trainSize: 150, outSize: 150, seed: 2 };
const NEEDY = ['lira-online', 'rmia-online', 'rmia-offline', 'attack-r', 'attack-p', 'shadow-logistic', 'loss'];

async function recordOf(options: AuditOptions, dataset = data): Promise<AuditRecord> {
  const { record, target } = await audit(engine, dataset, options);
  target.dispose();
  return parseAudit(JSON.parse(JSON.stringify(record)));
}
const timeless = (record: AuditRecord): unknown =>
  JSON.parse(JSON.stringify(record, (key, value: unknown) => (key === 'seconds' || key === 'threads' ? 0 : value)));

const halves = suite('reference models: halves');

halves('of an even number each record is in exactly half, of an odd number in one more or less', () => {
  const labels = Int32Array.from({ length: 101 }, (_, i) => i % 3);
  for (const count of [2, 3, 7, 8]) {
    const marks = referenceHalves(labels, 3, count, Rng.from(1));
    assert.is(marks.length, count);
    for (let i = 0; i < labels.length; i++) {
      const inside = marks.reduce((sum, m) => sum + m[i]!, 0);
      assert.ok(inside === Math.floor(count / 2) || inside === Math.ceil(count / 2), `${count}: ${inside}`);
    }
    for (const m of marks) assert.ok(Math.abs(m.reduce((a, b) => a + b, 0) - 50.5) < 1);
  }
});

halves(
  'they are random, stratified by class, blind to who is a member, and the first do not depend on how many there are',
  () => {
    const labels = Int32Array.from({ length: 2000 }, (_, i) => i % 4);
    const marks = referenceHalves(labels, 4, 8, Rng.from(1));
    assert.equal(referenceHalves(labels, 4, 3, Rng.from(1)), marks.slice(0, 3));
    for (const m of marks) {
      const count = (of: (i: number) => boolean) => m.reduce((sum, mark, i) => sum + (mark && of(i) ? 1 : 0), 0);
      for (let c = 0; c < 4; c++)
        assert.is(
          count((i) => labels[i] === c),
          250,
        );
      // hypergeometric: 500 of the first 1,000, standard deviation 11
      assert.ok(Math.abs(count((i) => i < 1000) - 500) < 45);
    }
    const both = marks[0]!.reduce((sum, mark, i) => sum + mark * marks[2]![i]!, 0);
    assert.ok(Math.abs(both - 500) < 45, 'two pairs are independent');
  },
);

halves('what an audit trains on what: members and non-members alike are in halves, the population in nothing', () => {
  const sizes = auditSizes(700, { trainSize: 150, outSize: 150, population: 100 });
  assert.equal([sizes.shadowTrain, sizes.population], [150, 100]);
  const rows = auditRows(data, sizes, { shadows: 2, references: 4 }, Rng.from(3));
  const tested = [...rows.members, ...rows.nonMembers];
  assert.equal(
    rows.models.map(({ name }) => name),
    ['shadow', 'shadow-2', 'reference-1', 'reference-2', 'reference-3', 'reference-4'],
  );
  const all = new Set([...tested, ...rows.population]);
  assert.is(all.size, 400);
  for (const { name, members, nonMembers, trainedOn } of rows.models) {
    for (const row of [...members, ...nonMembers]) assert.not(rows.population.includes(row));
    if (!trainedOn) for (const row of [...members, ...nonMembers]) assert.not(all.has(row), name);
    else
      assert.equal(
        [...members],
        tested.filter((_, i) => trainedOn[i] === 1),
      );
  }
});

const own = suite('audit: reference models and a population');

const full = await recordOf({ ...LEARN, references: 4, population: 110, attacks: NEEDY });

own(
  'attacks that compare answers with and without a record run, win on a memorised set, and say that data overlap',
  () => {
    assert.equal(
      full.attacks.map(({ name }) => name),
      NEEDY,
    );
    assert.equal([full.shadows, full.references, full.population], [1, 4, 110]);
    const of = (name: string) => full.attacks.find((a) => a.name === name)!;
    for (const name of ['lira-online', 'rmia-online', 'attack-r']) {
      assert.is(of(name).shadowData, 'overlapping', name);
      assert.ok(of(name).auc.low > 0.6, `${name} ${of(name).auc.value}`);
    }
    assert.is(of('shadow-logistic').shadowData, 'apart', 'where there are models of other data, they are taken');
    assert.equal([of('loss').shadowData, of('attack-p').shadowData], ['none', 'none']);
    assert.ok(of('lira-online').balancedAccuracy, 'its threshold comes from the reference models');
  },
);

own('neither changes the target, nor the attacks that use neither', async () => {
  const plain = await recordOf({ ...LEARN, attacks: ['loss'] });
  const one = (record: AuditRecord) => (timeless(record) as AuditRecord).attacks.find((a) => a.name === 'loss');
  assert.equal(one(full), one(plain));
  assert.equal(full.train.accuracy, plain.train.accuracy);
  assert.equal([plain.shadows, plain.references, plain.population], [0, 0, 0]);
});

own(
  'without shadow rows, reference models stand in for shadow models, and the record says that they overlap',
  async () => {
    const record = await recordOf({
      ...LEARN,
      trainSize: 350,
      outSize: 350,
      references: 2,
      attacks: ['shadow-logistic'],
    });
    assert.equal([record.shadows, record.references, record.attacks[0]!.shadowData], [0, 2, 'overlapping']);
  },
);

own(
  'each model is trained once for all attacks, and an audit that was stopped goes on with the one that was open',
  async () => {
    const options = { ...LEARN, epochs: 4, references: 3, attacks: ['lira-online', 'lira-offline', 'attack-r'] };
    const whole = timeless(await recordOf(options));
    const files = new Map<string, Uint8Array>();
    const checkpoint = (model: string) => ({
      load: async () => files.get(model) ?? null,
      save: async (bytes: Uint8Array) => void files.set(model, bytes),
    });
    const controller = new AbortController();
    const steps: Record<string, number> = {};
    const watch =
      (stopAt: string | null): AuditOptions['onProgress'] =>
      (p) => {
        if (p.phase !== 'train') return;
        steps[p.model] = (steps[p.model] ?? 0) + 1;
        if (p.model === stopAt && p.step === 5) controller.abort(new RangeError('killed'));
      };
    const stopped = { ...options, checkpoint, signal: controller.signal, onProgress: watch('reference-2')! };
    await rejectsError(() => recordOf(stopped), RangeError, /killed/);
    assert.equal([...files.keys()], ['target', 'shadow', 'reference-1', 'reference-2']);
    assert.equal(timeless(await recordOf({ ...options, checkpoint, onProgress: watch(null)! })), whole);
    assert.equal(steps, { target: 24, shadow: 24, 'reference-1': 24, 'reference-2': 24, 'reference-3': 24 });
  },
);

own('repeats ask each question so often, to the same end where a model always answers the same', async () => {
  const [once, often] = [
    await recordOf({ ...LEARN, epochs: 3, attacks: ['loss'] }),
    await recordOf({ ...LEARN, epochs: 3, attacks: ['loss'], repeats: 3 }),
  ];
  assert.equal([once.attacks[0]!.queries, often.attacks[0]!.queries], [300, 900]);
  assert.ok(Math.abs(once.attacks[0]!.auc.value! - often.attacks[0]!.auc.value!) < 1e-6);
});

const refused = suite('reference models and populations that are refused, before anything is trained');

for (const [name, options, path, message] of [
  ['one reference model', { references: 1 }, 'references', /2 to 1000, got 1\. .* give at least 2, better 16/],
  ['half a reference model', { references: 2.5 }, 'references', /2 to 1000, got 2\.5/],
  ['very many', { references: 5000 }, 'references', /got 5000/],
  ['fewer shadow models than none', { shadows: -1 }, 'shadows', /a whole number >= 0, got -1/],
  ['half a population', { population: 1.5 }, 'population', /population to be a whole number >= 0, got 1\.5/],
  [
    'a population beyond what is left',
    { population: 401 },
    'population',
    /at most 400 rows, since 150 of 700 are members and 150 non-members, got 401\. Use a smaller --population/,
  ],
  ['a population that is too small for any attack', { population: 24 }, 'population', /at least 25 rows, .* got 24/],
  [
    'a population for attacks that use none',
    { population: 100, attacks: ['gap'] },
    'population',
    /attacks that use one, such as attack-p, got gap\. Name one/,
  ],
  [
    'reference models for attacks that use none',
    { references: 4, attacks: ['gap', 'shadow-logistic'] },
    'references',
    /attacks that use reference models, such as lira-online, got gap, shadow-logistic/,
  ],
  [
    'an attack by name without reference models',
    { attacks: ['lira-online'] },
    'attacks',
    /lira-online needs reference models, at least 1 of them .* Add --references 16\./,
  ],
  [
    'an attack by name with too few of them',
    { attacks: ['attack-r'], shadows: 0, references: 2 },
    'attacks',
    /attack-r needs at least 2 shadow or reference models .* got 1\. Add --references 16, or --shadows 2\./,
  ],
  [
    'an attack by name without a population',
    { attacks: ['quantile-regression'], population: 50 },
    'attacks',
    /quantile-regression needs a population of at least 100 rows .* got 50\. Add --population, 100 rows or more\./,
  ],
] as [string, AuditOptions, string, RegExp][]) {
  refused(name, async () => {
    let trained = 0;
    const run = () => recordOf({ ...LEARN, ...options, onProgress: () => trained++ });
    const error = await rejectsError(run, ConfigError, message);
    assert.equal([error.path, trained], [path, 0]);
  });
}

refused('what each attack that is left out would need is said with the option', () => {
  const sizes = auditSizes(700, { trainSize: 150, outSize: 150 });
  const rows = auditRows(data, sizes, { shadows: 1, references: 0 }, Rng.from(1));
  const { skipped, attacks } = auditWork(allMembershipAttacks, rows, false);
  assert.is(skipped.length + attacks.length, allMembershipAttacks.length);
  for (const { message } of skipped) assert.match(message, /\. Add --(references 16|population)/);
  const every = auditRows(data, { ...sizes, population: 100 }, { shadows: 1, references: 4 }, Rng.from(1));
  assert.equal(auditWork(allMembershipAttacks, every, true).skipped, [], 'with both, every attack runs');
  throwsError(() => auditSizes(700, { population: -1 }), ConfigError, /population/);
});

const foreign = suite("auditTarget: reference models for anybody's model");

const [members, nonMembers, population] = [1, 2, 3].map((seed) => noise(seed, 120, [12], CLASSES)) as [
  ReturnType<typeof noise>,
  ReturnType<typeof noise>,
  ReturnType<typeof noise>,
];
const model = Classifier.create(engine, namedModel('mlp', [12], CLASSES), { seed: 1 });
await model.fit(members, { epochs: 60, batchSize: 20, seed: 1 });
atEnd(() => model.dispose());
const sets = { inputShape: [12], members, nonMembers, predict: (x: Float32Array | Float64Array) => model.predict(x) };
const recipe = { engine, model: 'mlp', epochs: 40, batchSize: 20 };

foreign('a recipe trains them on halves of members and non-members, without any population', async () => {
  const record = await auditTarget({
    ...sets,
    shadows: { ...recipe, references: 4 },
    attacks: ['lira-online', 'attack-r', 'attack-p'],
  });
  parseAudit(JSON.parse(JSON.stringify(record)));
  assert.equal(
    record.attacks.map(({ name, shadowData }) => [name, shadowData]),
    [
      ['lira-online', 'overlapping'],
      ['attack-r', 'overlapping'],
    ],
  );
  for (const { auc, name } of record.attacks) assert.ok(auc.low > 0.6, `${name} ${auc.value}`);
  assert.equal([record.shadows, record.references, record.population], [0, 4, 0]);
  assert.match(record.warnings.find((w) => /^attack-p /.test(w.message))!.message, /got 0\. Add --population\./);
});

foreign('with a population both kinds are trained, and a third of it by nobody', async () => {
  const record = await auditTarget({
    ...sets,
    population,
    shadows: { ...recipe, references: 2, epochs: 10 },
    attacks: ['lira-online', 'rmia-online', 'shadow-logistic'],
  });
  assert.equal(
    record.attacks.map(({ name, shadowData }) => [name, shadowData]),
    [
      ['lira-online', 'overlapping'],
      ['rmia-online', 'overlapping'],
      ['shadow-logistic', 'apart'],
    ],
  );
  assert.equal([record.shadows, record.references, record.population], [1, 2, 40]);
  const none = { ...recipe, references: 2, count: 0, epochs: 1 };
  const aside = await auditTarget({ ...sets, population, shadows: none, attacks: ['attack-p', 'lira-online'] });
  assert.equal([aside.shadows, aside.population], [0, 120], 'without shadow models all of it');
});

foreign('what would help an attack that was left out', async () => {
  const record = await auditTarget({ ...sets, attacks: ['lira-online', 'shadow-logistic', 'attack-p', 'attack-r'] });
  const messages = record.warnings.map(({ message }) => message);
  assert.match(messages[0]!, /^lira-online was left out: .* Add --references 16 with --shadow-recipe\.$/);
  assert.match(messages[1]!, /^shadow-logistic was left out: .* Add --population with --shadow-recipe\.$/);
  assert.match(messages[2]!, /^attack-p was left out: .* Add --population\.$/);
  assert.match(messages[3]!, /Add --references 16, or --population and --shadows 2, with --shadow-recipe\.$/);
});

foreign('answers at random are averaged, by the target and the models alike', async () => {
  const rng = Rng.from(1);
  const predict = async (x: Float32Array | Float64Array) => {
    const z = await model.logits(x);
    return z.map((v) => v + 6 * (rng.uniform() - 0.5));
  };
  const noisy = { ...sets, predict, outputs: 'logits' as const, attacks: ['loss'] };
  const [once, often] = [await auditTarget(noisy), await auditTarget({ ...noisy, repeats: 16 })];
  assert.is(often.target!.ledger.queries, once.target!.ledger.queries + 16 * 240);
  assert.is(often.attacks[0]!.queries, 16 * 240);
  assert.ok(often.attacks[0]!.auc.value! > once.attacks[0]!.auc.value!);
  assert.match(often.attacks[0]!.warnings.find((w) => w.code === 'random-outputs')!.message, /16 answers/);
  await rejectsError(() => auditTarget({ ...sets, repeats: 0 }), ConfigError, /repeats: expected a whole number >= 1/);
});

foreign('refused before the model is asked: no labels to train on, one reference model, none at all', async () => {
  let asked = 0;
  const predict = (x: Float32Array | Float64Array) => {
    asked++;
    return model.predict(x);
  };
  const run = (shadows: object, more: object = {}) =>
    auditTarget({ ...sets, ...more, predict, shadows: { ...recipe, ...shadows } });
  for (const [shadows, more, message] of [
    [{ references: 2 }, { members: { x: members.x } }, /references: expected labels of members and non-members/],
    [{ references: 1 }, {}, /from 2 to 1000, got 1/],
    [{ count: 1, references: 2 }, {}, /expected a population with labels/],
    [{ count: 0 }, {}, /at least one shadow or reference model/],
    [{ count: -1 }, { population }, /whole number >= 0, got -1/],
    [{ references: 16 }, { attacks: ['loss'] }, /attacks that use reference models, .* got loss\. Name one/],
    [{ references: 2 }, { population, attacks: ['shadow-logistic'] }, /reference models, .* got shadow-logistic\./],
  ] as [object, object, RegExp][])
    await rejectsError(() => run(shadows, more), ConfigError, message);
  assert.is(asked, 0);
});
