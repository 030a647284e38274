import { readIdx } from '../../../data/index.ts';
import { assert, suite } from '../../harness.ts';
import { refuses } from '../throws.ts';

const test = suite('IDX');

test('bytes of three dimensions', () => {
  const file = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6);
  assert.equal(readIdx(file, 'x'), { shape: [2, 1, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 6) });
});

test('all element types are big-endian', () => {
  const read = (type: number, ...bytes: number[]) =>
    readIdx(Uint8Array.of(0, 0, type, 1, 0, 0, 0, 1, ...bytes), 'x').data;
  assert.equal(read(9, 0xff), Int8Array.of(-1));
  assert.equal(read(11, 0x01, 0x02), Int16Array.of(258));
  assert.equal(read(12, 0xff, 0xff, 0xff, 0xfe), Int32Array.of(-2));
  assert.equal(read(13, 0x3f, 0xc0, 0, 0), Float32Array.of(1.5));
  assert.equal(read(14, 0xc0, 0x08, 0, 0, 0, 0, 0, 0), Float64Array.of(-3));
});

test('no dimensions is one value, a zero dimension none', () => {
  assert.equal(readIdx(Uint8Array.of(0, 0, 8, 0, 7), 'x'), { shape: [], data: Uint8Array.of(7) });
  assert.equal(readIdx(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 0), 'x').data.length, 0);
});

test('a wrong beginning quotes the bytes', async () => {
  const error = await refuses(
    () => readIdx(Uint8Array.of(0x1f, 0x8b, 8, 0), 'labels.gz'),
    'labels.gz: expected an IDX file, which begins with 00 00, an element type (08 09 0b 0c 0d 0e) and the number of dimensions, ' +
      'got 1f 8b 08 00. Gunzip it first if it is still packed.',
  );
  assert.is(error.file, 'labels.gz');
  assert.is(error.offset, 0);
});

test('lengths must fit the header, both ways', async () => {
  const header = [0, 0, 8, 1, 0, 0, 0, 3];
  const short = await refuses(
    () => readIdx(Uint8Array.of(...header, 1, 2), 'x'),
    'x: expected 11 bytes for [3], got 10. The file is cut off: fetch it again.',
  );
  assert.is(short.offset, 10);
  await refuses(
    () => readIdx(Uint8Array.of(...header, 1, 2, 3, 4), 'x'),
    'x: expected 11 bytes for [3], got 12. There are bytes left over.',
  );
  await refuses(
    () => readIdx(Uint8Array.of(0, 0, 8, 2, 0, 0), 'x'),
    /expected 2 dimensions in a header of 12 bytes, got 6 bytes/,
  );
});

test('an unbelievable header makes no array', async () => {
  const lies = Uint8Array.of(0, 0, 14, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255);
  await refuses(() => readIdx(lies, 'x'), /the header announces \[4294967295,4294967295,4294967295\] x 8 bytes/);
});

test('an HTML page and an empty file are recognised', async () => {
  const page = new TextEncoder().encode('\n<!DOCTYPE html><html><body>404</body></html>');
  await refuses(
    () => readIdx(page, 'x'),
    /^x: expected an IDX file, got an HTML page \(probably the error page of a web server\)/,
  );
  await refuses(() => readIdx(new Uint8Array(0), 'x'), 'x: expected an IDX file, got an empty file. Fetch it again.');
});
