import fc from 'fast-check';
import { encode as encodePng } from 'fast-png';
import { gzipSync, zipSync } from 'fflate';
import jpeg from 'jpeg-js';
import { packTar } from 'modern-tar';
import {
  archiveEntries,
  type Bytes,
  encodeTable,
  gunzip,
  readCifarInto,
  readCsv,
  readIdx,
  readNpy,
  readNpz,
  readPicture,
  writeNpy,
  writeNpz,
} from '../../../data/index.ts';
import { FormatError } from '../../../engine/errors.ts';
import { suite } from '../../harness.ts';

const test = suite('fuzz: any bytes give data or a FormatError');

interface Reader {
  read(bytes: Bytes): unknown;
  /** valid files, to be damaged */
  valid(): Promise<Uint8Array[]> | Uint8Array[];
  /** random files begin like this, so that they come past the first check */
  magic: number[];
}

const utf8 = (text: string) => new TextEncoder().encode(text);
const noise = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 2654435761) >>> 23);

async function drain(entries: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of entries);
}

const tar = () =>
  packTar([
    { header: { name: 'd/', type: 'directory', size: 0 } },
    { header: { name: 'd/a', size: 700 }, body: noise(700) },
    { header: { name: 'd/b', size: 3 }, body: 'end' },
  ]);

function jpegs(): Uint8Array[] {
  const data = noise(16 * 16 * 4);
  return [new Uint8Array(jpeg.encode({ width: 16, height: 16, data }, 50).data)];
}

const READERS: Readonly<Record<string, Reader>> = {
  idx: {
    read: (bytes) => readIdx(bytes, 'f'),
    valid: () => [
      Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 1, 5, 6),
      Uint8Array.of(0, 0, 13, 1, 0, 0, 0, 1, 1, 2, 3, 4),
    ],
    magic: [0, 0, 8],
  },
  cifar: {
    read: (bytes) => readCifarInto(bytes, 'f', new Uint8Array(3 * 3072), new Int32Array(3), 1),
    valid: () => [Uint8Array.of(3, ...noise(3072))],
    magic: [1],
  },
  gzip: {
    read: (bytes) => gunzip(bytes, 'f', { limit: 1 << 20 }),
    valid: () => [gzipSync(noise(500))],
    magic: [0x1f, 0x8b, 8],
  },
  'tar.gz': {
    read: (bytes) => drain(archiveEntries(bytes, 'f')),
    valid: async () => [gzipSync(await tar())],
    magic: [0x1f, 0x8b, 8],
  },
  tar: {
    read: (bytes) => drain(archiveEntries(bytes, 'f', { wanted: (name) => name !== 'd/a' })),
    valid: async () => [await tar()],
    magic: [0x61],
  },
  zip: {
    read: (bytes) => drain(archiveEntries(bytes, 'f')),
    valid: () => [zipSync({ a: noise(300), b: [utf8('stored'), { level: 0 }] })],
    magic: [0x50, 0x4b, 3, 4],
  },
  csv: {
    read: (bytes) => readCsv(bytes, 'f'),
    valid: () => [utf8('age,job,y\n1,"a, b",0\n2,?,1\n'), utf8('1;2\n3;4\n')],
    magic: [0x31, 0x2c],
  },
  table: {
    read: (bytes) => encodeTable([readCsv(bytes, 'f')], { missing: 'mean' }),
    valid: () => [utf8('age,job,y\n1,"a, b",0\n2,?,1\n?,c,1'), utf8('1;2\n3;4\n')],
    magic: [0x31, 0x2c],
  },
  npy: {
    read: (bytes) => readNpy(bytes, 'f'),
    valid: () => [
      writeNpy({ shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }),
      writeNpy({ shape: [3], data: Uint8Array.of(1, 2, 3) }),
    ],
    magic: [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0],
  },
  npz: {
    read: (bytes) => readNpz(bytes, 'f'),
    valid: () => [
      writeNpz({ x: { shape: [2], data: Float32Array.of(1, 2) }, y: { shape: [2], data: Int32Array.of(0, 1) } }),
    ],
    magic: [0x50, 0x4b, 3, 4],
  },
  pgm: {
    read: (bytes) => readPicture(bytes, 'f'),
    valid: () => [utf8('P2 2 2 9 1 2 3 4'), Uint8Array.of(...utf8('P5 2 2 255\n'), 1, 2, 3, 4)],
    magic: [0x50, 0x35, 0x20],
  },
  png: {
    read: (bytes) => readPicture(bytes, 'f'),
    valid: () => [
      encodePng({ width: 3, height: 2, channels: 3, data: noise(18) }),
      encodePng({ width: 9, height: 2, channels: 1, depth: 1, data: noise(4) }),
    ],
    magic: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
  },
  jpeg: { read: (bytes) => readPicture(bytes, 'f'), valid: jpegs, magic: [0xff, 0xd8, 0xff] },
};

/** Flips bytes, cuts, repeats and inserts: what a bad disk, a bad line and a bad server do. */
function damaged(valid: readonly Uint8Array[]): fc.Arbitrary<Bytes> {
  const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const change = fc.record({
    at: place,
    byte: fc.nat(255),
    kind: fc.constantFrom('set', 'cut', 'drop', 'insert', 'repeat'),
  });
  return fc
    .tuple(fc.constantFrom(...valid), fc.array(change, { minLength: 1, maxLength: 6 }))
    .map(([file, changes]) => {
      let bytes = Array.from(file);
      for (const { at, byte, kind } of changes) {
        const i = Math.floor(at * bytes.length);
        if (kind === 'set') bytes[i] = byte;
        else if (kind === 'cut') bytes = bytes.slice(0, i);
        else if (kind === 'drop') bytes.splice(i, 1 + (byte & 15));
        else if (kind === 'insert') bytes.splice(i, 0, byte, byte);
        else bytes.splice(i, 0, ...bytes.slice(i, i + byte));
      }
      return Uint8Array.from(bytes);
    });
}

const LONG = 3000;

async function outcome({ read }: Reader, bytes: Bytes): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer after ${LONG} ms`)), LONG);
  });
  try {
    await Promise.race([Promise.resolve().then(() => read(bytes)), late]);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
  } finally {
    clearTimeout(timer);
  }
}

for (const [name, reader] of Object.entries(READERS)) {
  test(
    name,
    async ({ seed }) => {
      const valid = await reader.valid();
      for (const file of valid) await reader.read(Uint8Array.from(file));
      const random = fc.uint8Array({ maxLength: 200 });
      const begun = random.map((rest) => Uint8Array.of(...reader.magic, ...rest));
      const input = fc.oneof(
        { weight: 1, arbitrary: random },
        { weight: 2, arbitrary: begun },
        { weight: 5, arbitrary: damaged(valid) },
      );
      await fc.assert(
        fc.asyncProperty(input, (bytes) => outcome(reader, Uint8Array.from(bytes))),
        { seed, numRuns: Number(process.env['KEYHOLE_FUZZ_RUNS'] ?? 1000) },
      );
    },
    { timeout: 600_000 },
  );
}
