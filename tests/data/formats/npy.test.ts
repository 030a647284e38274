import fc from 'fast-check';
import { zipSync } from 'fflate';
import { type Bytes, type NpyArray, readNpy, readNpz, writeNpy, writeNpz } from '../../../data/index.ts';
import { assert, suite } from '../../harness.ts';
import { refuses } from '../throws.ts';

const test = suite('NPY and NPZ');

/** A version 1 file with this header text and these bytes. */
function npy(header: string, ...data: number[]): Bytes {
  const text = new TextEncoder().encode(header);
  return Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length & 255, text.length >> 8, ...text, ...data);
}
const header = (descr: string, shape: string, fortran = 'False') =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }\n`;

test('every element type, both byte orders', () => {
  const read = (descr: string, ...data: number[]) => readNpy(npy(header(descr, '(1,)'), ...data), 'f').data;
  assert.equal(read('<f4', 0, 0, 0xc0, 0x3f), Float32Array.of(1.5));
  assert.equal(read('>f4', 0x3f, 0xc0, 0, 0), Float32Array.of(1.5));
  assert.equal(read('<f8', 0, 0, 0, 0, 0, 0, 0x08, 0xc0), Float64Array.of(-3));
  assert.equal(read('|i1', 0xff), Int8Array.of(-1));
  assert.equal(read('<i2', 2, 1), Int16Array.of(258));
  assert.equal(read('>i4', 0xff, 0xff, 0xff, 0xfe), Int32Array.of(-2));
  assert.equal(read('<i8', 0xfe, 255, 255, 255, 255, 255, 255, 255), Float64Array.of(-2));
  assert.equal(read('|u1', 200), Uint8Array.of(200));
  assert.equal(read('<u2', 2, 1), Uint16Array.of(258));
  assert.equal(read('<u4', 255, 255, 255, 255), Uint32Array.of(0xffffffff));
  assert.equal(read('<u8', 1, 0, 0, 0, 1, 0, 0, 0), Float64Array.of(2 ** 32 + 1));
  assert.equal(read('|b1', 1), Uint8Array.of(1));
});

test('Fortran order is brought to row-major', () => {
  // [[1, 2, 3], [4, 5, 6]] stored by columns
  assert.equal(readNpy(npy(header('|u1', '(2, 3)', 'True'), 1, 4, 2, 5, 3, 6), 'f'), {
    shape: [2, 3],
    data: Uint8Array.of(1, 2, 3, 4, 5, 6),
  });
});

test('a scalar, an empty array, version 2', () => {
  assert.equal(readNpy(npy(header('|u1', '()'), 7), 'f'), { shape: [], data: Uint8Array.of(7) });
  assert.equal(readNpy(npy(header('<f4', '(0, 3)')), 'f'), { shape: [0, 3], data: new Float32Array(0) });
  const text = new TextEncoder().encode(header('|u1', '(1,)'));
  const two = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 2, 0, text.length, 0, 0, 0, ...text, 5);
  assert.equal(readNpy(two, 'f').data, Uint8Array.of(5));
});

test('what is written has the header that NumPy writes', () => {
  // numpy.save of numpy.array([1, 2], dtype='<i4'), NumPy 2.4.6
  const bytes = writeNpy({ shape: [2], data: Int32Array.of(1, 2) });
  assert.is(bytes.length, 128 + 8);
  assert.is(
    new TextDecoder().decode(bytes.subarray(10, 128)),
    `{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }${' '.repeat(60)}\n`,
  );
});

test('round trips', ({ seed }) => {
  const data = fc.oneof(
    fc.float32Array({ maxLength: 24 }),
    fc.float64Array({ maxLength: 24 }),
    fc.int8Array({ maxLength: 24 }),
    fc.int16Array({ maxLength: 24 }),
    fc.int32Array({ maxLength: 24 }),
    fc.uint8Array({ maxLength: 24 }),
    fc.uint16Array({ maxLength: 24 }),
    fc.uint32Array({ maxLength: 24 }),
  );
  fc.assert(
    fc.property(data, (array) => {
      const shape = array.length % 2 === 0 ? [array.length / 2, 2] : [array.length];
      // As .npy bytes, so that NaNs compare too.
      const x: NpyArray = { shape, data: array };
      const bytes = writeNpy(x);
      assert.equal(readNpy(bytes, 'f').shape, shape);
      assert.equal(writeNpy(readNpy(bytes, 'f')), bytes);
      assert.is(readNpy(bytes, 'f').data.join(), array.join());
      const packed = writeNpz({ x, y: x });
      assert.equal(
        [...readNpz(packed, 'f')].map(([name, a]) => [name, writeNpy(a)]),
        [
          ['x', bytes],
          ['y', bytes],
        ],
      );
      assert.equal(writeNpz({ x, y: x }), packed);
    }),
    { seed },
  );
});

test('faults say what was expected', async () => {
  await refuses(
    () => readNpy(npy(header('<c8', '(1,)'), 0, 0), 'f'),
    /^f: expected elements of one of f4, f8, .*, got '<c8'. Save the array as another type/,
  );
  await refuses(() => readNpy(npy(header('|O', '(1,)')), 'f'), /got '\|O'/);
  await refuses(() => readNpy(npy('{}'), 'f'), /expected a header with descr, fortran_order and shape, got "{}"/);
  await refuses(() => readNpy(npy(header('<f4', '(2,)'), 0), 'f'), /expected \d+ bytes for <f4 \[2\], got \d+/);
  await refuses(
    () => readNpy(npy(header('<f8', '(4294967296, 4294967296)')), 'f'),
    /the header announces \[4294967296,4294967296\] x 8 bytes/,
  );
  await refuses(
    () => readNpy(npy(header('<i8', '(1,)'), 1, 0, 0, 0, 0, 0, 0, 0x40), 'f'),
    /expected 64-bit integers within 2\^53, got 4611686018427388000 at element 0/,
  );
  await refuses(() => readNpy(Uint8Array.of(0x93, 0x4e), 'f'), /which begins with 93 4e 55 4d 50 59, got 93 4e/);
  await refuses(
    () => readNpy(Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 9, 0, 0, 0, 0, 0), 'f'),
    /version 1, 2 or 3, got 9/,
  );
  await refuses(
    () => readNpz(zipSync({ 'x.npy': new Uint8Array(3) }) as Bytes, 'f.npz'),
    /^f.npz\/x.npy: expected a .npy file/,
  );
  await refuses(() => readNpz(new Uint8Array(50), 'f.npz'), /expected a .npz file, which begins with 50 4b/);
});
