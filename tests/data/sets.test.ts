import { gzipSync, zipSync } from 'fflate';
import { packTar } from 'modern-tar';
import { loadSet, SETS, type TableSchema, take, writeNpz } from '../../data/index.ts';
import { Rng } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { memorySource } from './memory-source.ts';
import { refuses, rejectsConfig } from './throws.ts';

const test = suite('sets by name');

const utf8 = (text: string) => new TextEncoder().encode(text);
const u32 = (n: number) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
const idxImages = (count: number, base: number) =>
  Uint8Array.of(
    0,
    0,
    8,
    3,
    ...u32(count),
    ...u32(2),
    ...u32(2),
    ...Array.from({ length: 4 * count }, (_, i) => base + i),
  );
const idxLabels = (...labels: number[]) => Uint8Array.of(0, 0, 8, 1, ...u32(labels.length), ...labels);

const IDX = {
  'train-images-idx3-ubyte': idxImages(3, 0),
  'train-labels-idx1-ubyte': idxLabels(7, 1, 2),
  't10k-images-idx3-ubyte': idxImages(1, 100),
  't10k-labels-idx1-ubyte': idxLabels(9),
};

test('every set says what it is', () => {
  for (const [name, set] of Object.entries(SETS)) {
    assert.is(set.name, name);
    for (const key of ['title', 'licence', 'citation', 'home'] as const)
      assert.ok(set[key].length > 2, `${name}: ${key}`);
    for (const file of set.files) {
      assert.ok(file.urls.length > 0 && file.holds.length > 0);
      for (const url of file.urls) assert.match(url, /^https?:\/\//);
      for (const { sha256 } of file.holds) if (sha256 !== undefined) assert.match(sha256, /^[0-9a-f]{64}$/);
    }
  }
});

test('IDX sets: loose, gzipped, nested, in a zip, with dots in the names', async () => {
  const packed = Object.fromEntries(
    Object.entries(IDX).map(([name, bytes]) => [`MNIST/raw/${name}.gz`, gzipSync(bytes)]),
  );
  const dotted = Object.fromEntries(Object.entries(IDX).map(([name, bytes]) => [name.replace('-idx', '.idx'), bytes]));
  const sources = [IDX, packed, dotted, { 'mnist.zip': zipSync(packed) }];
  const loaded = await Promise.all(
    sources.map((files) => loadSet('mnist', { source: memorySource(files), verify: false })),
  );
  const [first] = loaded;
  assert.equal(first!.inputShape, [2, 2, 1]);
  assert.equal(first!.split, { train: 3 });
  assert.equal(first!.x, Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 100, 101, 102, 103));
  assert.equal(first!.y, Int32Array.of(7, 1, 2, 9));
  assert.is(new Set(loaded.map((dataset) => dataset.sha256)).size, 1);
});

test('a file that is not there: what was expected, what is there, how to get it', async () => {
  const { 't10k-labels-idx1-ubyte': _, ...rest } = IDX;
  await rejectsConfig(
    () => loadSet('mnist', { source: memorySource(rest), verify: false }),
    'mnist: expected t10k-labels-idx1-ubyte (or t10k-labels-idx1-ubyte.gz) in memory, found train-images-idx3-ubyte, train-labels-idx1-ubyte, ' +
      't10k-images-idx3-ubyte. Fetch it with `keyhole data get mnist`, or name the folder that has it.',
  );
  await rejectsConfig(
    () => loadSet('cifar10', { source: memorySource({}) }),
    /expected data_batch_1.bin .* or cifar-10-binary.tar.gz in memory, found nothing/,
  );
});

test('a wrong checksum is refused, unless the user says so', async () => {
  const error = await refuses(
    () => loadSet('mnist', { source: memorySource(IDX) }),
    /^memory\/train-images-idx3-ubyte: expected train-images-idx3-ubyte with SHA-256 ba8910.* and 47040016 bytes, got 28, got SHA-256 .*verify: false/,
  );
  assert.is(error.file, 'memory/train-images-idx3-ubyte');
});

test('labels and images that do not belong together', async () => {
  const files = { ...IDX, 'train-labels-idx1-ubyte': idxLabels(1, 2) };
  await refuses(
    () => loadSet('mnist', { source: memorySource(files), verify: false }),
    /mnist: expected 3 rows of \[2,2,1\] = 12 values, got 16/,
  );
});

test('an archive without a file says which', async () => {
  const tar = await packTar([{ header: { name: 'x/data_batch_1.bin', size: 3073 }, body: new Uint8Array(3073) }]);
  await refuses(
    () => loadSet('cifar10', { source: memorySource({ 'cifar-10-binary.tar.gz': gzipSync(tar) }), verify: false }),
    'memory/cifar-10-binary.tar.gz: expected an archive with data_batch_2.bin in it, found none. Is it the right archive? Fetch cifar-10-binary.tar.gz again.',
  );
});

test('adult: the extra line, the full stops and the question marks', async () => {
  const row = (age: number, work: string, sex: string, label: string) =>
    `${age}, ${work}, 77516, Bachelors, 13, Never-married, Adm-clerical, Not-in-family, White, ${sex}, 2174, 0, 40, United-States, ${label}\n`;
  const source = memorySource({
    'adult.data': utf8(`${row(39, 'State-gov', 'Male', '<=50K')}${row(50, '?', 'Female', '>50K')}\n`),
    'adult.test.gz': gzipSync(utf8(`|1x3 Cross validator\n${row(25, 'Private', 'Male', '<=50K.')}\n`)),
  });
  const dataset = await loadSet('adult', { source, verify: false });
  assert.equal(dataset.split, { train: 2 });
  assert.equal(dataset.classNames, ['<=50K', '>50K']);
  assert.equal(dataset.y, Int32Array.of(0, 1, 0));
  const { columns } = dataset.schema as TableSchema;
  assert.equal(columns[1], {
    name: 'workclass',
    feature: 1,
    immutable: false,
    kind: 'categorical',
    width: 3,
    categories: ['?', 'Private', 'State-gov'],
  });
  assert.equal(
    columns.filter((c) => c.immutable).map((c) => c.name),
    ['age', 'race', 'sex', 'native-country'],
  );
});

test('csv: the only file, options passed on', async () => {
  const source = memorySource({
    'notes.md': utf8('x'),
    'people.csv.gz': gzipSync(utf8('id,age,ill\n1,30,no\n2,40,yes\n')),
  });
  const dataset = await loadSet('csv', { source, options: { ignore: ['id'] } });
  assert.is(dataset.title, 'people.csv.gz');
  assert.equal(dataset.x, Float32Array.of(30, 40));
  const two = memorySource({ 'a.csv': utf8('1,0\n2,1'), 'b.csv': utf8('3,0\n4,1') });
  await rejectsConfig(
    () => loadSet('csv', { source: two }),
    'expected exactly one file in memory that looks like a CSV file, found a.csv, b.csv. Name it: file.',
  );
  assert.equal((await loadSet('csv', { source: two, options: { file: 'b.csv' } })).x, Float32Array.of(3, 4));
  await rejectsConfig(
    () => loadSet('csv', { source: two, options: { file: 'c.csv' } }),
    'expected a file memory/c.csv, there is none.',
  );
});

test('npz: images and tables', async () => {
  const y = { shape: [2], data: Int32Array.of(0, 2) };
  const load = (x: Parameters<typeof writeNpz>[0][string]) =>
    loadSet('npz', { source: memorySource({ 'd.npz': writeNpz({ x, y }) }) });
  const pictures = await load({ shape: [2, 1, 2], data: Uint8Array.of(0, 51, 102, 255) });
  assert.equal([pictures.inputShape, pictures.classes, pictures.bounds], [[1, 2, 1], 3, [0, 1]]);
  assert.equal(take(pictures, [1]).x, Float32Array.of(0.4, 1));
  const table = await load({ shape: [2, 2], data: Float64Array.of(1, -2, 3, 4) });
  assert.equal([table.inputShape, table.bounds], [[2], [-2, 4]]);
  await refuses(
    () => load({ shape: [2, 2], data: Float64Array.of(1, 2, 3, Number.NaN) }),
    'npz, row 1, column 1: expected a finite number, got NaN.',
  );
  await refuses(
    () => load({ shape: [3, 1], data: Uint8Array.of(1, 2, 3) }),
    'memory/d.npz: expected x [2, ...] to go with 2 labels, got [3,1].',
  );
  const unnamed = memorySource({ 'd.npz': writeNpz({ data: y }) });
  await rejectsConfig(
    () => loadSet('npz', { source: unnamed }),
    "memory/d.npz: expected an array 'y', found data. Name it: y.",
  );
});

test('synthetic sets repeat with the seed and follow their options', async () => {
  for (const name of Object.keys(SETS).filter((set) => SETS[set]!.kind === 'synthetic')) {
    const load = (seed: number) => loadSet(name, { rng: Rng.from(seed), options: { rows: 40 } });
    const [a, b, c] = await Promise.all([load(1), load(1), load(2)]);
    assert.is(a!.size, 40);
    assert.is(a!.sha256, b!.sha256);
    assert.not.equal(a!.sha256, c!.sha256);
  }
});

test('synthetic-blobs: rows lie around their class centre', async () => {
  const { x, y } = await loadSet('synthetic-blobs', {
    rng: Rng.from(5),
    options: { rows: 3000, features: 2, classes: 3, separation: 10, spread: 0.5 },
  });
  for (let c = 0; c < 3; c++) {
    const values = Array.from(y.keys())
      .filter((i) => y[i] === c)
      .map((i) => x[2 * i]!);
    const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
    const std = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
    assert.is(values.length, 1000);
    assert.ok(Math.abs(std - 0.5) < 0.05, `std ${std}`);
  }
});

test('synthetic-linear: a margin separates, label noise mixes', async () => {
  const options = { rows: 500, features: 5, margin: 0.5 };
  const clean = await loadSet('synthetic-linear', { rng: Rng.from(6), options });
  const noisy = await loadSet('synthetic-linear', { rng: Rng.from(6), options: { ...options, labelNoise: 0.2 } });
  assert.equal(clean.x, noisy.x);
  const flipped = clean.y.filter((label, i) => label !== noisy.y[i]).length;
  assert.ok(flipped > 60 && flipped < 140, `${flipped} of 500`);
  assert.ok(Math.abs(clean.y.reduce((sum, label) => sum + label, 0) - 250) < 60);
});

test('synthetic-images: classes differ more than rows of one class', async () => {
  const { x, y, inputShape } = await loadSet('synthetic-images', {
    rng: Rng.from(7),
    options: { rows: 60, classes: 3, size: 8, shift: 0, noise: 10 },
  });
  assert.equal(inputShape, [8, 8, 1]);
  const distance = (a: number, b: number) =>
    Math.sqrt(Array.from({ length: 64 }, (_, j) => (x[a * 64 + j]! - x[b * 64 + j]!) ** 2).reduce((s, d) => s + d, 0));
  assert.is(y[0], y[3]);
  assert.ok(distance(0, 1) > 2 * distance(0, 3), `${distance(0, 1)} ${distance(0, 3)}`);
});
