// npm run size: lines per folder, bytes of each wasm build and of what a page loads. --json prints the same as
// JSON; --page DIR weighs bundles that lie elsewhere than in dist/browser/.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadedBy, weigh } from './bundle/weigh.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({ options: { json: { type: 'boolean' }, page: { type: 'string' } } });

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

// An entry for pages is weighed with the chunks that come with it.
const page = (name) => {
  const file = join(values.page ?? join(root, 'dist/browser'), name);
  return existsSync(file) ? loadedBy(file) : [file];
};
const kernels = (build, module = 'keyhole') => join(root, `assembly/build/${module}.${build}.wasm`);
const parts = {
  'assembly/build/keyhole.base.wasm': [kernels('base')],
  'assembly/build/keyhole.relaxed.wasm': [kernels('relaxed')],
  'assembly/build/keyhole-privacy.base.wasm': [kernels('base', 'keyhole-privacy')],
  'assembly/build/keyhole-privacy.relaxed.wasm': [kernels('relaxed', 'keyhole-privacy')],
  'assembly/build/keyhole-learn.wasm': [join(root, 'assembly/build/keyhole-learn.wasm')],
  'keyhole/browser': page('keyhole.js'),
  'keyhole/browser/report': page('report.js'),
  'keyhole/browser/privacy': page('privacy.js'),
  'keyhole/browser/defenses': page('defenses.js'),
  'keyhole/browser/evasion': page('evasion.js'),
  'keyhole/browser/robustness': page('robustness.js'),
  'keyhole/browser/train': page('train.js'),
  'keyhole/browser/engine': page('engine.js'),
  'keyhole/browser/engine with the base kernels': [...page('engine.js'), kernels('base')],
};
const built = {};
for (const [name, files] of Object.entries(parts)) if (files.every(existsSync)) built[name] = weigh(files);

if (values.json) console.log(JSON.stringify({ folders, built }));
else {
  const row = (name, a, b) => console.log(`${name.padEnd(46)}${a.padStart(12)}${b.padStart(12)}`);
  row('folder', 'lines', 'files');
  for (const [name, { lines, files }] of Object.entries(folders)) {
    row(name.includes('/') ? `  ${name}` : name, lines.toLocaleString('en'), String(files));
  }
  console.log();
  row('built', 'bytes', 'gzip');
  for (const [name, { bytes, gzip }] of Object.entries(built)) {
    row(name, bytes.toLocaleString('en'), gzip.toLocaleString('en'));
  }
  if (Object.keys(built).length < Object.keys(parts).length) console.log('some are missing: npm run build makes them');
}
