/** Sizes to hold: an engine that can be read in an afternoon, kernels and a bundle that a page loads in a blink. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { assert, suite } from '../harness.ts';
import { ROOT } from './checks/source.ts';

const test = suite('sizes');
const ENGINE_LINES = 7500; // docs/decisions/engine-size.md
const WASM_BYTES = 100_000;
const BUNDLE_GZIP_BYTES = 130_000;

interface Sizes {
  readonly folders: Readonly<Record<string, { readonly lines: number; readonly files: number }>>;
  readonly built: Readonly<Record<string, { readonly bytes: number; readonly gzip: number }>>;
}

const script = (...args: string[]) =>
  execFileSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8', env: { ...process.env, NODE_V8_COVERAGE: '' } });
const sizes = JSON.parse(script('scripts/size.mjs', '--json')) as Sizes;

test(`engine/ has fewer than ${ENGINE_LINES} lines`, () => {
  const { lines } = sizes.folders['engine']!;
  assert.ok(lines > 1000, `${lines} lines: was everything counted?`);
  assert.ok(lines < ENGINE_LINES, `engine/ has ${lines} lines; npm run size says where`);
});

test(`each build of the kernels has fewer than ${WASM_BYTES} bytes`, () => {
  for (const build of ['base', 'relaxed']) {
    const { bytes } = sizes.built[`assembly/build/keyhole.${build}.wasm`]!;
    assert.ok(bytes < WASM_BYTES, `${build}: ${bytes} bytes`);
  }
});

test(`the browser bundle has fewer than ${BUNDLE_GZIP_BYTES} bytes, gzipped`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyhole-size-'));
  try {
    script('scripts/bundle.mjs', '--out', folder);
    const { length } = gzipSync(readFileSync(join(folder, 'keyhole.js')), { level: 9 });
    assert.ok(length < BUNDLE_GZIP_BYTES, `${length} bytes; node scripts/bundle.mjs --weights says of what`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
