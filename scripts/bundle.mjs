// dist/browser/: what a plain page can load. keyhole.js is the package, engine.js its engine without the training loop,
// train.js the engine with it, privacy.js private training and accounting, defenses.js defences, evasion.js adversarial examples, robustness.js their evaluation, with the kernels and the embedded data beside them; report.js draws reports, and brings the plots.
//
//   node scripts/bundle.mjs [--out DIR] [--weights]     --weights lists what takes how many bytes
//
// Browsers resolve neither bare names nor "#imports", so those are resolved here; the files that the code names by
// `new URL('…', import.meta.url)` are copied and the names rewritten, since esbuild leaves both to others.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { licences } from './bundle/licences.mjs';
import { changed, literalUrls, withoutTestData } from './bundle/sources.mjs';
import { loadedBy, weigh } from './bundle/weigh.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({ options: { out: { type: 'string' }, weights: { type: 'boolean' } } });
const out = resolve(values.out ?? join(root, 'dist/browser'));

/** Files by the name that they will have: all lie beside the bundle. */
const assets = new Map();
const { change } = literalUrls((file) => {
  const taken = assets.get(basename(file));
  if (taken && taken !== file) throw new Error(`two files named ${basename(file)}: ${taken} and ${file}`);
  assets.set(basename(file), file);
  return `./${basename(file)}`;
});

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

const common = {
  absWorkingDir: root,
  outdir: out,
  bundle: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  conditions: ['keyhole-source'],
  external: ['onnxruntime-web'], // optional: a page that audits ONNX files hands it over
  minify: true,
  sourcemap: true,
  legalComments: 'none',
  metafile: true,
  plugins: [changed(change, withoutTestData)],
  logLevel: 'warning',
};
const built = [
  // What they share is in chunks of its own: a page that loads several has one engine.
  await build({
    ...common,
    entryPoints: {
      engine: 'engine/browser.ts',
      train: 'engine/index.ts',
      keyhole: 'experiments/browser.ts',
      privacy: 'privacy/index.ts',
      defenses: 'defenses/index.ts',
      evasion: 'attacks/evasion/index.ts',
      robustness: 'experiments/robustness/index.ts',
    },
    splitting: true,
    chunkNames: '[name]-[hash]',
  }),
  await build({ ...common, entryPoints: { report: 'experiments/report/index.ts' } }),
];
const outputs = Object.assign({}, ...built.map(({ metafile }) => metafile.outputs));
const inputs = built.flatMap(({ metafile }) => Object.keys(metafile.inputs));

for (const [name, file] of assets) copyFileSync(file, join(out, name));
// The maps hold Keyhole's own sources; those of packages, half of the bytes, are wherever npm puts them.
for (const file of Object.keys(outputs).filter((f) => f.endsWith('.map'))) {
  const map = JSON.parse(readFileSync(join(root, file), 'utf8'));
  map.sourcesContent = map.sources.map((name, i) => (name.includes('node_modules/') ? null : map.sourcesContent[i]));
  writeFileSync(join(root, file), JSON.stringify(map));
}
writeFileSync(join(out, 'LICENCES.txt'), licences('keyhole.js and report.js hold', inputs, root));

for (const [file, { entryPoint }] of Object.entries(outputs)) {
  if (!entryPoint) continue;
  const files = loadedBy(join(root, file));
  const { bytes, gzip } = weigh(files);
  const also = files.slice(1).map((chunk) => basename(chunk));
  console.log(`${[basename(file), ...also].join(' + ')}: ${bytes} bytes, ${gzip} gzipped`);
  if (values.weights) for (const line of weightsOf(files)) console.log(line);
}

/** Who takes how many bytes of the files, most first. */
function weightsOf(files) {
  const weights = new Map();
  const parts = files.flatMap((file) => Object.entries(outputs[relative(root, file)].inputs));
  for (const [input, { bytesInOutput }] of parts) {
    const owner = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? `${input.split('/')[0]}/`;
    weights.set(owner, (weights.get(owner) ?? 0) + bytesInOutput);
  }
  return [...weights]
    .filter(([, bytes]) => bytes > 0)
    .sort((a, b) => b[1] - a[1])
    .map(([owner, bytes]) => `${String(bytes).padStart(8)}  ${owner}`);
}
