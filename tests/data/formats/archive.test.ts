import { gzipSync, zipSync } from 'fflate';
import { packTar } from 'modern-tar';
import { archiveEntries, type Bytes, zipEntries } from '../../../data/index.ts';
import { assert, suite } from '../../harness.ts';
import { refuses } from '../throws.ts';

const test = suite('archives');

const utf8 = (text: string) => new TextEncoder().encode(text);
const large = Uint8Array.from({ length: 3 << 20 }, (_, i) => (i * 2654435761) >>> 24);

async function tar(): Promise<Bytes> {
  return packTar([
    { header: { name: 'set/', type: 'directory', size: 0 } },
    { header: { name: 'set/readme', size: 5 }, body: 'hello' },
    { header: { name: 'set/empty', size: 0 }, body: '' },
    { header: { name: 'set/large.bin', size: large.length }, body: large },
    { header: { name: 'set/last.txt', size: 3 }, body: 'end' },
  ]);
}

async function contents(bytes: Bytes, options = {}): Promise<Record<string, Uint8Array>> {
  const found: Record<string, Uint8Array> = {};
  for await (const { name, bytes: content } of archiveEntries(bytes, 'a.tar', options)) found[name] = content;
  return found;
}

test('tar, tar.gz and zip give the same files', async () => {
  const files = {
    'set/readme': utf8('hello'),
    'set/empty': new Uint8Array(0),
    'set/large.bin': large,
    'set/last.txt': utf8('end'),
  };
  assert.equal(await contents(await tar()), files);
  assert.equal(await contents(gzipSync(await tar()) as Bytes), files);
  assert.equal(await contents(zipSync(files) as Bytes), files);
});

test('only the files asked for, wherever they stand', async () => {
  for (const name of ['set/readme', 'set/large.bin', 'set/last.txt']) {
    const wanted = (path: string) => path === name;
    assert.equal(Object.keys(await contents(gzipSync(await tar()) as Bytes, { wanted })), [name]);
  }
  assert.equal(await contents(gzipSync(await tar()) as Bytes, { wanted: () => false }), {});
});

test('leaving early is fine', async () => {
  for await (const { name } of archiveEntries(gzipSync(await tar()) as Bytes, 'a.tar.gz')) {
    assert.is(name, 'set/readme');
    break;
  }
});

test('a tar that is cut off inside a file', async () => {
  const whole = await tar();
  await refuses(
    () => contents(whole.slice(0, 1 << 20)),
    /^a.tar: expected a tar archive, got a damaged or cut-off one \(Tar archive is truncated.\)/,
  );
  const packed = gzipSync(whole) as Bytes;
  await refuses(
    () => contents(packed.slice(0, packed.length >> 1)),
    /^a.tar: expected a gzip file, got a damaged or cut-off one/,
  );
});

test('a damaged tar header', async () => {
  const bad = await tar();
  bad[600]! ^= 1;
  await refuses(() => contents(bad), /a damaged or cut-off one \(Invalid tar header checksum.\)/);
});

test('limits', async () => {
  await refuses(
    async () => contents(await tar(), { limit: 1000 }),
    /'set\/large.bin' announces 3145728 bytes, expected at most 1000/,
  );
  const zip = zipSync({ big: new Uint8Array(100_000) }) as Bytes;
  await refuses(() => [...zipEntries(zip, 'z.zip', { limit: 1000 })], /'big' announces 100000 bytes/);
});

test('a zip directory that lies about sizes makes no array', async () => {
  const zip = zipSync({ big: new Uint8Array(1000) }) as Bytes;
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
  const directory = view.getUint32(zip.length - 6, true);
  view.setUint32(directory + 24, 0x7fffffff, true);
  await refuses(
    () => [...zipEntries(zip, 'z.zip')],
    /'big' announces 2147483647 bytes in \d+ compressed ones, more than is possible/,
  );
});
