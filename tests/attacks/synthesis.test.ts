/** Shadow data for an attacker with partial knowledge: noise and marginals against the rules that define them, and every method at work. */
import { localTarget, remembered, type Target } from '../../attacks/index.ts';
import { numericFields } from '../../attacks/synthesis/fields.ts';
import {
  fieldsOf,
  type SynthesisName,
  type SyntheticRows,
  syntheses,
  synthesise,
  synthesisNames,
  widthOf,
} from '../../attacks/synthesis/index.ts';
import { drawFromMarginals } from '../../attacks/synthesis/marginals.ts';
import { noisyRows } from '../../attacks/synthesis/noisy.ts';
import { type Column, examples } from '../../data/index.ts';
import { Classifier, ConfigError, createEngine, namedModel, Rng } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { digitRows, digits } from '../support/data.ts';
import { nearCount } from '../support/near.ts';
import { rejectsError } from '../support/throws.ts';

const columns: Column[] = [
  { kind: 'binary', name: 'a', feature: 0, width: 1, immutable: false },
  {
    kind: 'categorical',
    name: 'b',
    feature: 1,
    width: 4,
    immutable: false,
    categories: ['red', 'green', 'blue', 'grey'],
  },
  { kind: 'numeric', name: 'c', feature: 5, width: 1, immutable: false, bounds: [-2, 2], missing: 0 },
];
const fields = fieldsOf({ schema: { kind: 'table', columns }, inputShape: [6] });
const WIDTH = 6;

/** Rows of which the label says all: a is the class, b the class or the next category, c its value. */
function table(n: number) {
  const rng = Rng.from(4).split('table');
  const x = new Float32Array(n * WIDTH);
  const y = Int32Array.from({ length: n }, () => (rng.below(4) === 0 ? 1 : 0));
  for (let i = 0; i < n; i++) {
    x[i * WIDTH] = y[i]!;
    x[i * WIDTH + 1 + y[i]! + rng.below(2)] = 1;
    x[i * WIDTH + 5] = y[i] === 1 ? 1 + rng.uniform() : -1 - rng.uniform();
  }
  return { x, y };
}

const categoryOf = (x: Float32Array, row: number) => {
  const group = [...x.subarray(row * WIDTH + 1, row * WIDTH + 5)];
  assert.equal([...group].sort(), [0, 0, 0, 1], `row ${row}: exactly one category, got [${group}]`);
  return group.indexOf(1);
};

const noise = suite('synthesis: noisy real data');

noise('flips a binary feature with probability p, and moves a category to each of the others alike', async () => {
  const n = 20_000;
  const { x } = table(n);
  const made = await noisyRows({ x, rows: n, fields, p: 0.2, rng: Rng.from(1).split('noise') });
  let flipped = 0;
  const moves = new Map<string, number>();
  const from = new Int32Array(4);
  for (let i = 0; i < n; i++) {
    if (made[i * WIDTH] !== x[i * WIDTH]) flipped++;
    const [a, b] = [categoryOf(x, i), categoryOf(made, i)];
    from[a]!++;
    if (a !== b) moves.set(`${a} to ${b}`, (moves.get(`${a} to ${b}`) ?? 0) + 1);
  }
  nearCount(flipped, n, 0.2, 'flipped');
  for (const [a, count] of from.entries()) {
    if (count === 0) continue;
    for (let b = 0; b < 4; b++)
      if (b !== a) nearCount(moves.get(`${a} to ${b}`) ?? 0, count, 0.2 / 3, `category ${a} to ${b}`);
  }
});

noise('gives a number the value of another row, with probability p', async () => {
  const n = 20_000;
  const { x } = table(n);
  const made = await noisyRows({ x, rows: n, fields, p: 0.2, rng: Rng.from(2).split('noise') });
  const values = new Set(x.filter((_, j) => j % WIDTH === 5));
  let [changed, high] = [0, 0];
  for (let i = 0; i < n; i++) {
    const value = made[i * WIDTH + 5]!;
    assert.ok(values.has(value), 'a value that the column has');
    if (value === x[i * WIDTH + 5]) continue;
    changed++;
    if (value > 0) high++;
  }
  // one of 20,000 rows draws its own value
  nearCount(changed, n, 0.2, 'changed');
  // a quarter of the column is above 0, whatever the row
  const share = [...x].filter((v, j) => j % WIDTH === 5 && v > 0).length / n;
  nearCount(high, changed, share, 'above 0');
});

noise('p of 0 changes nothing, p of 1 every binary feature', async () => {
  const { x } = table(50);
  const at = (p: number) => noisyRows({ x, rows: 50, fields, p, rng: Rng.from(3).split('noise') });
  assert.equal(await at(0), x);
  const all = await at(1);
  for (let i = 0; i < 50; i++) assert.is(all[i * WIDTH], 1 - x[i * WIDTH]!);
});

noise('bytes of images take bytes of the same pixel', async () => {
  const data = await digits();
  const pixels = fieldsOf(data);
  assert.equal([pixels.length, pixels[0]!.low, pixels[0]!.high, pixels[0]!.whole], [64, 0, 16, true]);
  const x = Float32Array.from(data.x.subarray(0, 300 * 64));
  const made = await noisyRows({ x, rows: 300, fields: pixels, p: 0.5, rng: Rng.from(3).split('noise') });
  for (let j = 0; j < 64; j++) {
    const seen = new Set(x.filter((_, at) => at % 64 === j));
    assert.ok([...made].every((value, at) => at % 64 !== j || seen.has(value)));
  }
});

const drawn = suite('synthesis: marginals');

/** Shares of a = 1, of each category, of c > 0, and of rows where a and c agree. */
function shares(x: Float32Array) {
  const n = x.length / WIDTH;
  const out = { a: 0, c: 0, agree: 0, categories: new Int32Array(4), n };
  for (let i = 0; i < n; i++) {
    const [a, c] = [x[i * WIDTH] === 1, x[i * WIDTH + 5]! > 0];
    out.categories[categoryOf(x, i)]!++;
    if (a) out.a++;
    if (c) out.c++;
    if (a === c) out.agree++;
  }
  return out;
}

drawn('every feature keeps its own distribution, and features are independent', async () => {
  const reference = table(4000);
  const rows = 20_000;
  const given = shares(reference.x);
  const rng = Rng.from(5).split('marginals');
  const made = shares((await drawFromMarginals({ reference, fields, rows, byClass: false, rng })).x);
  const p = given.a / given.n;
  nearCount(made.a, rows, p, 'a');
  nearCount(made.c, rows, given.c / given.n, 'c');
  for (const [k, count] of given.categories.entries())
    nearCount(made.categories[k]!, rows, count / given.n, `category ${k}`);
  assert.is(given.agree, given.n, 'in the reference a and c say the same');
  nearCount(made.agree, rows, p * p + (1 - p) * (1 - p), 'agreement by chance');
});

drawn('by class, features are independent within a class and classes are as frequent as before', async () => {
  const reference = table(4000);
  const rows = 10_000;
  const rng = Rng.from(6).split('marginals');
  const { x, y } = await drawFromMarginals({ reference, fields, rows, byClass: true, rng });
  nearCount(
    y.filter((label) => label === 1).length,
    rows,
    reference.y.filter((label) => label === 1).length / 4000,
    'class 1',
  );
  // a and c are functions of the class
  for (let i = 0; i < rows; i++) assert.ok(x[i * WIDTH] === y[i] && x[i * WIDTH + 5]! > 0 === (y[i] === 1));
});

/** A target that a refused run must not reach. */
const unasked = async () => {
  throw new Error('asked');
};
const neverAsked: Target<'probabilities'> = {
  inputShape: [64],
  classes: 10,
  queries: () => 0,
  labels: unasked,
  probabilities: unasked,
};

const methods = suite('synthesis: every method');

/** The number of rows in each method's task. */
const ROWS = 60;
const made = new Map<SynthesisName, Promise<SyntheticRows & { readonly asked: number; readonly labels: Int32Array }>>();

/** Rows for a net that knows its digits; the model's own units, [0, 1]. */
function digitsBy(name: SynthesisName) {
  if (!made.has(name)) made.set(name, make(name));
  return made.get(name)!;
}
async function make(name: SynthesisName) {
  const engine = await createEngine();
  const data = await digits();
  const net = Classifier.create(engine, namedModel('mlp', [8, 8, 1], 10), { seed: 1 });
  await net.fit(await digitRows(0, 600), { epochs: 12, batchSize: 32, seed: 1 });
  const target = remembered(localTarget(net));
  const reference = examples(data).take(Int32Array.from({ length: 300 }, (_, i) => 600 + i));
  const rows = await synthesise(name, {
    fields: numericFields(64, [0, 1]),
    classes: 10,
    rows: ROWS,
    reference,
    target,
    options: name === 'hill-climbing' ? { kMax: 16, kMin: 1, confMin: 0.7, iterMax: 3000 } : {},
    rng: Rng.from(8).split(name),
  });
  const asked = target.queries();
  const labels = await target.labels(rows.x);
  net.dispose();
  engine.dispose();
  return { ...rows, asked, labels };
}

for (const name of synthesisNames) {
  methods(`${name}: makes as many rows as were asked for, of the right width, and counts its questions`, async () => {
    const { x, y, queries, asked, stopped } = await digitsBy(name);
    assert.equal([x.length, y.length, stopped], [64 * ROWS, ROWS, null]);
    assert.ok(y.every((label) => label >= 0 && label < 10));
    assert.ok(x.every((value) => value >= 0 && value <= 1));
    assert.is(queries, asked);
    assert.is(queries > 0, (syntheses[name].needs as readonly string[]).includes('target'));
  });

  methods(`${name}: refuses an option that it does not have, no rows, and what it needs and has not got`, async () => {
    const task = { fields: numericFields(64, [0, 1]), classes: 10, rng: Rng.from(8).split(name) };
    const reference = { x: new Float32Array(64), y: new Int32Array(1) };
    const all = { ...task, reference, target: neverAsked };
    const options = Object.keys(syntheses[name].options);
    await rejectsError(
      () => synthesise(name, { ...all, rows: 1, options: { strength: 1 } }),
      ConfigError,
      new RegExp(`${name}: expected an option among ${options.join(', ')}`),
    );
    await rejectsError(() => synthesise(name, { ...all, rows: 0 }), ConfigError, /rows: expected a whole number >= 1/);
    await rejectsError(() => synthesise(name, { ...task, rows: 1 }), ConfigError, /expected .* got none\. Pass it/);
  });
}

methods('hill climbing on a real model: the model gives each row its class', async () => {
  const { y, labels } = await digitsBy('hill-climbing');
  assert.equal(labels, y);
});

methods('rows from marginals have the labels that the target gives them', async () => {
  const { y, labels } = await digitsBy('marginals');
  assert.equal(labels, y);
});

methods('a name that is none is refused with those that there are', async () => {
  const task = { fields, classes: 2, rows: 1, rng: Rng.from(1) };
  await rejectsError(() => synthesise('toString', task), ConfigError, /one of noisy, marginals, hill-climbing, got/);
  assert.is(widthOf(fields), WIDTH);
});
