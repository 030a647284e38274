import { type CsvOptions, readCsv } from '../../../data/index.ts';
import { assert, suite } from '../../harness.ts';
import { refuses } from '../throws.ts';

const test = suite('CSV');

const read = (text: string, options?: CsvOptions) => readCsv(new TextEncoder().encode(text), 'f.csv', options);

test('cells are trimmed, quotes taken off, empty lines skipped, lines counted', () => {
  const { names, rows, lines } = read('a, "b, c" ,\'d\'\n\n 1,"2 ""x""",\n"3\n4",5,6', { header: false });
  assert.is(names, null);
  assert.equal(rows, [
    ['a', 'b, c', "'d'"],
    ['1', '2 "x"', ''],
    ['3\n4', '5', '6'],
  ]);
  assert.equal(lines, [1, 3, 5]);
});

test('a byte order mark and Windows line ends', () => {
  assert.equal(read('\ufeffa,b\r\n1,2\r\n'), { file: 'f.csv', names: ['a', 'b'], rows: [['1', '2']], lines: [2] });
});

test('separators are recognised, or given', () => {
  assert.equal(read('1;2,5;3\n4;5;6').rows[0], ['1', '2,5', '3']);
  assert.equal(read('1\t2\n3\t4').rows, [
    ['1', '2'],
    ['3', '4'],
  ]);
  assert.equal(read('39, State-gov\n50, Private').rows, [
    ['39', 'State-gov'],
    ['50', 'Private'],
  ]);
  assert.equal(read('1|2\n3|4', { separator: '|' }).rows[1], ['3', '4']);
});

test('a header is recognised by the numbers below it, or by cells that occur nowhere else', () => {
  assert.equal(read('age,sex\n1,m\n2,f').names, ['age', 'sex']);
  assert.is(read('1,m\n2,f').names, null);
  assert.is(read('5.1,3.5\n4.9,?').names, null);
  assert.equal(read('colour,size\nred,big\nblue,small').names, ['colour', 'size']);
  assert.is(read('red,big\nblue,big').names, null);
  assert.is(read('age,sex\n1,m', { header: false }).names, null);
  assert.equal(read('1,2\n3,4', { header: true }).names, ['1', '2']);
});

test('lines can be left out at the beginning', () => {
  assert.equal(read('|1x3 Cross validator\n1,2\n3,4', { skipLines: 1 }).rows, [
    ['1', '2'],
    ['3', '4'],
  ]);
});

test('a ragged row is named by its line', async () => {
  await refuses(
    () => read('a,b\n1,2\n\n3'),
    'f.csv, line 4: expected 2 fields as in the first row, got 1. Quote fields that contain the separator, or name the separator.',
  );
});

test('faulty quotes are named by their line', async () => {
  await refuses(
    () => read('a,b\n1,"2\n3,4'),
    /^f.csv: expected a CSV file. Quote Not Closed.* line 3.*Double the quotes/,
  );
  await refuses(() => read('a,b\n1,2"x\n'), /Invalid Opening Quote.* line 2/);
});

test('other kinds of file', async () => {
  await refuses(() => read(''), 'f.csv: expected a CSV file, got an empty file. Fetch it again.');
  await refuses(() => read('\n\n'), 'f.csv: expected rows, got only empty lines.');
  await refuses(() => read('<!doctype html>\n<p>1,2'), /got an HTML page/);
  await refuses(
    () => read('PK\u0003\u0004\0'),
    'f.csv: expected text, got a zero byte at 4. It is a binary file (a zip or spreadsheet: export it as CSV).',
  );
  await refuses(() => readCsv(Uint8Array.of(0x61, 0xe4, 0x2c), 'f.csv'), /expected UTF-8 text, got other bytes/);
  await refuses(
    () => read('a,a\n1,2'),
    "f.csv, header: expected distinct column names, got 'a' twice. Rename one, or say header: false.",
  );
  await refuses(() => read('a,b', { header: true }), 'f.csv: expected rows below the header, got none.');
});
