/** npm run docs: writes docs/api.md from the docstrings and docs/tables.md from the registries; --check fails when one is stale. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { apiPage } from './docs/api.ts';
import { tablesPage } from './docs/tables.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const pages = { 'docs/api.md': apiPage, 'docs/tables.md': tablesPage };

function current(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

for (const [file, write] of Object.entries(pages)) {
  const text = write();
  if (current(root + file) === text) continue;
  if (process.argv.includes('--check')) {
    console.error(`${file} is stale: run npm run docs`);
    process.exitCode = 1;
  } else {
    writeFileSync(root + file, text);
    console.log(`${file}: ${text.split('\n').length} lines`);
  }
}
