import { encodeTable, readCsv, type TableOptions, type TableSchema } from '../../../data/index.ts';
import { assert, suite } from '../../harness.ts';
import { refuses, throwsConfig } from '../throws.ts';

const test = suite('table encoding');

const csv = (text: string, file = 'f.csv') => readCsv(new TextEncoder().encode(text), file);
const encode = (text: string, options?: TableOptions) => encodeTable([csv(text)], options);
const columns = (encoded: { schema: unknown }) => (encoded.schema as TableSchema).columns;

test('numeric, binary and categorical columns', () => {
  const encoded = encode('age,job,member,label\n30,cook,1,yes\n40.5,?,0,no\n-1e1,actor,1,yes', { immutable: ['age'] });
  assert.equal(columns(encoded), [
    { name: 'age', feature: 0, immutable: true, kind: 'numeric', width: 1, bounds: [-10, 40.5], missing: 0 },
    { name: 'job', feature: 1, immutable: false, kind: 'categorical', width: 3, categories: ['?', 'actor', 'cook'] },
    { name: 'member', feature: 4, immutable: false, kind: 'binary', width: 1 },
  ]);
  assert.equal(encoded.inputShape, [5]);
  assert.equal(encoded.x, Float32Array.of(30, 0, 0, 1, 1, 40.5, 1, 0, 0, 0, -10, 0, 1, 0, 1));
  assert.equal(encoded.classNames, ['no', 'yes']);
  assert.equal(encoded.y, Int32Array.of(1, 0, 1));
});

test('the label: asked for, named so, or last', () => {
  const classNames = (text: string, options?: TableOptions) => encode(text, options).classNames;
  assert.equal(classNames('a,Class,b\n1,x,5\n2,y,6'), ['x', 'y']);
  assert.equal(classNames('a,b,c\n1,x,5\n2,y,6'), ['5', '6']);
  assert.equal(classNames('a,b,c\n1,x,5\n2,y,6', { label: 'b' }), ['x', 'y']);
  assert.equal(classNames('a,b,c\n1,x,5\n2,y,6', { label: 0 }), ['1', '2']);
  assert.equal(classNames('a,b,c\n1,x,5\n2,y,6', { label: -2 }), ['x', 'y']);
});

test('numbers as classes are in order of size', () => {
  assert.equal(encode('1,10\n2,9\n3,2').classNames, ['2', '9', '10']);
});

test('columns can be left out, or be taken as categories', () => {
  const encoded = encode('id,zip,y\n1,10,0\n2,20,1\n3,10,0', { ignore: ['id'], categorical: ['zip'] });
  assert.equal(columns(encoded), [
    { name: 'zip', feature: 0, immutable: false, kind: 'categorical', width: 2, categories: ['10', '20'] },
  ]);
  assert.equal(encoded.x, Float32Array.of(1, 0, 0, 1, 1, 0));
});

test('missing numbers: refused, dropped, or left for a transform', async () => {
  const text = 'a,y\n1,0\n?,1\n3,0\n,1\n5,1';
  await refuses(
    () => encode(text),
    "f.csv, line 3, column 'a': expected a number, got '?' (missing). Say missing: 'drop' to leave such rows out, or 'mean' to fill in the training rows' mean.",
  );
  const dropped = encode(text, { missing: 'drop' });
  assert.equal(dropped.x, Float32Array.of(1, 3, 5));
  assert.equal(dropped.y, Int32Array.of(0, 0, 1));
  const mean = encode(text, { missing: 'mean' });
  assert.is(mean.x.join(), '1,NaN,3,NaN,5');
  assert.is((columns(mean)[0] as { missing: number }).missing, 2);
});

test('a few cells of text in a numeric column are faults, many make it categorical', async () => {
  const rows = Array.from({ length: 20 }, (_, i) => `${i},${i % 2}`);
  rows[7] = 'x,1';
  await refuses(
    () => encode(`a,y\n${rows.join('\n')}`),
    "f.csv, line 9, column 'a': expected a finite number that fits 32 bits, as in the rest of the column, got 'x'. Mend the cell, or list the column under categorical or ignore.",
  );
  assert.is(columns(encode('a,y\n1,0\nx,1\nz,0'))[0]!.kind, 'categorical');
});

test('NaN, infinity and numbers beyond 32 bits are refused with their place', async () => {
  for (const cell of ['NaN', '-inf', 'Infinity', '1e39', '1e999'])
    await refuses(() => encode(`a,y\n1,0\n${cell},1`), new RegExp(`^f.csv, line 3, column 'a': .*got '${cell}'`));
});

test('several files: same columns, counts and places per file', async () => {
  const both = encodeTable([csv('a,y\n1,0\n2,1', 'one'), csv('a,y\n3,1', 'two')]);
  assert.equal(both.rowsOf, [2, 1]);
  assert.equal(both.x, Float32Array.of(1, 2, 3));
  await refuses(() => encodeTable([csv('a,y\n1,0\n2,1', 'one'), csv('a,y\ninf,1', 'two')]), /^two, line 2, column 'a'/);
  await refuses(
    () => encodeTable([csv('1,0', 'one'), csv('1,0,2', 'two')]),
    'two: expected 2 columns as in one, got 3.',
  );
});

test('labels that cannot be', async () => {
  await refuses(
    () => encode('a,y\n1,0\n2,?'),
    "f.csv, line 3, column 'y': expected a label, got '?'. Every row needs one.",
  );
  await refuses(
    () => encode('a,y\n1,0\n2,0'),
    "f.csv, column 'y': expected a label with 2 to 1000 classes, got 1. Name the label column: label.",
  );
  await refuses(() => encode('y\n1\n2'), /expected at least one column beside the label 'y'/);
  throwsConfig(() => encode('a,y\n1,0\n2,1', { label: 'z' }), 'f.csv: expected a label column among a, y, got z.');
  throwsConfig(
    () => encode('a,y\n1,0\n2,1', { ignore: ['z'] }),
    "f.csv: ignore names the column 'z', expected some of a, y.",
  );
});

test('a column of names is not one-hot encoded by accident', async () => {
  const rows = Array.from({ length: 30 }, (_, i) => `name${i},${i % 2}`);
  await refuses(
    () => encode(`who,y\n${rows.join('\n')}`, { maxCategories: 20 }),
    "f.csv, column 'who': expected at most 20 categories, got 30. Leave it out (ignore), or raise maxCategories.",
  );
});
