/** The audit of somebody else's model: functions, partial answers, budgets, bad input. */

import { type AnswerStore, functionOracle, openLedger, type StoredAnswer } from '../../attacks/index.ts';
import { Classifier, ConfigError, KeyholeError, namedModel, Rng } from '../../engine/index.ts';
import { type AuditRecord, auditTarget, type Oracle, parseAudit } from '../../experiments/index.ts';
import { assert, atEnd, suite } from '../harness.ts';
import { noise } from '../support/data.ts';
import { testEngine } from '../support/engine.ts';
import { rejectsError } from '../support/throws.ts';

const engine = await testEngine();
const shape = [12];
const CLASSES = 5;
const [members, nonMembers, population] = [1, 2, 3].map((seed) => noise(seed, 120, shape, CLASSES)) as [
  ReturnType<typeof noise>,
  ReturnType<typeof noise>,
  ReturnType<typeof noise>,
];
const model = Classifier.create(engine, namedModel('mlp', shape, CLASSES), { seed: 1 });
await model.fit(members, { epochs: 60, batchSize: 20, seed: 1 });
atEnd(() => model.dispose());
const predict = (x: Float32Array | Float64Array) => model.predict(x);
const sets = { inputShape: shape, members, nonMembers };
const names = (record: AuditRecord) => record.attacks.map((a) => a.name);
const skipped = (record: AuditRecord, name: string) =>
  record.warnings.find((w) => w.message.startsWith(`${name} `))?.message ?? '';

const test = suite('auditTarget');

test('without training access: what needs none runs and wins on a memorised set, what does not is named', async () => {
  const record = await auditTarget({ ...sets, predict });
  parseAudit(JSON.parse(JSON.stringify(record)));
  for (const name of ['gap', 'loss', 'confidence', 'entropy', 'modified-entropy'])
    assert.ok(names(record).includes(name), name);
  for (const attack of record.attacks) {
    if (['loss', 'confidence', 'modified-entropy'].includes(attack.name)) assert.ok(attack.auc.low > 0.8, attack.name);
    if (attack.name === 'loss') assert.is(attack.balancedAccuracy, null, 'no mean loss, no threshold');
  }
  assert.match(skipped(record, 'shadow-logistic'), /was left out: it needs a shadow model/);
  assert.equal(record.target?.given, { members: 120, nonMembers: 120, population: 0 });
  assert.is(record.target?.kind, 'function');
  assert.is(record.target?.outputs, 'probabilities');
  assert.equal([record.model.parameters, record.train.epochs], [null, null]);
  assert.ok(record.train.accuracy! > 0.95 && record.train.testAccuracy! < 0.5);
  // each record once, 16 of them again, and 1,000 random inputs for ML-Leaks
  assert.ok(names(record).includes('ml-leaks-unsupervised'));
  assert.is(record.target?.ledger.queries, 240 + 16 + 1000);
  assert.match(skipped(record, 'attack-p'), /needs a population of at least 25 rows/);
  assert.match(skipped(record, 'nasr'), /needs a model that gives white-box, this one gives probabilities/);
});

test('the same scores as an attack on the model itself', async () => {
  const record = await auditTarget({ ...sets, predict, attacks: ['loss'] });
  const p = [await model.predict(members.x), await model.predict(nonMembers.x)];
  const own = [members, nonMembers].map(({ y }, set) => Array.from(y, (label, i) => p[set]![i * CLASSES + label]!));
  let wins = 0;
  for (const a of own[0]!) for (const b of own[1]!) wins += a > b ? 1 : a === b ? 0.5 : 0;
  assert.ok(
    Math.abs(record.attacks[0]!.auc.value! - wins / 120 ** 2) < 1e-4,
    `${record.attacks[0]!.auc.value} ${wins / 120 ** 2}`,
  );
});

test('a mean training loss gives the loss attack its threshold', async () => {
  const { loss } = await model.evaluate(members);
  const record = await auditTarget({ ...sets, predict, attacks: ['loss'], meanTrainingLoss: loss });
  assert.ok(record.attacks[0]!.balancedAccuracy!.value! > 0.7);
});

test('with a shadow recipe the rest runs, on models trained on the population', async () => {
  const shadows = { engine, model: 'mlp', epochs: 30, batchSize: 20 };
  const record = await auditTarget({
    ...sets,
    predict,
    population,
    shadows,
    attacks: ['shadow-logistic', 'confidence'],
  });
  assert.equal(names(record), ['shadow-logistic', 'confidence']);
  assert.is(record.shadows, 1);
  for (const { auc, balancedAccuracy, name } of record.attacks)
    assert.ok(auc.low > 0.7 && balancedAccuracy !== null && balancedAccuracy.value! > 0.6, name);
  await rejectsError(
    () => auditTarget({ ...sets, predict, shadows }),
    ConfigError,
    /expected a population with labels .* \(--population\)/,
  );
});

test('a model that gives labels only: attacks by probabilities are left out by name', async () => {
  const labels = async (x: Float32Array | Float64Array) => {
    const p = await model.predict(x);
    return Array.from({ length: p.length / CLASSES }, (_, i) => {
      const row = p.subarray(i * CLASSES, (i + 1) * CLASSES);
      return row.indexOf(Math.max(...row));
    });
  };
  const record = await auditTarget({ ...sets, predict: labels, outputs: 'labels', attacks: ['gap', 'loss'] });
  assert.equal(names(record), ['gap']);
  assert.ok(record.attacks[0]!.auc.low > 0.6);
  assert.match(skipped(record, 'loss'), /needs a model that gives probabilities, this one gives labels only/);
});

test('without true labels: attacks that look at them are left out by name, accuracy is unknown', async () => {
  const { y: _, ...inside } = members;
  const record = await auditTarget({ ...sets, members: inside, predict, attacks: ['entropy', 'loss'] });
  assert.equal(names(record), ['entropy']);
  assert.match(skipped(record, 'loss'), /needs the true labels of members and non-members/);
  assert.equal([record.train.accuracy, record.train.testAccuracy !== null], [null, true]);
});

test('logits that are said to be some give the same ranking as probabilities', async () => {
  const attacks = ['loss'];
  const [z, p] = [
    await auditTarget({ ...sets, predict: (x) => model.logits(x), outputs: 'logits', attacks }),
    await auditTarget({ ...sets, predict, attacks }),
  ];
  assert.is(z.target?.outputs, 'logits');
  assert.ok(Math.abs(z.attacks[0]!.auc.value! - p.attacks[0]!.auc.value!) < 0.01);
});

test('an answer that varies is said to', async () => {
  const rng = Rng.from(1);
  const noisy = async (x: Float32Array | Float64Array) => {
    const p = await model.predict(x);
    return p.map((v) => 0.9 * v + 0.1 / CLASSES + 0.001 * (rng.uniform() - 0.5));
  };
  const record = await auditTarget({ ...sets, predict: noisy, outputs: 'unnormalised', attacks: ['loss'] });
  assert.ok(record.attacks[0]!.warnings.some((w) => w.code === 'random-outputs'));
});

const partial = suite('partial answers');

test('names of members and rows are checked: labels that the model does not know', async () => {
  const y = members.y.slice();
  y[3] = 7;
  await rejectsError(
    () => auditTarget({ ...sets, members: { x: members.x, y }, predict }),
    ConfigError,
    /expected 0 \.\. 4, since the model answers with 5 numbers a row, got 7/,
  );
});

partial('a budget that ends: results so far, with the warning', async () => {
  const record = await auditTarget({ ...sets, predict, queryBudget: 150, attacks: ['loss'] });
  const { members: m, nonMembers: n } = record.dataset;
  assert.is(m + n, 150);
  assert.ok(m > 50 && n > 50, 'members and non-members alike');
  assert.is(record.attacks[0]!.auc.n, record.attacks[0]!.auc.n);
  assert.match(
    record.warnings.find((w) => w.code === 'partial')!.message,
    /^Only \d+ of 120 members, \d+ of 120 non-members were answered: the query budget of 150 was used up/,
  );
  assert.is(record.target?.ledger.queries, 150);
});

/** Answers ten rows at a time, `questions` times. */
function mortal(questions: number): Oracle {
  let asked = 0;
  const oracle = functionOracle({ predict, inputShape: shape, batch: 10 });
  return {
    ...oracle,
    ask: async (x) => {
      if (asked++ >= questions) throw new KeyholeError('gone');
      return oracle.ask(x);
    },
  };
}

partial('a model that stops answering: audited on what it said', async () => {
  const oracle = mortal(17);
  const record = await auditTarget({ ...sets, oracle, attacks: ['loss'] });
  assert.is(record.dataset.members + record.dataset.nonMembers, 170);
  assert.match(record.warnings[0]!.message, /the model did not answer \(gone\)/);
  assert.is(record.target?.ledger.failures, 3, 'three failures in a row are enough');
  assert.ok(record.attacks[0]!.auc.low > 0.8);
  await rejectsError(() => auditTarget({ ...sets, oracle: mortal(0) }), KeyholeError, /gone/);
  await rejectsError(
    () => auditTarget({ ...sets, oracle: mortal(1) }),
    KeyholeError,
    /expected answers about at least 10 members and as many non-members, got \d and \d: the model did not answer \(gone\)/,
  );
});

partial('answers are kept as they come, and a later run asks for the missing ones only', async () => {
  const kept: StoredAnswer[] = [];
  const store: AnswerStore = { load: async () => kept.slice(), append: async (answer) => void kept.push(answer) };
  const first = await auditTarget({ ...sets, oracle: mortal(17), store, attacks: ['loss'] });
  assert.is(kept.length, 17);
  const second = await auditTarget({ ...sets, oracle: mortal(100), store, attacks: ['loss'] });
  assert.equal([second.target?.ledger.remembered, second.target?.ledger.queries], [170, 80]);
  const whole = await auditTarget({ ...sets, oracle: mortal(100), attacks: ['loss'] });
  assert.equal(second.attacks[0]!.auc, whole.attacks[0]!.auc);
  assert.not.equal(first.attacks[0]!.auc, whole.attacks[0]!.auc);
});

partial('a ledger counts, gives back, and refuses what the budget does not hold', async () => {
  const ledger = openLedger(10);
  ledger.take(7);
  assert.throws(() => ledger.take(4), /at most 10 queries, got 7 \+ 4/);
  ledger.giveBack(2);
  ledger.take(4);
  assert.is(ledger.left(), 1);
  assert.throws(() => openLedger(0), /a whole number >= 1/);
});

const bad = suite('sets and answers that cannot be audited');

bad('rows in two sets are counted and refused, unless forced', async () => {
  const mixed = { x: nonMembers.x.slice(), y: nonMembers.y };
  mixed.x.set(members.x.subarray(0, 3 * 12), 24);
  const error = await rejectsError(
    () => auditTarget({ ...sets, nonMembers: mixed, predict }),
    ConfigError,
    /3 of 120 non-members have the input of a member/,
  );
  assert.is(error.path, 'nonMembers');
  const record = await auditTarget({ ...sets, nonMembers: mixed, predict, force: true, attacks: ['gap'] });
  assert.ok(record.warnings.some((w) => w.code === 'overlap'));
  await rejectsError(
    () => auditTarget({ ...sets, population: { x: members.x, y: members.y }, predict }),
    ConfigError,
    /120 of 120 population rows have the input of a member/,
  );
});

bad('sets of another scale are refused, unless forced', async () => {
  const scaled = { x: nonMembers.x.map((v) => 255 * v), y: nonMembers.y };
  await rejectsError(() => auditTarget({ ...sets, nonMembers: scaled, predict }), ConfigError, /differ in scale/);
  const record = await auditTarget({ ...sets, nonMembers: scaled, predict, force: true, attacks: ['gap'] });
  assert.ok(record.warnings.some((w) => w.code === 'scaling'));
});

bad('another shape, too few rows, no model', async () => {
  const narrow = { x: nonMembers.x.subarray(0, 100), y: nonMembers.y };
  await rejectsError(
    () => auditTarget({ ...sets, nonMembers: narrow, predict }),
    KeyholeError,
    /expected rows of \[12\]/,
  );
  const few = { x: members.x.slice(0, 60), y: members.y.slice(0, 5) };
  await rejectsError(() => auditTarget({ ...sets, members: few, predict }), ConfigError, /at least 10 rows, got 5/);
  await rejectsError(() => auditTarget(sets), ConfigError, /expected a model/);
});

bad('too few non-members for a false-positive rate: not resolved, and said so', async () => {
  const record = await auditTarget({ ...sets, predict, attacks: ['loss'] });
  assert.is(record.attacks[0]!.tprAtFpr['0.01'], null);
  assert.ok(record.attacks[0]!.warnings.some((w) => w.code === 'few-samples'));
});

for (const [name, wrong, message] of [
  ['logits given as probabilities', (x: Float32Array) => model.logits(x), /these look like logits\. Apply softmax/],
  [
    'probabilities that do not sum to one',
    async (x: Float32Array) => (await model.predict(x)).map((p) => p / 2),
    /expected probabilities that sum to 1, got a sum of 0\.5 in row 0/,
  ],
  [
    'NaN',
    async (x: Float32Array) => (await model.predict(x)).fill(Number.NaN, 5, 6),
    /expected finite numbers, got NaN in row 1/,
  ],
  [
    'rows that are missing',
    async (x: Float32Array) => (await model.predict(x)).subarray(5),
    /expected 240 rows of as many probabilities, got 1195 numbers/,
  ],
] as const) {
  bad(`${name}: named`, async () => {
    await rejectsError(() => auditTarget({ ...sets, predict: wrong as typeof predict }), KeyholeError, message);
  });
}

bad('what is declared is held to: logits as probabilities, labels beyond the classes', async () => {
  await rejectsError(
    () => auditTarget({ ...sets, predict: (x) => model.logits(x), outputs: 'probabilities' }),
    KeyholeError,
    /these look like logits/,
  );
  const nines = (x: Float32Array | Float64Array) => new Array(x.length / 12).fill(9);
  await rejectsError(
    () => auditTarget({ ...sets, predict: nines, outputs: 'labels', classes: CLASSES }),
    KeyholeError,
    /expected labels from 0 to 4, got 9/,
  );
  await rejectsError(
    () => auditTarget({ ...sets, predict: nines }),
    ConfigError,
    /one whole number a row, as labels are/,
  );
});

bad('one number a row is the probability of the second of two classes', async () => {
  const y = members.y.map((label) => label % 2);
  const record = await auditTarget({
    inputShape: shape,
    members: { x: members.x, y },
    nonMembers: { x: nonMembers.x, y: nonMembers.y.map((label) => label % 2) },
    predict: async (x) => Array.from({ length: x.length / 12 }, (_, i) => 1 / (2 + (x[12 * i]! > 0 ? 1 : 0))),
    attacks: ['loss'],
  });
  assert.is(record.dataset.classes, 2);
});
