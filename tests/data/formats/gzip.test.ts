import { gzipSync } from 'fflate';
import { type Bytes, gunzip, isGzip, maybeGunzip } from '../../../data/index.ts';
import { assert, suite } from '../../harness.ts';
import { refuses } from '../throws.ts';

const test = suite('gzip');

const text = new TextEncoder().encode('keyhole '.repeat(1000));
const packed = gzipSync(text) as Bytes;

test('unpacks', async () => {
  assert.equal(await gunzip(packed, 'f'), text);
  assert.equal(await gunzip(gzipSync(new Uint8Array(0)) as Bytes, 'f'), new Uint8Array(0));
  assert.ok(isGzip(packed));
  assert.equal(await maybeGunzip(text, 'f'), text);
});

test('pieces larger than one, and a view into a larger buffer', async () => {
  const large = Uint8Array.from({ length: 5 << 20 }, (_, i) => (i * 7919) >> 8);
  const whole = gzipSync(large);
  const framed = new Uint8Array(whole.length + 20);
  framed.set(whole, 10);
  assert.equal(await gunzip(framed.subarray(10, 10 + whole.length), 'f'), large);
});

test('a file that is cut off, at any place', async () => {
  for (let length = 2; length < packed.length; length += 7) {
    await refuses(
      () => gunzip(packed.slice(0, length), 'f.gz'),
      /^f.gz: expected a gzip file, got a damaged or cut-off one \(.*\). Fetch it again.$/,
    );
  }
});

test('a wrong checksum', async () => {
  const bad = packed.slice();
  bad[bad.length - 6]! ^= 1;
  await refuses(() => gunzip(bad, 'f.gz'), /damaged or cut-off/);
});

test('a lying trailer changes nothing', async () => {
  // The length in the trailer is four bytes modulo 2^32; it is checked at the end and never allocated beforehand.
  const lies = packed.slice();
  lies.fill(0xff, lies.length - 4);
  await refuses(() => gunzip(lies, 'f.gz'), /damaged or cut-off/);
});

test('more than the limit', async () => {
  await refuses(
    () => gunzip(packed, 'f.gz', { limit: 7999 }),
    'f.gz: expected at most 7999 uncompressed bytes, got more. Is it the right file?',
  );
  assert.is((await gunzip(packed, 'f.gz', { limit: 8000 })).length, 8000);
});

test('another file, an HTML page', async () => {
  await refuses(
    () => gunzip(Uint8Array.of(0x50, 0x4b, 3, 4), 'f.gz'),
    'f.gz: expected a gzip file, which begins with 1f 8b, got 50 4b. It is some other kind of file.',
  );
  await refuses(() => gunzip(new TextEncoder().encode('<html>moved</html>'), 'f.gz'), /got an HTML page/);
});
