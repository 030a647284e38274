/** docs/benchmarks.md: what the generator makes of a run. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type BenchResult, benchmarksPage, benchNames, checkoutRoot, saveBenchmarks } from '../../bench/index.ts';
import { benchmarkPage, pytorchRate, saveNodes, targetRows } from '../../bench/page/index.ts';
import { nets, stepWork } from '../../bench/steps.ts';
import { namedModel, Rng, tensorsOf } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { ROOT } from '../project/checks/source.ts';
import { testEngine } from '../support/engine.ts';

const test = suite('bench: the page');
const engine = await testEngine();

type Row = BenchResult['rows'][number];
const row = (name: string, value: number, unit: Row['unit'], who: Partial<Row> = {}): Row => ({
  ...{ name, engine: 'keyhole', build: 'base', threads: 1, value, unit, low: value / 2, high: value * 2 },
  ...who,
});
const peakRow = (build: string, high: number): Row => ({ ...row('peak/fma-f32x4', high, 'GFLOP/s', { build }), high });

const run: BenchResult = {
  schema: 'keyhole.bench/1',
  rows: [
    row('peak/fma-f32x4', 40, 'GFLOP/s'),
    row('sgemm/512x512x512', 36, 'GFLOP/s'),
    row('sgemm/512x512x512', 20, 'GFLOP/s', { engine: 'jax-js' }),
    row('step/mlp/b256', 36_000, 'samples/s', { memory: { peakBytes: 3_000_000, freshBytes: 0 } }),
    row('step/mlp/b256', 54_000, 'samples/s', { threads: 2 }),
    row('step/mlp/b256', 3_000, 'samples/s', { engine: 'tfjs-wasm', build: 'simd' }),
    row('step/mlp/b256', 18_000, 'samples/s', { engine: 'jax-js' }),
    row('step/mlp/b256', 24_000, 'samples/s', { engine: 'jax-js', build: 'relaxed' }),
    row('step/mnist/b256', 12_500, 'samples/s', { build: 'relaxed' }),
    row('step/mnist/b256', 50, 'samples/s', { engine: 'jax-js' }),
    row('step/mnist/b256', 500, 'samples/s', { engine: 'tfjs-wasm', build: 'simd+' }),
    row('conv/1x28x28-16k5/forward', 30, 'GFLOP/s'),
    row('startup/first-product', 24, 'ms'),
    row('size/page', 61, 'kB'),
    row('relu/n256000', 60, 'GB/s'),
  ],
  notes: ['tfjs-wasm step/cifar/b64: no such kernel'],
  machine: {
    ...{ cpu: 'A processor', cores: 2, node: '20.20.2', load: 0.25 },
    peak: [peakRow('base', 40), peakRow('relaxed', 60)],
    builds: [{ name: 'base', bytes: 61_000 }],
  },
  peers: [
    { engine: 'tfjs-wasm', version: '4.22.0' },
    { engine: 'jax-js', version: '0.1.25' },
  ],
  ...{ clock: 'wall', command: 'keyhole bench --peers --save', date: '2026-01-02T03:04:05.678Z', version: '0.1.0' },
};

const lines = targetRows(run).map((cells) => cells.join(' '));
const after = (head: string, count: number) => {
  const at = lines.findIndex((text) => text.startsWith(head));
  return lines.slice(at, at + count).map((text) => text.slice(text.startsWith('`') ? head.length : 0).trim());
};

test('targets are judged in their own unit, as shares of the peak and against the peers of the same run', () => {
  assert.equal(after('`sgemm/512x512x512` base 1', 2), [
    '37.5 GFLOP/s 36.0 GFLOP/s **no**',
    '73 % of the register peak 90 % yes',
  ]);
  assert.equal(after('`step/mlp/b256` base 1', 4), [
    '35,000 samples/s 36,000 samples/s yes',
    '10x tfjs-wasm 12x yes',
    '1.9x jax-js 2.00x yes',
    '0.45x PyTorch (another machine) 0.47x yes',
  ]);
  assert.equal(after('`step/mnist/b256` relaxed 1', 4).slice(1), [
    '40x any peer as published 250x yes',
    '40x tfjs-wasm with a filter gradient added (simd+) 25x **no**',
    '1.15x PyTorch (another machine) 1.23x yes',
  ]);
  assert.equal(after('`startup/first-product` base 1', 1), ['under 25 ms 24.0 ms yes']);
  assert.equal(after('`size/page` base 1', 1), ['under 60 kB 61.0 kB **no**']);
});

test('two threads are judged against one; what was not measured is neither met nor missed', () => {
  assert.equal(after('`step/mlp/b256` base 2', 1), ['1.6x one thread 1.50x **no**']);
  assert.equal(after('`step/cifar/b64` base 2', 1), ['1.8x one thread not measured']);
  assert.equal(after('`step/cifar/b64` base 1', 2), [
    '375 samples/s not measured',
    '10x any peer as published not measured',
  ]);
});

test('says where it was measured, shows what was, and nothing else', () => {
  const page = benchmarkPage({ run });
  for (const part of [
    '    $ keyhole bench --peers --save',
    '| machine | A processor, 2 cores; load average 0.25 when the run began |',
    '| peers | tfjs-wasm 4.22.0, jax-js 0.1.25 |',
    '**another machine**, one thread of a 2-core AMD EPYC (Zen 4)',
    '| `step/mlp/b256` | keyhole | base | 1 | 36,000 | 18,000 to 72,000 | samples/s | 91 % | 3.00 | 0 | 12x | 2.00x | 0.47x |',
    '| `step/mlp/b256` | keyhole | base | 2 | 54,000 | 27,000 to 108,000 | samples/s | 68 % |  |  |  |  |  |',
    '| `step/mnist/b256` | jax-js | base | 1 | 50.0 |',
    '## Notes\n\n- tfjs-wasm step/cifar/b64: no such kernel',
  ])
    assert.ok(page.includes(part), `${part}\n${page}`);
  assert.not.match(page, /## (Limits|Versions of Node|Matrix products through)/);
  assert.match(benchmarkPage({ run: { ...run, peers: [] } }), /\| peers \| not measured \|/);
});

test('what limits a row is taken from the hand-written page, a level lower, its links from here', () => {
  const limits =
    '# Limits of speed\n\n## mnist\n\nSee [tape](tape.md), [code](../../bench/steps.ts), [V8](https://v8.dev/x).\n';
  const page = benchmarkPage({ run, limits });
  assert.ok(
    page.includes(
      '## Limits\n\n### mnist\n\nSee [tape](decisions/tape.md), [code](../bench/steps.ts), [V8](https://v8.dev/x).',
    ),
  );
});

test('a saved run gives the same page again, byte for byte, and takes in what was measured later', () => {
  const root = mkdtempSync(join(tmpdir(), 'keyhole-page-'));
  try {
    mkdirSync(join(root, 'docs/decisions'), { recursive: true });
    assert.is(benchmarksPage(root), null);
    const page = () => readFileSync(join(root, 'docs/benchmarks.md'), 'utf8');
    assert.equal(saveBenchmarks(root, run), ['docs/benchmarks.json', 'docs/benchmarks.md']);
    assert.is(page(), benchmarkPage({ run }));
    assert.is(benchmarksPage(root), page());
    assert.equal(JSON.parse(readFileSync(join(root, 'docs/benchmarks.json'), 'utf8')), run);
    const [versions, date] = [[{ node: '22.1.0', rows: [row('relu/n256000', 50, 'GB/s')] }], '2026-01-03'];
    saveNodes(root, { schema: 'keyhole.nodes/1', date, cpu: 'A processor', versions });
    assert.ok(
      page().includes(
        '| row | build | unit | 22.1.0 |\n| --- | --- | --- | --- |\n| `relu/n256000` | base | GB/s | 50.0 |',
      ),
    );
    writeFileSync(join(root, 'docs/decisions/limits-of-speed.md'), '# L\n\nMemory.\n');
    assert.match(benchmarksPage(root)!, /## Limits\n\nMemory\.\n/);
    writeFileSync(join(root, 'docs/benchmarks.json'), '{"schema":"keyhole.bench/0"}');
    assert.throws(() => benchmarksPage(root), /keyhole\.bench\/1/);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test('PyTorch was measured on rows that are there; convolutions become rates', () => {
  const rated = benchNames().filter((name) => pytorchRate({ name, threads: 1 }) !== undefined);
  assert.is(rated.length, 18);
  assert.is(pytorchRate({ name: 'step/cifar/b64', threads: 2 }), undefined);
  // 64 x 28 x 28 pixels of 16 filters with 25 weights in 0.49 ms
  const rate = pytorchRate({ name: 'conv/1x28x28-16k5/forward', threads: 1 })!;
  assert.ok(Math.abs(rate - (2 * 64 * 784 * 16 * 25) / 0.49e6) < 1e-9, String(rate));
});

test('the page is written in this checkout', () => {
  assert.is(resolve(checkoutRoot()), resolve(ROOT));
});

test("a training step's work follows from the nets: each weight once a pixel, three times but for the first layer", () => {
  const pixels: Record<string, number[]> = {
    mlp: [1, 1, 1],
    mnist: [14 * 14, 5 * 5, 1, 1],
    cifar: [32 * 32, 16 * 16, 1, 1],
  };
  for (const { name, shape, classes } of nets) {
    const weights = engine.run('weights', () => {
      const params = namedModel(name, shape, classes).init({ engine, rng: Rng.from(1), dtype: 'f32' });
      return tensorsOf(params).flatMap((t) => (t.shape.length > 1 ? [t.size] : []));
    });
    const products = weights.map((size, i) => size * pixels[name]![i]!);
    const work = products.reduce((sum, n, i) => sum + (i === 0 ? 4 : 6) * n, 0);
    assert.is(stepWork(name), work / 1e9, name);
  }
});
