/**
 * npm test [-- FILTER …]: runs every tests/**\/*.test.ts whose path contains one of the filters.
 * The last line is `N passed, N failed[, N skipped]`; the exit code is 0 only when something passed and nothing failed.
 *
 * --from DIR takes the tests of another folder. Folders named `fixtures` are left out.
 * KEYHOLE_TEST_GRACE: milliseconds that a test may block the thread beyond its timeout; default 10,000.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { Watchdog } from './watchdog.ts';

const scope = globalThis as unknown as { UVU_DEFER: number; UVU_QUEUE: unknown[][]; UVU_INDEX: number };
scope.UVU_DEFER = 1;
const { exec } = await import('uvu');
const harness = await import('./harness.ts');
const { counts } = harness;

const IMPORT_LIMIT_MS = 60_000;
const { values, positionals: filters } = parseArgs({ options: { from: { type: 'string' } }, allowPositionals: true });
const folder = resolve(values.from ?? fileURLToPath(new URL('.', import.meta.url)));
const files = existsSync(folder)
  ? readdirSync(folder, { recursive: true })
      .map((f) => String(f).replaceAll('\\', '/'))
      .filter((f) => f.endsWith('.test.ts') && !f.includes('fixtures/'))
      .filter((f) => filters.length === 0 || filters.some((x) => f.includes(x)))
      .sort()
  : [];

const watchdog = new Watchdog();
harness.guardWith(watchdog, Number(process.env['KEYHOLE_TEST_GRACE'] || 10_000));

for (const event of ['unhandledRejection', 'uncaughtException'] as const) {
  process.on(event, (error: unknown) => harness.takeStray(event, error));
}
let finished = false;
process.on('exit', () => {
  if (finished) return;
  console.error(`the run ended early, in ${harness.current}: it waits for something that nothing will bring`);
  console.log(`${counts.passed} passed, ${counts.failed + 1} failed`);
  process.exitCode = 1;
});

scope.UVU_QUEUE.length = 0;
for (const [index, file] of files.entries()) {
  scope.UVU_QUEUE.push([file]);
  scope.UVU_INDEX = index;
  harness.nowRunning(`${file} (while it is imported)`, IMPORT_LIMIT_MS);
  let fault: string | undefined;
  try {
    await import(pathToFileURL(join(folder, file)).href);
  } catch (error) {
    fault = `cannot be imported:\n${error instanceof Error ? error.stack : error}`;
  }
  const tests = harness.takeSuites().reduce((n, s) => n + s.tests, 0);
  if (tests === 0) fault ??= 'expected at least one test, found none';
  if (fault === undefined) continue;
  console.error(`${file}: ${fault}`);
  counts.failed++;
}
watchdog.rest();
await (exec as (bail?: boolean) => Promise<void>)();
harness.nowRunning('what runs after the last test', IMPORT_LIMIT_MS);
await harness.runEndings();
await watchdog.stop();

const slowest = counts.times.sort((a, b) => b.milliseconds - a.milliseconds).slice(0, 5);
if (slowest.length > 0) console.log('slowest tests:');
for (const { name, milliseconds } of slowest) console.log(`  ${(milliseconds / 1000).toFixed(2)} s  ${name}`);
let skipped = 0;
for (const [reason, n] of counts.skipped) {
  console.log(`skipped ${n}: ${reason}`);
  skipped += n;
}
if (files.length === 0)
  console.error(`expected a test file that matches ${filters.join(' or ') || folder}, found none`);
finished = true;
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
console.log(`${counts.passed} passed, ${counts.failed} failed${skipped ? `, ${skipped} skipped` : ''}`);
// A server or worker that a test forgot would keep the process alive for ever.
setTimeout(() => {
  console.error(`still open after the last test: ${process.getActiveResourcesInfo().join(', ')}`);
  process.exit(1);
}, 5000).unref();
