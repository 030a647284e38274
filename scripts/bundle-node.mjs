// dist/ for Node: few files instead of hundreds, since each one costs a reader time at the start. What two entries share
// lies in dist/chunks/ once: a Tensor of keyhole/engine is a Tensor of keyhole. Packages stay imports, and so does #platform,
// which package.json resolves for Node and for bundlers. Names stay as they are; the source maps hold the sources.
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { licences } from './bundle/licences.mjs';
import { changed, literalUrls, literalUrlsOf } from './bundle/sources.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = join(root, 'dist');

const ENTRIES = [
  'experiments/index',
  'experiments/runner/index',
  'experiments/export/index',
  'experiments/robustness/index',
  'experiments/training/thread', // package.json's #training-thread
  'engine/index',
  'data/index',
  'attacks/index',
  'attacks/evasion/index',
  'defenses/index',
  'privacy/index',
  'cli/main',
  'cli/runs/worker', // package.json's #job-worker
  'bench/startup-child',
];
/** The two sides of #platform. They bring the loader of the kernels along: finding a package takes Node 2 ms. */
const PLATFORMS = ['engine/platform/node', 'engine/platform/browser'];

// Whatever names a file is bundled to dist/FOLDER/FILE.js, one level up from dist/; the platforms stay where they are.
const main = literalUrls((file) => `../${pathFrom(root, file).replace(/\.ts$/, '.js')}`);
const platforms = literalUrls((file) => pathFrom(join(root, 'engine/platform'), file));

const common = {
  absWorkingDir: root,
  outdir: out,
  bundle: true,
  format: 'esm',
  target: 'es2022',
  sourcemap: true,
  metafile: true,
  logLevel: 'warning',
};
const entryPoints = (names) => Object.fromEntries(names.map((name) => [name, `${name}.ts`]));

rmSync(join(out, 'chunks'), { recursive: true, force: true }); // names change with contents
const built = [
  await build({
    ...common,
    entryPoints: entryPoints(ENTRIES),
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    platform: 'node',
    packages: 'external',
    external: ['#platform'],
    plugins: [changed(main.change)],
  }),
  await build({
    ...common,
    entryPoints: entryPoints(PLATFORMS),
    platform: 'neutral',
    external: ['node:*'],
    plugins: [changed(platforms.change)],
  }),
];
writeFileSync(
  join(out, 'engine/platform/LICENCES.txt'),
  licences('node.js and browser.js hold', Object.keys(built[1].metafile.inputs), root),
);

for (const file of [...main.files, ...platforms.files]) {
  if (file.endsWith('.ts')) continue; // an entry: bundled
  const copy = join(out, relative(root, file));
  mkdirSync(dirname(copy), { recursive: true });
  copyFileSync(file, copy);
}

for (const file of built.flatMap(({ metafile }) => Object.keys(metafile.outputs)).filter((f) => f.endsWith('.js'))) {
  for (const name of literalUrlsOf(readFileSync(join(root, file), 'utf8'))) {
    if (!existsSync(join(root, dirname(file), name))) throw new Error(`${file} names ${name}, which is not there`);
  }
}

/** A file as a URL relative to a folder. */
function pathFrom(folder, file) {
  return relative(folder, file).split(sep).join('/');
}
