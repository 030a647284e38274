import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { runBench } from '../../bench/index.ts';
import { withImports } from '../../bench/size.ts';
import { assert, suite } from '../harness.ts';

const test = suite('bench: size');

test('a page loads a module with everything that it imports at once, each file a single time', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyhole-size-rows-'));
  try {
    const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
    write('engine.js', 'import{a as b}from"./one.js";import"./two.js";const later=()=>import("./later.js");');
    write('one.js', 'export{a}from"./two.js";');
    write('two.js', 'import"./one.js";export const a=1;');
    write('later.js', '');
    const found = [...withImports(join(folder, 'engine.js'))].map((file) => basename(file)).sort();
    assert.equal(found, ['engine.js', 'one.js', 'two.js']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('kernels are counted gzipped', async () => {
  const [row] = await runBench({ filter: /^size\/kernels$/, builds: ['base'] });
  assert.is(row!.unit, 'kB');
  assert.ok(row!.value > 5 && row!.value < 50, String(row!.value));
});
