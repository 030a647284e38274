/** The safetensors reader: whatever bytes come, it gives the data or says where the file is wrong. */
import fc from 'fast-check';
import { FormatError, readSafeTensors, type SafeTensor, writeSafeTensors } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { throwsError } from '../support/throws.ts';

const encode = (header: unknown, data = 0): Uint8Array => {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + json.length + data);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  for (let i = 0; i < data; i++) file[8 + json.length + i] = i;
  return file;
};

const sample = () =>
  writeSafeTensors({
    tensors: new Map<string, SafeTensor>([
      ['a.weight', { shape: [2, 3], data: Float32Array.from([1, -2, 3.5, 0, Number.NaN, Number.POSITIVE_INFINITY]) }],
      ['odd', { shape: [1], data: Int32Array.from([-7]) }],
      ['wide', { shape: [], data: Float64Array.from([Math.PI]) }],
      ['none', { shape: [0, 4], data: new Float32Array(0) }],
    ]),
    metadata: { note: 'ünïcode "quoted"', empty: '' },
  });

const good = suite('safetensors round trip');

function checkSample(file: ReturnType<typeof readSafeTensors>): void {
  assert.equal([...file.tensors.keys()], ['a.weight', 'odd', 'wide', 'none']);
  assert.equal([...file.tensors.get('a.weight')!.data], [1, -2, 3.5, 0, Number.NaN, Number.POSITIVE_INFINITY]);
  assert.equal([...file.tensors.get('odd')!.data], [-7]);
  assert.equal([...file.tensors.get('wide')!.data], [Math.PI]);
  assert.equal([...file.tensors.get('none')!.shape], [0, 4]);
  assert.equal({ ...file.metadata }, { note: 'ünïcode "quoted"', empty: '' });
}

good('data, shapes, order and metadata come back', () => checkSample(readSafeTensors(sample())));

good("from a part of a larger buffer, and from Node's Buffer, whose slice is no copy", () => {
  const bytes = sample();
  const larger = new Uint8Array(bytes.length + 13);
  larger.set(bytes, 5);
  checkSample(readSafeTensors(larger.subarray(5, 5 + bytes.length)));
  const file = readSafeTensors(Buffer.from(larger.buffer, 5, bytes.length));
  checkSample(file);
  larger.fill(0);
  checkSample(file);
});

good('the header is padded to 8 bytes, as the format asks', () => {
  const length = Number(new DataView(sample().buffer).getBigUint64(0, true));
  assert.is(length % 8, 0);
});

const bad = suite('damaged safetensors files');

const tensor = (offsets: unknown, shape: unknown = [2], dtype: unknown = 'F32') => ({
  dtype,
  shape,
  data_offsets: offsets,
});

for (const [name, bytes, message] of [
  ['empty', new Uint8Array(0), /at least 8 bytes, got 0/],
  ['a header longer than the file', encode('{}').fill(255, 0, 8), /got a header length of/],
  ['no JSON', encode('{"a":'), /expected a JSON header/],
  ['invalid UTF-8', encode('{}').fill(0xff, 8), /expected a JSON header/],
  ['a list for a header', encode([]), /expected a JSON object/],
  ['null for a header', encode('null'), /expected a JSON object/],
  ['metadata that is null', encode({ __metadata__: null }), /__metadata__/],
  ['metadata that is a string', encode({ __metadata__: 'abc' }), /__metadata__/],
  ['metadata with numbers', encode({ __metadata__: { n: 1 } }), /__metadata__/],
  ['a tensor that is null', encode({ t: null }), /tensor 't': expected dtype/],
  ['an unknown dtype', encode({ t: tensor([0, 2], [1], 'F16') }, 2), /expected dtype F32, F64 or I32, got "F16"/],
  ['a dtype of Object', encode({ t: tensor([0, 8], [2], 'toString') }, 8), /expected dtype/],
  ['a negative size', encode({ t: tensor([0, 8], [-2]) }, 8), /expected a shape/],
  ['sizes whose product overflows', encode({ t: tensor([0, 8], [2 ** 52, 2 ** 52]) }, 8), /expected/],
  ['a range that is too long', encode({ t: tensor([0, 12]) }, 12), /expected 8 bytes for shape \[2\]/],
  ['a range that runs backwards', encode({ t: tensor([0, -8]) }, 8), /expected a shape and two data_offsets/],
  ['a range beyond the end', encode({ t: tensor([0, 8]) }, 7), /Is the file cut short/],
  [
    'ranges that overlap',
    encode({ a: tensor([0, 8]), b: tensor([4, 12]) }, 12),
    /tensor 'b': expected data from byte 8/,
  ],
  [
    'a gap between ranges',
    encode({ a: tensor([0, 8]), b: tensor([12, 20]) }, 20),
    /tensor 'b': expected data from byte 8/,
  ],
  ['bytes that belong to no tensor', encode({ a: tensor([0, 8]) }, 9), /expected 8 bytes of data, got 9/],
] as const) {
  bad(name, () => {
    const error = throwsError(() => readSafeTensors(bytes, 'model.safetensors'), FormatError, message);
    assert.is(error.file, 'model.safetensors');
    assert.match(error.message, /^model\.safetensors: /);
    assert.type(error.offset, 'number');
  });
}

bad('cut short anywhere', () => {
  const bytes = sample();
  for (let n = 0; n < bytes.length; n++)
    throwsError(() => readSafeTensors(bytes.subarray(0, n)), FormatError, /expected/);
});

/** The data a file gives, or null where it is refused; anything else than a FormatError fails the test. */
function attempt(bytes: Uint8Array): number | null {
  try {
    let total = 0;
    for (const { shape, data } of readSafeTensors(bytes).tensors.values()) {
      assert.is(
        shape.reduce((a, b) => a * b, 1),
        data.length,
      );
      total += data.byteLength;
    }
    assert.ok(total <= bytes.length, 'no more data than the file has');
    return total;
  } catch (error) {
    assert.instance(error, FormatError, `${error}`);
    return null;
  }
}

const fuzz = suite('safetensors reader on any bytes');

fuzz('random bytes', ({ seed }) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void attempt(bytes)),
    { seed, numRuns: 2000 },
  );
});

fuzz('random headers', ({ seed }) => {
  const size = fc.oneof(fc.nat(8), fc.constantFrom(2 ** 31, 2 ** 53 - 1, -1, 0.5, null, '4'));
  const entry = fc.record(
    {
      dtype: fc.constantFrom('F32', 'F64', 'I32', 'BF16', null, 3),
      shape: fc.oneof(fc.array(size, { maxLength: 3 }), fc.constant('x')),
      data_offsets: fc.oneof(fc.tuple(size, size), fc.array(size)),
    },
    { requiredKeys: [] },
  );
  const key = fc.constantFrom('a', 'b', '__metadata__', '__proto__', 'constructor', '');
  fc.assert(
    fc.property(fc.dictionary(key, fc.oneof(entry, fc.jsonValue())), fc.nat(24), (header, data) => {
      attempt(encode(header, data));
    }),
    { seed, numRuns: 3000 },
  );
});

fuzz('a good file with bytes changed', ({ seed }) => {
  const change = fc.tuple(fc.nat(), fc.nat(255));
  let read = 0;
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const bytes = sample();
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      if (attempt(bytes) !== null) read++;
    }),
    { seed, numRuns: 3000 },
  );
  assert.ok(read > 10, 'some changes hit only numbers');
});
