/** Rows that a target is sure of: Algorithm 1 of Shokri et al. 2017, step by step. */
import type { Target } from '../../attacks/index.ts';
import { numericFields } from '../../attacks/synthesis/fields.ts';
import { type ClimbOptions, climb, type Field, synthesise } from '../../attacks/synthesis/index.ts';
import { ConfigError, Rng } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { nearCount } from '../support/near.ts';
import { rejectsError } from '../support/throws.ts';

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
  nearCount(iterations.filter((n) => n === 1).length, 4000, 0.6, 'taken at the first question');
  nearCount(iterations.filter((n) => n === 2).length, 4000, 0.24, 'at the second');
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
  const mixed: Field[] = [
    ...bits(1),
    { kind: 'categorical', at: 1, width: 4, low: 0, high: 1, whole: false },
    { kind: 'numeric', at: 5, width: 1, low: -2, high: 2, whole: false },
    { ...numericFields(1, [3, 5], true)[0]!, at: 6 },
  ];
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

const gaps = (onProgress?: (fraction: number) => void) => {
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
  return synthesise('hill-climbing', {
    fields: bits(10),
    classes: 3,
    rows: 60,
    target,
    options: { kMax: 4, kMin: 1, confMin: 0.6, iterMax: 100 },
    rng: Rng.from(9).split('gaps'),
    onProgress,
  });
};

search('a class that cannot be reached is given up after ten searches, and the others fill its place', async () => {
  const { y, failed, stopped } = await gaps();
  assert.equal(
    [0, 1, 2].map((c) => y.filter((label) => label === c).length),
    [30, 30, 0],
  );
  assert.equal([failed, stopped], [10, null]);
});

search('its progress is the share of rows that are found, which never falls back', async () => {
  const seen: number[] = [];
  await gaps((fraction) => seen.push(fraction));
  assert.ok(seen.every((fraction, i) => i === 0 || fraction >= seen[i - 1]!));
  assert.ok(seen[0]! < 1 && seen.at(-1) === 1);
});
