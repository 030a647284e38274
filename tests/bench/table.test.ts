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
    'name            engine   build     median      low     high  unit       of peak',
    'sgemm/64x64x64  keyhole  base        40.0     20.0     80.0  GFLOP/s       80 %',
    '',
    'relu/n256000    keyhole  relaxed    1,234      617    2,468  GB/s',
  ]);
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
