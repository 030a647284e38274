import type { EngineName, Row } from '../../bench/index.ts';
import { numberText, ratio, tableOf } from '../../bench/table.ts';
import { assert, suite } from '../harness.ts';

const test = suite('bench: table');

const row = (name: string, engine: EngineName, build: string, value: number, unit: Row['unit'] = 'GFLOP/s'): Row => ({
  ...{ name, engine, build, threads: 1, value, unit },
  low: value / 2,
  high: value * 2,
});

test('columns are aligned, and kinds apart', () => {
  const rows = [row('sgemm/64x64x64', 'keyhole', 'base', 40), row('relu/n256000', 'keyhole', 'relaxed', 1234, 'GB/s')];
  const table = tableOf({ names: rows.map((r) => r.name), peers: [], peak: 50 });
  const lines = [table.head, ...rows.flatMap((r) => table.add(r)), ...table.end()];
  assert.equal(lines, [
    'name            engine   build    threads   median      low     high  unit       of peak',
    'sgemm/64x64x64  keyhole  base     1           40.0     20.0     80.0  GFLOP/s       80 %',
    '',
    'relu/n256000    keyhole  relaxed  1          1,234      617    2,468  GB/s',
  ]);
});

test('a training step says what it needs in memory; two threads are not compared with one', () => {
  const name = 'step/mlp/b64';
  const memory = { peakBytes: 1_492_288, freshBytes: 0 };
  const table = tableOf({ names: [name], peers: ['jax-js'], peak: null });
  const rows = [
    { ...row(name, 'keyhole', 'base', 30_000, 'samples/s'), memory },
    { ...row(name, 'keyhole', 'base', 50_000, 'samples/s'), threads: 2, memory },
    row(name, 'jax-js', 'base', 10_000, 'samples/s'),
  ];
  for (const r of rows) table.add(r);
  assert.equal(
    [table.head, ...table.end()],
    [
      'name          engine   build    threads   median      low     high  unit                peak MB   vs jax',
      'step/mlp/b64  keyhole  base     1         30,000   15,000   60,000  samples/s              1.49    3.00x',
      'step/mlp/b64  keyhole  base     2         50,000   25,000  100,000  samples/s              1.49',
      'step/mlp/b64  jax-js   base     1         10,000    5,000   20,000  samples/s',
    ],
  );
});

test('ratios compare like builds, and wait for the peers', () => {
  const name = 'sgemm/64x64x64';
  const table = tableOf({ names: [name], peers: ['tfjs-wasm', 'jax-js'], peak: null });
  const rows = [
    row(name, 'keyhole', 'base', 40),
    row(name, 'keyhole', 'relaxed', 60),
    row(name, 'tfjs-wasm', 'simd', 30),
    row(name, 'jax-js', 'base', 20),
    row(name, 'jax-js', 'relaxed', 24),
  ];
  assert.equal(
    rows.flatMap((r) => table.add(r)),
    [],
  );
  const ends = table.end().map((text) => text.slice(text.indexOf('GFLOP/s') + 7).trim());
  assert.equal(
    ends.map((text) => text.split(/\s+/).filter(Boolean)),
    [['1.33x', '2.00x'], ['2.00x', '2.50x'], [], [], []],
  );
  assert.equal(table.end(), []);
});

test('less is more in milliseconds only', () => {
  assert.is(ratio(row('startup/import', 'keyhole', 'base', 20, 'ms'), row('', 'jax-js', 'base', 40, 'ms')), 2);
  assert.is(ratio(row('relu/n4', 'keyhole', 'base', 20), row('', 'jax-js', 'base', 40)), 0.5);
});

test('numbers have three digits or more, in groups', () => {
  assert.equal([0.423, 7.312, 52.44, 381.4, 18402.2, 1234567].map(numberText), [
    '0.42',
    '7.31',
    '52.4',
    '381',
    '18,402',
    '1,234,567',
  ]);
});
