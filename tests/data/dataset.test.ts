import { encodeTable, readCsv } from '../../data/formats/index.ts';
import { examples, fitStandardiser, loadSet, makeDataset, take, withTransform } from '../../data/index.ts';
import { Rng } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { refuses, rejectsConfig, throwsConfig } from './throws.ts';

const test = suite('dataset');

const about = { name: 'tiny', title: 'tiny', licence: 'none', source: 'none' };
const utf8 = (text: string) => new TextEncoder().encode(text);

function images(x = Uint8Array.of(0, 255, 51, 102), y = Int32Array.of(0, 1)) {
  const schema = { kind: 'image', channels: ['grey'], range: [0, 255] } as const;
  return makeDataset({ ...about, inputShape: [1, 2, 1], classNames: ['a', 'b'], schema, x, y });
}

function table(text: string, options = {}) {
  const { rowsOf: _, ...encoded } = encodeTable([readCsv(utf8(text), 'tiny.csv')], options);
  return makeDataset({ ...about, ...encoded });
}

test('images are taken as f32 in 0 .. 1, in the order asked for', async () => {
  const dataset = await images();
  assert.equal(dataset.bounds, [0, 1]);
  const { x, y } = take(dataset, [1, 0, 1]);
  assert.equal(x, Float32Array.of(51 / 255, 102 / 255, 0, 1, 51 / 255, 102 / 255));
  assert.equal(y, Int32Array.of(1, 0, 1));
  assert.is(take(dataset, []).x.length, 0);
});

test('an index out of range is refused', async () => {
  const dataset = await images();
  throwsConfig(() => take(dataset, [0, 2]), 'take: expected row indices in 0 .. 1 of tiny, got 2 at place 1.');
  throwsConfig(() => take(dataset, [0.5]), /got 0.5 at place 0/);
});

test('the checksum follows the content', async () => {
  const sums = await Promise.all([
    images(),
    images(),
    images(Uint8Array.of(0, 255, 51, 103)),
    images(Uint8Array.of(0, 255, 51, 102), Int32Array.of(1, 1)),
  ]);
  const [a, b, c, d] = sums.map((dataset) => dataset.sha256);
  assert.match(a!, /^[0-9a-f]{64}$/);
  assert.is(a, b);
  assert.is(new Set([a, c, d]).size, 3);
});

test('sizes, labels and values are checked', async () => {
  await refuses(() => images(Uint8Array.of(1, 2, 3)), 'tiny: expected 2 rows of [1,2,1] = 4 values, got 3.');
  await refuses(() => images(undefined, Int32Array.of(0, 2)), 'tiny, row 1: expected a label in 0 .. 1, got 2.');
  await refuses(() => images(new Uint8Array(0), new Int32Array(0)), 'tiny: expected at least one row, got none.');
  const schema = {
    kind: 'table',
    columns: [{ name: 'age', kind: 'binary', feature: 0, width: 1, immutable: false }],
  } as const;
  const parts = { ...about, inputShape: [1], classNames: ['a'], schema, y: Int32Array.of(0, 0) };
  await refuses(
    () => makeDataset({ ...parts, x: Float32Array.of(1, Number.NaN) }),
    'tiny, row 1, age: expected a finite number, got NaN.',
  );
  await refuses(
    () => makeDataset({ ...parts, x: Float32Array.of(Number.POSITIVE_INFINITY, 1) }),
    'tiny, row 0, age: expected a finite number, got Infinity.',
  );
});

test('a standardiser is fitted on the rows given, and on numeric columns only', async () => {
  const dataset = await table('age,sex,y\n10,m,0\n20,f,1\n30,m,0\n1000,f,1');
  assert.equal(dataset.bounds, [0, 1000]);
  const fitted = withTransform(dataset, fitStandardiser(dataset, [0, 1, 2]));
  const { x } = take(fitted, [0, 1, 2, 3]);
  // mean 20, population standard deviation sqrt(200 / 3); one-hot columns f, m untouched
  const s = Math.sqrt(200 / 3);
  const expected = [-10 / s, 0, 1, 0, 1, 0, 10 / s, 0, 1, 980 / s, 1, 0];
  assert.equal(x, Float32Array.from(expected));
  assert.equal(fitted.bounds, [Math.fround(-10 / s), Math.fround(980 / s)]);
  assert.is(take(dataset, [3]).x[0], 1000);
});

test('a constant column is only shifted, a binary one left alone', async () => {
  const dataset = await table('a,b,y\n5,0,0\n5,1,1\n5,1,1');
  const { x } = take(withTransform(dataset, fitStandardiser(dataset, [0, 1, 2])), [0, 1]);
  assert.equal(x, Float32Array.of(0, 0, 0, 1));
});

test('missing cells become the mean of the rows that were fitted', async () => {
  const dataset = await table('a,y\n1,0\n?,1\n3,0\n100,1', { missing: 'mean' });
  throwsConfig(() => take(dataset, [1]), /take: row 1 of tiny has no value for 'a'/);
  const { x } = take(withTransform(dataset, fitStandardiser(dataset, [0, 1, 2])), [0, 1, 2]);
  assert.equal(x, Float32Array.of(-1, 0, 1));
});

test('what cannot be fitted is refused', async () => {
  const dataset = await table('a,y\n1,0\n2,1');
  throwsConfig(() => fitStandardiser(dataset, []), /expected at least one row, got none/);
  const pictures = await images();
  throwsConfig(() => fitStandardiser(pictures, [0]), /expected a table, got the images tiny/);
});

test('a synthetic set without a generator is that of seed 0', async () => {
  const [one, other] = [await loadSet('synthetic-blobs'), await loadSet('synthetic-blobs', { rng: Rng.from(0) })];
  assert.is(one.sha256, other.sha256);
});

test('unknown sets and options name what there is', async () => {
  await rejectsConfig(() => loadSet('cifar'), /data set 'cifar': expected one of digits, mnist, .*cifar10/);
  await rejectsConfig(() => loadSet('constructor'), /expected one of digits/);
  await rejectsConfig(
    () => loadSet('digits', { options: { rows: 3 } }),
    /digits: option 'rows': expected never, got "rows"|has no options/,
  );
  await rejectsConfig(
    () => loadSet('synthetic-blobs', { options: { rows: -1 } }),
    /synthetic-blobs: option 'rows': expected >=1, got -1. Options of synthetic-blobs: rows, features/,
  );
  await rejectsConfig(() => loadSet('mnist'), /mnist: expected files, got none/);
});

test('rows can be written into arrays that are there already, f64 too', async () => {
  const rows = examples(await images(), Int32Array.of(1, 0));
  const fresh = rows.take([1, 0, 1]);
  for (const x of [new Float32Array(fresh.x.length), new Float64Array(fresh.x.length)]) {
    const into = { x, y: new Int32Array(3) };
    assert.is(rows.take([1, 0, 1], into), into);
    assert.equal([...x], [...fresh.x]);
    assert.equal(into.y, fresh.y);
  }
});
