/**
 * npm run docs: writes docs/api.md from the docstrings, docs/tables.md from the registries, docs/benchmarks.md from what the
 * last run of the benchmark kept, and a page for each run of an experiment that --keep FOLDER has put into docs/; --check fails
 * when one is stale.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { benchmarksPage } from '../bench/index.ts';
import { apiPage } from './docs/api.ts';
import { experimentPage, keepRun, keptPages } from './docs/experiments.ts';
import { tablesPage } from './docs/tables.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const keep = process.argv.indexOf('--keep');
if (keep >= 0) console.log(`${await keepRun(root, process.argv[keep + 1]!)}: kept`);

const pages: Readonly<Record<string, () => string | null | Promise<string | null>>> = {
  'docs/api.md': apiPage,
  'docs/tables.md': tablesPage,
  'docs/benchmarks.md': () => benchmarksPage(root),
  ...Object.fromEntries(keptPages.map((name) => [`docs/${name}.md`, () => experimentPage(root, name)])),
};

function current(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

for (const [file, write] of Object.entries(pages)) {
  const text = await write();
  if (text === null || current(root + file) === text) continue; // null: nothing was measured yet
  if (process.argv.includes('--check')) {
    console.error(`${file} is stale: run npm run docs`);
    process.exitCode = 1;
  } else {
    writeFileSync(root + file, text);
    console.log(`${file}: ${text.split('\n').length} lines`);
  }
}
