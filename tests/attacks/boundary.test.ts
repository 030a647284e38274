/** Distances to decision boundaries that are known, from labels alone. */
import { argmaxRows, boundaryWalk, functionTarget, noiseDistances, type Samples } from '../../attacks/index.ts';
import { ConfigError, Rng } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { rejectsError } from '../support/throws.ts';

const width = 12;

/** Rows of standard normal numbers. */
function rows(seed: number, n: number): Float32Array {
  const rng = Rng.from(seed);
  return Float32Array.from({ length: n * width }, () => rng.normal());
}

/** Two classes with a boundary at value 0 of a function of the row. */
function twoClasses(value: (row: Samples) => number) {
  let asked = 0;
  const labels = async (x: Samples): Promise<Int32Array> => {
    asked += x.length / width;
    return Int32Array.from({ length: x.length / width }, (_, i) =>
      value(x.subarray(i * width, (i + 1) * width)) > 0 ? 1 : 0,
    );
  };
  return { labels, asked: () => asked };
}

const normal = Float64Array.from({ length: width }, (_, j) => (j + 1) / Math.sqrt(650)); // 1 + 4 + ... + 144
const plane = (row: Samples) => normal.reduce((sum, v, j) => sum + v * row[j]!, -0.3);
const ball = (row: Samples) => Math.hypot(...row) - 4;

const walk = suite('boundary walk');

for (const [name, value, truth] of [
  ['a plane', plane, (row: Samples) => Math.abs(plane(row))],
  ['a ball', ball, (row: Samples) => Math.abs(ball(row))],
] as const) {
  walk(`finds the distance to ${name}`, async () => {
    const x = rows(1, 40);
    const { labels } = twoClasses(value);
    const y = await labels(x);
    const starts = rows(2, 100).map((v, at) => (at < 50 * width ? v : 2 * v));
    const o = { labels, x, y, width, starts, rng: Rng.from(3) };
    const near = await boundaryWalk({ ...o, queries: 2000 });
    const far = await boundaryWalk({ ...o, queries: 150 });
    const ratios = Float64Array.from(near.distances, (d, i) => d / truth(x.subarray(i * width, (i + 1) * width)));
    // a point on the other side: never nearer than the boundary, but for the rounding of coordinates to f32
    assert.ok(
      ratios.every((r) => r > 1 - 1e-4),
      `${Math.min(...ratios)}`,
    );
    assert.ok(
      ratios.every((r) => r < 1.05),
      `${Math.max(...ratios)}`,
    );
    const sum = (d: Float64Array) => d.reduce((a, b) => a + b);
    assert.ok(sum(far.distances) > sum(near.distances), 'more questions lead nearer');
  });
}

walk('the points it finds are of another class, at the distance it says', async () => {
  const x = rows(4, 30);
  const { labels } = twoClasses(ball);
  const y = await labels(x);
  const { distances, nearest } = await boundaryWalk({
    ...{ labels, x, y, width, queries: 200, rng: Rng.from(5) },
    starts: rows(6, 60).map((v) => 2 * v),
  });
  const found = await labels(nearest);
  for (let i = 0; i < 30; i++) {
    assert.is.not(found[i], y[i]);
    const apart = Math.hypot(...Array.from({ length: width }, (_, j) => nearest[i * width + j]! - x[i * width + j]!));
    assert.ok(Math.abs(apart - distances[i]!) < 1e-5 * apart);
  }
});

walk('keeps to the questions it may ask about each row, and asks one about a row that is wrong', async () => {
  const x = rows(7, 25);
  const { labels, asked } = twoClasses(plane);
  const y = (await labels(x)).map((label, i) => (i < 5 ? 1 - label : label));
  const before = asked();
  const { queries, distances } = await boundaryWalk({
    ...{ labels, x, y, width, queries: 300, rng: Rng.from(8) },
    starts: rows(9, 50),
  });
  assert.equal([...queries.subarray(0, 5)], [1, 1, 1, 1, 1]);
  assert.equal([...distances.subarray(0, 5)], [0, 0, 0, 0, 0]);
  assert.ok(queries.every((q) => q <= 300));
  assert.ok(queries.subarray(5).every((q) => q > 200));
  assert.is(asked() - before, queries.reduce((a, b) => a + b) + 50);
});

walk('the same seed gives the same distances', async () => {
  const x = rows(1, 10);
  const { labels } = twoClasses(ball);
  const y = await labels(x);
  const run = (seed: number) =>
    boundaryWalk({
      ...{ labels, x, y, width, queries: 200, rng: Rng.from(seed) },
      starts: rows(2, 50).map((v) => 2 * v),
    });
  assert.equal([...(await run(1)).distances], [...(await run(1)).distances]);
  assert.is.not(String((await run(1)).distances), String((await run(2)).distances));
});

walk('without a start of another class there is no distance', async () => {
  const x = rows(1, 3);
  const { labels } = twoClasses(() => 1);
  const { distances, nearest } = await boundaryWalk({
    ...{ labels, x, y: Int32Array.of(1, 1, 0), width, queries: 100, rng: Rng.from(1) },
    starts: rows(2, 5),
  });
  assert.equal([...distances], [Infinity, Infinity, 0]);
  assert.equal([...nearest], [...x]);
});

walk('stays within the bounds of a valid input', async () => {
  const x = rows(1, 10).map((v) => Math.max(-1, Math.min(1, v)));
  let outside = 0;
  const { labels } = twoClasses((row) => {
    outside = Math.max(outside, ...row.map(Math.abs));
    return plane(row);
  });
  const y = await labels(x);
  const starts = rows(2, 50).map((v) => Math.max(-1, Math.min(1, v)));
  await boundaryWalk({ labels, x, y, width, starts, queries: 300, bounds: [-1, 1], rng: Rng.from(1) });
  assert.ok(outside <= 1);
});

walk('fewer questions than one way to the boundary takes are refused, and the signal stops it', async () => {
  const x = rows(1, 3);
  const { labels } = twoClasses(plane);
  const o = { labels, x, y: await labels(x), width, starts: rows(2, 20), rng: Rng.from(1) };
  const error = await rejectsError(
    () => boundaryWalk({ ...o, queries: 7 }),
    ConfigError,
    /expected at least 8 queries for each row, got 7/,
  );
  assert.is(error.path, 'queries');
  const signal = AbortSignal.abort(new RangeError('stop'));
  await rejectsError(() => boundaryWalk({ ...o, queries: 100, signal }), RangeError, /stop/);
});

walk('asks a target that remembers arrays about every point anew', async () => {
  const seen = new WeakSet<object>();
  const target = functionTarget({
    inputShape: [width],
    classes: 2,
    predict: (x) => {
      assert.not(seen.has(x), 'the same array again');
      seen.add(x);
      return Float64Array.from({ length: (2 * x.length) / width }, (_, at) => {
        const one = plane(x.subarray(Math.floor(at / 2) * width, Math.floor(at / 2 + 1) * width)) > 0;
        return one === (at % 2 === 1) ? 1 : 0;
      });
    },
  });
  const x = rows(1, 4);
  const y = argmaxRows(await target.probabilities(x), 2);
  const labels = (q: Samples) => target.labels(q);
  await boundaryWalk({ labels, x, y, width, starts: rows(2, 20), queries: 120, rng: Rng.from(1) });
});

const noise = suite('distance from labels under noise');

noise('is that of a plane, up to the chance of the draws', async () => {
  const n = 200;
  const x = rows(11, n);
  const { labels } = twoClasses(plane);
  const y = await labels(x);
  const got = await noiseDistances({
    ...{ labels, x, y, width, queries: 401, rng: Rng.from(1) },
    scales: [0.25, 0.5, 1, 2],
  });
  let error = 0;
  for (let i = 0; i < n; i++) {
    const truth = Math.abs(plane(x.subarray(i * width, (i + 1) * width)));
    error += Math.abs(got[i]! - truth) / n;
  }
  // At distance r the answers at scale s tell u = r / s with a standard error of sqrt(Phi(u) Phi(-u) / 100) / phi(u) >= 0.125;
  // the scale with u nearest to 0.7 has s of at most 1 here, so an error of about 0.14 s on average, and 0.2 with its bias
  assert.ok(error < 0.15, `mean error ${error}`);
});

noise('is 0 for a wrong row, and grows with the distance', async () => {
  const { labels } = twoClasses((row) => row[0]!);
  const x = new Float32Array(5 * width);
  for (const [i, v] of [-0.2, 0.2, 0.5, 1, 2].entries()) x[i * width] = v;
  const got = await noiseDistances({
    ...{ labels, x, y: new Int32Array(5).fill(1), width, queries: 201, rng: Rng.from(2) },
    scales: [0.25, 0.5, 1, 2],
  });
  assert.is(got[0], 0);
  for (let i = 1; i < 5; i++) assert.ok(got[i]! > got[i - 1]!, `${got}`);
});

noise('asks as often as it may', async () => {
  const { labels, asked } = twoClasses(plane);
  const x = rows(1, 10);
  const y = await labels(x);
  await noiseDistances({ labels, x, y, width, queries: 34, scales: [1, 2, 3, 4], rng: Rng.from(1) });
  assert.is(asked(), 10 + 10 + 10 * 32);
});
