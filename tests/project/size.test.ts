/** Sizes to hold: an engine that can be read in an afternoon, kernels and bundles that a page loads in a blink. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert, suite } from '../harness.ts';
import { ROOT } from './checks/source.ts';

const test = suite('sizes');
const ENGINE_LINES = 11_500; // docs/decisions/engine-size.md
const WASM_BYTES = 100_000;

interface Sizes {
  readonly folders: Readonly<Record<string, { readonly lines: number; readonly files: number }>>;
  readonly built: Readonly<Record<string, { readonly bytes: number; readonly gzip: number }>>;
}

const script = (...args: string[]) =>
  execFileSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8', env: { ...process.env, NODE_V8_COVERAGE: '' } });

/** The sizes that npm run size prints, with bundles made just now. */
function measure(): Sizes {
  const page = mkdtempSync(join(tmpdir(), 'keyhole-size-'));
  try {
    script('scripts/bundle.mjs', '--out', page);
    return JSON.parse(script('scripts/size.mjs', '--json', '--page', page)) as Sizes;
  } finally {
    rmSync(page, { recursive: true, force: true });
  }
}
const sizes = measure();

test(`engine/ has fewer than ${ENGINE_LINES} lines`, () => {
  const { lines } = sizes.folders['engine']!;
  assert.ok(lines > 1000, `${lines} lines: was everything counted?`);
  assert.ok(lines < ENGINE_LINES, `engine/ has ${lines} lines; npm run size says where`);
});

test(`each build of the kernels has fewer than ${WASM_BYTES} bytes`, () => {
  for (const module of ['keyhole', 'keyhole-privacy']) {
    for (const build of ['base', 'relaxed']) {
      const { bytes } = sizes.built[`assembly/build/${module}.${build}.wasm`]!;
      assert.ok(bytes < WASM_BYTES, `${module}, ${build}: ${bytes} bytes`);
    }
  }
});

for (const [what, limit] of [
  ['keyhole/browser', 175_000],
  ['keyhole/browser/engine with the base kernels', 60_000],
] as const) {
  test(`a page loads ${what} in fewer than ${limit} bytes, gzipped`, () => {
    const { bytes, gzip } = sizes.built[what]!;
    assert.ok(bytes > 100_000, `${bytes} bytes: were the chunks weighed?`);
    assert.ok(gzip < limit, `${gzip} bytes; node scripts/bundle.mjs --weights says of what`);
  });
}
