/** Shadow data for an attacker with partial knowledge: noise, marginals and hill climbing, against the rules that define them. */
import {
  addNoise,
  type ClimbOptions,
  climb,
  drawFromMarginals,
  type Field,
  fieldsOf,
  localTarget,
  numericFields,
  remembered,
  type SynthesisName,
  type SyntheticRows,
  syntheses,
  synthesise,
  synthesisNames,
  type Target,
  widthOf,
} from '../../attacks/index.ts';
import { type Column, examples } from '../../data/index.ts';
import { Classifier, ConfigError, createEngine, namedModel, Rng } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { digitRows, digits } from '../support/data.ts';
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

/** Five standard deviations of a binomial count. */
const near = (count: number, n: number, p: number, what: string) =>
  assert.ok(Math.abs(count - n * p) <= 5 * Math.sqrt(n * p * (1 - p)), `${what}: ${count} of ${n}, expected ${n * p}`);

const categoryOf = (x: Float32Array, row: number) => {
  const group = [...x.subarray(row * WIDTH + 1, row * WIDTH + 5)];
  assert.equal([...group].sort(), [0, 0, 0, 1], `row ${row}: exactly one category, got [${group}]`);
  return group.indexOf(1);
};

const noise = suite('synthesis: noisy real data');

noise('flips a binary feature with probability p, and moves a category to each of the others alike', async () => {
  const n = 20_000;
  const { x } = table(n);
  const made = await addNoise({ x, rows: n, fields, p: 0.2, rng: Rng.from(1).split('noise') });
  let flipped = 0;
  const moves = new Map<string, number>();
  const from = new Int32Array(4);
  for (let i = 0; i < n; i++) {
    if (made[i * WIDTH] !== x[i * WIDTH]) flipped++;
    const [a, b] = [categoryOf(x, i), categoryOf(made, i)];
    from[a]!++;
    if (a !== b) moves.set(`${a} to ${b}`, (moves.get(`${a} to ${b}`) ?? 0) + 1);
  }
  near(flipped, n, 0.2, 'flipped');
  for (const [a, count] of from.entries()) {
    if (count === 0) continue;
    for (let b = 0; b < 4; b++)
      if (b !== a) near(moves.get(`${a} to ${b}`) ?? 0, count, 0.2 / 3, `category ${a} to ${b}`);
  }
});

noise('gives a number the value of another row, with probability p', async () => {
  const n = 20_000;
  const { x } = table(n);
  const made = await addNoise({ x, rows: n, fields, p: 0.2, rng: Rng.from(2).split('noise') });
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
  near(changed, n, 0.2, 'changed');
  // a quarter of the column is above 0, whatever the row
  const share = [...x].filter((v, j) => j % WIDTH === 5 && v > 0).length / n;
  near(high, changed, share, 'above 0');
});

noise('p of 0 changes nothing, p of 1 every binary feature', async () => {
  const { x } = table(50);
  const at = (p: number) => addNoise({ x, rows: 50, fields, p, rng: Rng.from(3).split('noise') });
  assert.equal(await at(0), x);
  const all = await at(1);
  for (let i = 0; i < 50; i++) assert.is(all[i * WIDTH], 1 - x[i * WIDTH]!);
});

noise('bytes of images take bytes of the same pixel', async () => {
  const data = await digits();
  const pixels = fieldsOf(data);
  assert.equal([pixels.length, pixels[0]!.low, pixels[0]!.high, pixels[0]!.whole], [64, 0, 16, true]);
  const x = Float32Array.from(data.x.subarray(0, 300 * 64));
  const made = await addNoise({ x, rows: 300, fields: pixels, p: 0.5, rng: Rng.from(3).split('noise') });
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
  near(made.a, rows, p, 'a');
  near(made.c, rows, given.c / given.n, 'c');
  for (const [k, count] of given.categories.entries())
    near(made.categories[k]!, rows, count / given.n, `category ${k}`);
  assert.is(given.agree, given.n, 'in the reference a and c say the same');
  near(made.agree, rows, p * p + (1 - p) * (1 - p), 'agreement by chance');
});

drawn('by class, features are independent within a class and classes are as frequent as before', async () => {
  const reference = table(4000);
  const rows = 10_000;
  const rng = Rng.from(6).split('marginals');
  const { x, y } = await drawFromMarginals({ reference, fields, rows, byClass: true, rng });
  near(
    y.filter((label) => label === 1).length,
    rows,
    reference.y.filter((label) => label === 1).length / 4000,
    'class 1',
  );
  // a and c are functions of the class
  for (let i = 0; i < rows; i++) assert.ok(x[i * WIDTH] === y[i] && x[i * WIDTH + 5]! > 0 === (y[i] === 1));
});

const search = suite('synthesis: hill climbing');

/** Sure of class 1 as far as the first numbers of a row are 1: p_1 = share of ones. */
function shareOfOnes(width: number): Target<'probabilities'> & { asked: number[] } {
  const asked: number[] = [];
  let queries = 0;
  const probabilities = async (x: Float32Array | Float64Array) => {
    const n = x.length / width;
    asked.push(n);
    queries += n;
    const p = new Float64Array(2 * n);
    for (let i = 0; i < n; i++) {
      p[2 * i + 1] = Float64Array.from(x.subarray(i * width, (i + 1) * width)).reduce((a, b) => a + b, 0) / width;
      p[2 * i] = 1 - p[2 * i + 1]!;
    }
    return p;
  };
  const labels = async () => new Int32Array();
  return { inputShape: [width], classes: 2, queries: () => queries, probabilities, labels, asked };
}
const bits = (n: number): Field[] =>
  Array.from({ length: n }, (_, at) => ({ kind: 'binary', at, width: 1, low: 0, high: 1, whole: true }));
const climbing = (o: Partial<ClimbOptions> & Pick<ClimbOptions, 'target' | 'fields' | 'y'>): ClimbOptions => ({
  kMax: 8,
  kMin: 1,
  rejMax: 3,
  confMin: 0.8,
  iterMax: 500,
  rng: Rng.from(7).split('climb'),
  ...o,
});

search('finds rows of the class with more than conf_min, and counts every row that it asked about', async () => {
  const target = shareOfOnes(20);
  const y = Int32Array.from({ length: 40 }, (_, i) => i % 2);
  const { x, found, confidence, iterations, queries } = await climb(climbing({ target, fields: bits(20), y }));
  assert.is(queries, target.queries());
  assert.is(
    queries,
    iterations.reduce((a, b) => a + b, 0),
  );
  for (const [i, label] of y.entries()) {
    const ones = x.subarray(i * 20, (i + 1) * 20).reduce((a, b) => a + b, 0) / 20;
    assert.is(found[i], 1);
    assert.ok(confidence[i]! > 0.8 && Math.abs((label === 1 ? ones : 1 - ones) - confidence[i]!) < 1e-12);
  }
});

search('what it finds does not depend on how many searches are under way at the same time', async () => {
  const y = Int32Array.from({ length: 12 }, (_, i) => i % 2);
  const at = async (atOnce: number) => {
    const target = shareOfOnes(20);
    return { ...(await climb(climbing({ target, fields: bits(20), y, atOnce }))), most: Math.max(...target.asked) };
  };
  const [one, five] = [await at(1), await at(5)];
  assert.equal([one.most, five.most], [1, 5]);
  assert.equal({ ...five, most: 1 }, one);
});

search('takes a row with the probability that the target gives its class', async () => {
  // always sure to 0.6: every question is accepted, and ends the search with probability 0.6
  const target = { ...shareOfOnes(4), probabilities: async (x: { length: number }) => flat(x.length / 4, [0.4, 0.6]) };
  const y = new Int32Array(4000).fill(1);
  const { iterations, found } = await climb(climbing({ target, fields: bits(4), y, confMin: 0.5 }));
  assert.ok(found.every((one) => one === 1));
  near(iterations.filter((n) => n === 1).length, 4000, 0.6, 'taken at the first question');
  near(iterations.filter((n) => n === 2).length, 4000, 0.24, 'at the second');
});

const flat = (n: number, p: readonly number[]) =>
  Float64Array.from({ length: n * p.length }, (_, i) => p[i % p.length]!);

search('after more than rej_max rejections in a row it changes half as many features, down to k_min', async () => {
  // the first question is accepted and nothing after it, so each proposal lies k features from the first
  const questions: Float32Array[] = [];
  const target = {
    ...shareOfOnes(16),
    probabilities: async (x: Float32Array | Float64Array) => {
      questions.push(Float32Array.from(x));
      return questions.length === 1 ? Float64Array.of(0.8, 0.2) : Float64Array.of(0.9, 0.1);
    },
  };
  const { found, x } = await climb(
    climbing({ target, fields: bits(16), y: [1], kMax: 10, kMin: 2, rejMax: 2, iterMax: 14 }),
  );
  const distance = questions.slice(1).map((q) => q.reduce((sum, bit, j) => sum + Math.abs(bit - questions[0]![j]!), 0));
  // proposals are made with k = 10, 10, 10 until three were rejected, then 5, then 3, then 2
  assert.equal(distance, [10, 10, 10, 5, 5, 5, 3, 3, 3, 2, 2, 2, 2]);
  assert.is(found[0], 0);
  assert.equal(x, questions[0], 'the last row accepted');
});

search('stops at iter_max where the class cannot be reached, and says so', async () => {
  const target = { ...shareOfOnes(4), probabilities: async (x: { length: number }) => flat(x.length / 4, [0.9, 0.1]) };
  const { found, queries, iterations, stopped } = await climb(
    climbing({ target, fields: bits(4), y: [1, 0, 1], iterMax: 30, confMin: 0.5 }),
  );
  assert.equal([...found], [0, 1, 0]);
  assert.equal([iterations[0], iterations[2], stopped], [30, 30, null]);
  assert.is(queries, 60 + iterations[1]!);
});

search('a budget ends it with what was found; no row is asked about beyond it', async () => {
  const target = shareOfOnes(20);
  const y = new Int32Array(50).fill(1);
  const { found, queries, stopped } = await climb(
    climbing({ target, fields: bits(20), y, queryBudget: 101, atOnce: 4 }),
  );
  assert.equal([queries, target.queries(), stopped], [101, 101, 'budget']);
  const all = found.reduce((a, b) => a + b, 0);
  assert.ok(all > 0 && all < 50, `${all} found`);
});

search('keeps one category of a group, numbers within their bounds, and whole ones whole', async () => {
  const rows: Float32Array[] = [];
  const target = {
    ...shareOfOnes(7),
    probabilities: async (x: Float32Array | Float64Array) => {
      rows.push(Float32Array.from(x));
      return flat(x.length / 7, [0.9, 0.1]);
    },
  };
  const mixed = [...fields, { ...numericFields(1, [3, 5], true)[0]!, at: 6 }];
  await climb(climbing({ target, fields: mixed, y: new Int32Array(20).fill(1), kMax: 4, iterMax: 20 }));
  const wholes = new Set<number>();
  for (const x of rows)
    for (let i = 0; i < x.length; i += 7) {
      assert.equal([...x.subarray(i + 1, i + 5)].sort(), [0, 0, 0, 1]);
      assert.ok(Math.abs(x[i + 5]!) <= 2);
      wholes.add(x[i + 6]!);
    }
  assert.equal([...wholes].sort(), [3, 4, 5]);
});

search('a stopped run ends at once', async () => {
  const stop = new AbortController();
  const target = shareOfOnes(20);
  const slow = {
    ...target,
    probabilities(x: Float32Array) {
      stop.abort(new Error('stopped'));
      return target.probabilities(x);
    },
  };
  await rejectsError(
    () => climb(climbing({ target: slow as never, fields: bits(20), y: [1], signal: stop.signal })),
    Error,
    /stopped/,
  );
  assert.is(target.asked.length, 1);
});

search('refuses settings with which no search can end well', async () => {
  const target = shareOfOnes(20);
  const at = (o: Partial<ClimbOptions>) => () => climb(climbing({ target, fields: bits(20), y: [1], ...o }));
  await rejectsError(at({ confMin: 1 }), ConfigError, /confMin: expected a probability below 1, got 1/);
  await rejectsError(at({ kMax: 2, kMin: 3 }), ConfigError, /kMax: expected a whole number >= kMin, 3, got 2/);
  await rejectsError(at({ iterMax: 0 }), ConfigError, /iterMax: expected a whole number >= 1/);
  await rejectsError(at({ y: [2] }), ConfigError, /expected classes below 2, got 2/);
  await rejectsError(at({ fields: bits(19) }), ConfigError, /fields of the 20 numbers.*fieldsOf/);
});

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
    const all = { ...task, reference, target: shareOfOnes(64) };
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

methods('a class that cannot be reached is given up, and the others fill its place', async () => {
  // nothing is ever of class 2
  const target = {
    ...shareOfOnes(10),
    classes: 3,
    probabilities: async (x: Float32Array | Float64Array) => {
      const two = await shareOfOnes(10).probabilities(x);
      return Float64Array.from({ length: (x.length / 10) * 3 }, (_, i) =>
        i % 3 < 2 ? two[2 * Math.floor(i / 3) + (i % 3)]! : 0,
      );
    },
  };
  const { y, failed, stopped } = await synthesise('hill-climbing', {
    fields: bits(10),
    classes: 3,
    rows: 60,
    target,
    options: { kMax: 4, kMin: 1, confMin: 0.6, iterMax: 100 },
    rng: Rng.from(9).split('gaps'),
  });
  assert.equal(
    [0, 1, 2].map((c) => y.filter((label) => label === c).length),
    [30, 30, 0],
  );
  assert.equal([failed, stopped], [20, null]);
});

methods('a name that is none is refused with those that there are', async () => {
  const task = { fields: bits(4), classes: 2, rows: 1, rng: Rng.from(1) };
  await rejectsError(() => synthesise('toString', task), ConfigError, /one of noisy, marginals, hill-climbing, got/);
  assert.is(widthOf(fields), WIDTH);
});
