/** npm test [-- FILTER …]: runs every tests/**\/*.test.ts whose path contains one of the filters. */
import { readdirSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

const scope = globalThis as unknown as { UVU_DEFER: number; UVU_QUEUE: unknown[][]; UVU_INDEX: number };
scope.UVU_DEFER = 1;
const { exec } = await import('uvu');
const { counts, takeSuites } = await import('./harness.ts');

const here = fileURLToPath(new URL('.', import.meta.url));
const filters = process.argv.slice(2);
const files = readdirSync(here, { recursive: true })
  .map(String)
  .filter((f) => f.endsWith('.test.ts') && (filters.length === 0 || filters.some((x) => f.includes(x))))
  .sort();

scope.UVU_QUEUE.length = 0;
for (const [index, file] of files.entries()) {
  scope.UVU_QUEUE.push([file]);
  scope.UVU_INDEX = index;
  await import(pathToFileURL(here + file).href);
  const found = takeSuites();
  if (found.reduce((n, s) => n + s.tests, 0) === 0) {
    console.error(`${file}: expected at least one test, found none`);
    counts.failed++;
  }
}
await (exec as (bail?: boolean) => Promise<void>)();

let skipped = 0;
for (const [reason, n] of counts.skipped) {
  console.log(`skipped ${n}: ${reason}`);
  skipped += n;
}
if (counts.failed > 0 || counts.passed === 0) process.exitCode = 1;
console.log(`${counts.passed} passed, ${counts.failed} failed${skipped ? `, ${skipped} skipped` : ''}`);
