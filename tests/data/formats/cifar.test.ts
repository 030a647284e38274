import { cifarCount, readCifarInto } from '../../../data/index.ts';
import { assert, suite } from '../../harness.ts';
import { refuses } from '../throws.ts';

const test = suite('CIFAR-10 binary');

function record(label: number): number[] {
  const plane = (base: number) => Array.from({ length: 1024 }, (_, i) => (base + i) % 256);
  return [label, ...plane(10), ...plane(20), ...plane(30)];
}

test('planes become interleaved channels, at the row asked for', () => {
  const file = Uint8Array.from([...record(3), ...record(9)]);
  const x = new Uint8Array(3 * 3072);
  const y = new Int32Array(3);
  assert.is(readCifarInto(file, 'b', x, y, 1), 2);
  assert.equal(y, Int32Array.of(0, 3, 9));
  assert.equal(x.slice(0, 3), Uint8Array.of(0, 0, 0));
  assert.equal(x.slice(3072, 3078), Uint8Array.of(10, 20, 30, 11, 21, 31));
  assert.equal(x.slice(-3), Uint8Array.of((10 + 1023) % 256, (20 + 1023) % 256, (30 + 1023) % 256));
});

test('wrong lengths, labels and counts', async () => {
  const x = new Uint8Array(3072);
  const y = new Int32Array(1);
  const cut = await refuses(
    () => cifarCount(new Uint8Array(3072), 'b'),
    /expected a whole number of records of 3073 bytes, got 3072 bytes \(3072 left over\)/,
  );
  assert.is(cut.offset, 0);
  await refuses(
    () => readCifarInto(Uint8Array.from(record(10)), 'b', x, y, 0),
    'b, image 0: expected a label 0 .. 9, got 10 at byte 0. Is it CIFAR-10?',
  );
  await refuses(
    () => readCifarInto(Uint8Array.from([...record(1), ...record(1)]), 'b', x, y, 0),
    /expected at most 1 more images, got 2/,
  );
});
