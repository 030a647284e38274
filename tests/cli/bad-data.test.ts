import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'fflate';
import { writeNpz } from '../../data/index.ts';
import { assert, suite } from '../harness.ts';
import { HEADER, tableRows, writeCsv } from './csv.ts';
import { cleanEnv, inFolder, inProcess, refused } from './support.ts';

const test = suite('command line: bad data');

/** Audits a file that a test has spoiled; nothing may be written. */
async function auditOf(folder: string, args: readonly string[]) {
  const out = join(folder, 'out');
  const result = await inProcess(['audit', '--quiet', '--epochs', '1', '--out', out, ...args], {
    env: cleanEnv(folder),
  });
  assert.not.ok(existsSync(out), 'the output folder was left behind');
  return result;
}

type Spoil = (rows: string[][]) => string[][];
/** The table with another cell in row 7, which is line 9 of the file. */
const cell =
  (text: string): Spoil =>
  (rows) =>
    rows.with(7, rows[7]!.with(1, text));

const tables: readonly [name: string, code: number, spoil: Spoil, message: RegExp][] = [
  [
    'a ragged row',
    1,
    (rows) => rows.with(7, rows[7]!.slice(1)),
    /rows\.csv, line 9: expected 5 fields as in the first row, got 4/,
  ],
  [
    'a cell that is no number',
    1,
    cell('abc'),
    /rows\.csv, line 9, column 'b': expected a finite number.*got 'abc'.*--data-option ignore=VALUE/,
  ],
  ['NaN', 1, cell('NaN'), /line 9, column 'b': expected a finite number.*got 'NaN'/],
  ['infinity', 1, cell('inf'), /line 9, column 'b': expected a finite number.*got 'inf'/],
  ['a missing cell', 1, cell(''), /got '' \(missing\).*--data-option missing=VALUE/],
  [
    'one class only',
    1,
    (rows) => rows.map((row) => row.with(4, 'same')),
    /expected a label with 2 to 1000 classes, got 1/,
  ],
  ['too few rows', 2, (rows) => rows.slice(0, 10), /expected at least 20 rows, got 10/],
];

for (const [name, code, spoil, message] of tables) {
  test(`CSV with ${name}`, () =>
    inFolder(async (folder) => {
      const path = writeCsv(folder, 'rows.csv', spoil(tableRows(150)));
      refused(await auditOf(folder, ['--data', path]), code, message);
    }));
}

test('CSV with an unknown label, too few rows for an attack, and no file at all', () =>
  inFolder(async (folder) => {
    const path = writeCsv(folder, 'rows.csv', tableRows(150));
    const label = await auditOf(folder, ['--data', path, '--label', 'lable']);
    refused(label, 2, /expected a label column among a, b, c, d, label, got lable\. Did you mean 'label'\?/);
    const few = writeCsv(folder, 'few.csv', tableRows(40));
    const attack = await auditOf(folder, ['--data', few, '--attacks', 'loss,shadow-logistic']);
    refused(
      attack,
      2,
      /shadow-logistic needs a shadow model with at least 25 members .* got 10\. Give more data, or a smaller --train-size\. Or leave it out/,
    );
    refused(await auditOf(folder, ['--data', join(folder, 'none.csv')]), 2, /none\.csv: expected a folder or a file/);
  }));

test('files that are something else', () =>
  inFolder(async (folder) => {
    const file = (name: string, content: string | Uint8Array) => {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    };
    const audit = (name: string, content: string | Uint8Array) => auditOf(folder, ['--data', file(name, content)]);
    refused(await audit('page.csv', '<!DOCTYPE html><html></html>'), 1, /page\.csv: expected a CSV file, got an HTML/);
    refused(await audit('empty.csv', ''), 1, /empty\.csv: expected a CSV file, got an empty file/);
    refused(await audit('binary.csv', Uint8Array.of(80, 75, 3, 4, 0, 0)), 1, /a zero byte at 4.*export it as CSV/);
    const zipped = gzipSync(new TextEncoder().encode('a,b\n1,2\n'.repeat(99)));
    refused(await audit('cut.csv.gz', zipped.subarray(0, zipped.length - 9)), 1, /cut\.csv\.gz: expected a gzip/);
    refused(await audit('not.npz', 'hello'), 1, /not\.npz: expected/);
  }));

test('NumPy archives: NaN, one class, the wrong arrays', () =>
  inFolder(async (folder) => {
    const n = 60;
    const y = Int32Array.from({ length: n }, (_, i) => i % 2);
    const x = Float32Array.from({ length: n * 2 }, (_, i) => i);
    const audit = (name: string, arrays: Parameters<typeof writeNpz>[0]) => {
      writeFileSync(join(folder, name), writeNpz(arrays));
      return auditOf(folder, ['--data', join(folder, name)]);
    };
    const matrix = { shape: [n, 2], data: x };
    const labels = { shape: [n], data: y };
    const nan = { shape: [n, 2], data: x.map((value, i) => (i === 9 ? Number.NaN : value)) };
    refused(await audit('nan.npz', { x: nan, y: labels }), 1, /row 4, column 1: expected a finite number, got NaN/);
    refused(
      await audit('one.npz', { x: matrix, y: { shape: [n], data: y.map(() => 0) } }),
      1,
      /of at least two classes/,
    );
    refused(await audit('names.npz', { images: matrix, y: labels }), 2, /expected an array 'x', found images, y/);
  }));

test('public sets: missing, cut off, altered, a page in their place', () =>
  inFolder(async (folder) => {
    const check = (name: string, path: string) =>
      inProcess(['data', 'check', name, '--path', path, '--json'], { env: cleanEnv(folder) });
    const file = (name: string, content: string | Uint8Array) => writeFileSync(join(folder, name), content);
    refused(
      await check('mnist', folder),
      2,
      /mnist: expected train-images-idx3-ubyte .* found nothing.*data get mnist/,
    );
    refused(await check('mnist', join(folder, 'nowhere')), 2, /nowhere: expected a folder or a file, there is none/);
    file('iris.csv', '150,4,setosa,versicolor,virginica\n');
    refused(
      await check('iris', folder),
      1,
      /iris\.csv: expected iris\.csv with SHA-256 f13ffa8.* and 2734 bytes, got 34/,
    );
    file('dataset_location.tgz', '<html><body>404</body></html>');
    refused(await check('location30', folder), 1, /dataset_location\.tgz: expected .* got an HTML page/);
    file('cifar-10-binary.tar.gz', gzipSync(new Uint8Array(600).fill(7)));
    refused(await check('cifar10', folder), 1, /cifar-10-binary\.tar\.gz: expected/);
    for (const name of [
      'train-images-idx3-ubyte',
      'train-labels-idx1-ubyte',
      't10k-images-idx3-ubyte',
      't10k-labels-idx1-ubyte',
    ])
      file(name, Uint8Array.of(0, 0, 9, 9));
    file('train-images-idx3-ubyte', Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28, 1, 2, 3));
    const cut = await inProcess(['data', 'check', 'mnist', '--path', folder, '--no-verify']);
    refused(cut, 1, /train-images-idx3-ubyte: expected 1584 bytes for \[2,28,28\], got 19/);
    file('train-images-idx3-ubyte', Uint8Array.of(0, 0, 9, 9));
    const altered = await inProcess(['data', 'check', 'mnist', '--path', folder, '--no-verify']);
    refused(altered, 1, /train-images-idx3-ubyte: expected/);
    assert.ok(readdirSync(folder).length > 0);
  }));

test('a loss that leaves the finite range stops training and names the step', () =>
  inFolder(async (folder) => {
    const out = join(folder, 'out');
    const args = ['audit', '--quiet', '--optimizer', 'sgd', '--learning-rate', '1e30', '--out', out];
    refused(
      await inProcess([...args, '--checkpoint-every', '0']),
      1,
      /the loss became .* at step \d+ \(epoch 1, batch \d+\)/,
    );
    // What would lead to the same end again is not kept.
    assert.not.ok(existsSync(out));
  }));

test('out of memory', async () => {
  const result = await inProcess(['audit', '--quiet', '--model', 'mlp', '--batch-size', '700', '--max-memory', '5']);
  refused(result, 1, /asked for \d+ bytes .* a limit of 5242880.*--max-memory/);
});

test('a table is read as its options say', () =>
  inFolder(async (folder) => {
    const rows = tableRows(160).map((row, i) => (i === 3 ? ['', ...row.slice(1)] : row));
    const path = writeCsv(folder, 'own.csv', rows, [...HEADER.slice(0, 4), 'kind']);
    const size = async (...args: string[]) => {
      const { stdout, stderr } = await inProcess(['data', 'check', path, '--json', ...args]);
      assert.is(stderr, '');
      const { size, inputShape, classNames } = JSON.parse(stdout) as Record<string, unknown>;
      return { size, inputShape, classes: (classNames as string[]).length };
    };
    assert.equal(await size('--data-option', 'missing=drop'), { size: 159, inputShape: [4], classes: 3 });
    assert.equal(await size('--data-option', 'missing=mean'), { size: 160, inputShape: [4], classes: 3 });
    assert.equal(await size('--data-option', 'ignore=a,b'), { size: 160, inputShape: [2], classes: 3 });
    assert.equal(await size('--label', '4', '--data-option', 'ignore=a'), { size: 160, inputShape: [3], classes: 3 });
  }));
