/** Rows for the audit of somebody else's model, from the files that people have. */
import { makeRecords, readRecords, recordsDigest, writeNpy, writeNpz } from '../../data/index.ts';
import { ConfigError, FormatError } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { rejectsError, throwsError } from '../support/throws.ts';

const test = suite('records');
const x = { shape: [2, 1, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) };
const y = { shape: [2], data: Int32Array.of(1, 0) };
const text = (csv: string) => ({ name: 'rows.csv', bytes: new TextEncoder().encode(csv) });
const npz = (arrays: Parameters<typeof writeNpz>[0]) => ({ name: 'rows.npz', bytes: writeNpz(arrays) });
const npy = (name: string, array: Parameters<typeof writeNpy>[0]) => ({ name, bytes: writeNpy(array) });

test('npz with and without labels, npy pairs, CSV: the same rows', async () => {
  const read = await readRecords([npz({ x, y })]);
  assert.equal([read.size, read.shape, [...read.x], [...read.y!]], [2, [1, 3], [1, 2, 3, 4, 5, 6], [1, 0]]);
  assert.is((await readRecords([npz({ x })])).y, null);
  assert.equal((await readRecords([npz({ images: x })])).shape, [1, 3], 'an only array needs no name');
  assert.equal({ ...(await readRecords([npy('a.npy', x), npy('b.npy', y)])), name: read.name }, read);
  const table = await readRecords([text('a,b,c,Label\n1,2,3,1\n4,5,6,0\n')]);
  assert.equal([table.shape, [...table.x], [...table.y!]], [[3], [...read.x], [1, 0]]);
  const named = await readRecords([text('kind,b,c\n1,2,3\n0,5,6\n')], { label: 'kind' });
  assert.equal(
    [[...named.x], [...named.y!]],
    [
      [2, 3, 5, 6],
      [1, 0],
    ],
  );
  assert.is((await readRecords([text('1,2\n3,4\n')])).y, null, 'no header, no labels');
});

test('bytes stay what they are: nothing is scaled', async () => {
  const bytes = { shape: [1, 2, 2], data: Uint8Array.of(0, 127, 255, 3) };
  assert.equal([...(await readRecords([npz({ x: bytes })])).x], [0, 127, 255, 3]);
});

test('the digest follows from the content, not from names', async () => {
  const make = (name: string, first: number) => makeRecords({ name, shape: [2], x: [first, 2], y: [0] });
  const digests = await Promise.all([[make('a', 1)], [make('b', 1)], [make('a', 2)]].map(recordsDigest));
  assert.is(digests[0], digests[1]);
  assert.not.equal(digests[0], digests[2]);
  assert.not.equal(await recordsDigest([{ ...make('a', 1), y: null }]), digests[0]);
});

test('what cannot be used is named', async () => {
  const column = text('a,b,label\n1,red,0\n2,3,1\n');
  await rejectsError(
    () => readRecords([column]),
    FormatError,
    /rows\.csv, line 2, column 'b': expected a number.*got 'red'/,
  );
  await rejectsError(() => readRecords([text('a,b\n1,\n2,3\n')]), FormatError, /line 2, column 'b'.*got ''/);
  await rejectsError(
    () => readRecords([column], { label: 'c' }),
    ConfigError,
    /expected a column 'c', found a, b, label/,
  );
  await rejectsError(() => readRecords([npz({ a: x, b: y })]), ConfigError, /expected an array 'x'.*found a, b/);
  await rejectsError(
    () => readRecords([npz({ x: y })]),
    FormatError,
    /x of at least two axes \[n, \.\.\.\], got \[2\]/,
  );
  const oneHot = { shape: [2, 2], data: Int32Array.of(1, 0, 0, 1) };
  await rejectsError(
    () => readRecords([npz({ x, y: oneHot })]),
    FormatError,
    /one axis \[n\], got \[2, 2\]\. Use argmax/,
  );
  for (const [rows, labels, message] of [
    [[1, 2, 3], [0], /expected rows of \[2\] = 2 numbers, got 3/],
    [[1, Number.NaN], [0], /row 0: expected finite numbers, got NaN/],
    [[1, 2], [0.5], /y, row 0: expected a whole number from 0, got 0\.5/],
    [[1, 2], [0, 1], /expected a label for each of 1 rows, got 2/],
  ] as const)
    throwsError(() => makeRecords({ name: 'r', shape: [2], x: rows, y: labels }), FormatError, message);
});
