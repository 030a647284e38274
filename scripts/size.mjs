// npm run size: lines per folder, bytes of each wasm build and of the browser bundle. --json prints the same as JSON.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({ options: { json: { type: 'boolean' } } });

const NO_SOURCES = new Set(['node_modules', 'dist', 'build', 'coverage', 'docs', 'keyhole-report']);

/** Lines of TypeScript and JavaScript below a folder, by folder: two levels deep where there is a second. */
function linesBelow(folder) {
  let lines = 0;
  let files = 0;
  for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || !/\.(ts|mjs|js)$/.test(entry.name) || path.includes('node_modules')) continue;
    const text = readFileSync(path, 'utf8');
    lines += text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
    files++;
  }
  return { lines, files };
}

const folders = {};
for (const entry of readdirSync(root, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
  if (!entry.isDirectory() || entry.name.startsWith('.') || NO_SOURCES.has(entry.name)) continue;
  const whole = linesBelow(entry.name);
  if (whole.files === 0) continue;
  folders[entry.name] = whole;
  for (const inner of readdirSync(join(root, entry.name), { withFileTypes: true })) {
    if (!inner.isDirectory() || NO_SOURCES.has(inner.name)) continue;
    const part = linesBelow(join(entry.name, inner.name));
    if (part.files > 0) folders[`${entry.name}/${inner.name}`] = part;
  }
}

const built = {};
for (const path of [
  'assembly/build/keyhole.base.wasm',
  'assembly/build/keyhole.relaxed.wasm',
  'dist/browser/keyhole.js',
  'dist/browser/report.js',
]) {
  if (!existsSync(join(root, path))) continue;
  const bytes = readFileSync(join(root, path));
  built[path] = { bytes: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length };
}

if (values.json) console.log(JSON.stringify({ folders, built }));
else {
  const row = (name, a, b) => console.log(`${name.padEnd(36)}${a.padStart(12)}${b.padStart(12)}`);
  row('folder', 'lines', 'files');
  for (const [name, { lines, files }] of Object.entries(folders)) {
    row(name.includes('/') ? `  ${name}` : name, lines.toLocaleString('en'), String(files));
  }
  console.log();
  row('built', 'bytes', 'gzip');
  for (const [name, { bytes, gzip }] of Object.entries(built)) {
    row(name, bytes.toLocaleString('en'), gzip.toLocaleString('en'));
  }
  if (Object.keys(built).length < 4) console.log('some are missing: npm run build makes them');
}
