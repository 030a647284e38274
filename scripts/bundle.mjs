// dist/browser/: what a plain page can load. keyhole.js is the package as one ES module, with the kernels and the embedded
// data beside it; report.js draws reports, and brings the plots.
//
//   node scripts/bundle.mjs [--out DIR] [--weights]     --weights lists what takes how many bytes
//
// Browsers resolve neither bare names nor "#imports", so those are resolved here; the files that the code names by
// `new URL('…', import.meta.url)` are copied and the names rewritten, since esbuild leaves both to others.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({ options: { out: { type: 'string' }, weights: { type: 'boolean' } } });
const out = resolve(values.out ?? join(root, 'dist/browser'));

const ASSET = /new URL\(\s*'(\.[^']+)',\s*import\.meta\.url\s*\)/g;
const assets = new Map();

/** Copies each file that is named by a literal URL, and names it as it will lie: beside the bundle. */
const literalUrls = {
  name: 'literal-urls',
  setup(esbuild) {
    esbuild.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      const contents = text.replace(ASSET, (_, name) => {
        const source = resolve(dirname(path), name);
        const taken = assets.get(basename(source));
        if (taken && taken !== source) throw new Error(`two files named ${basename(source)}: ${taken} and ${source}`);
        assets.set(basename(source), source);
        return `new URL('./${basename(source)}', import.meta.url)`;
      });
      return { contents, loader: 'ts' };
    });
  },
};

/** Licences of the packages whose code is inside the bundle: most of them ask for nothing else. */
function licences(inputs) {
  const folders = new Set();
  for (const input of inputs) {
    const found = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (found) folders.add(found[1]);
  }
  const parts = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const file = readdirSync(join(root, folder)).find((f) => /^licen[cs]e/i.test(f));
    const text = file ? `\n${readFileSync(join(root, folder, file), 'utf8').trim()}\n` : '';
    return `${name} ${version} (${license})\n${text}`;
  });
  return `keyhole.js and report.js hold code of these packages.\n\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: { keyhole: 'experiments/browser.ts', report: 'experiments/report/index.ts' },
  outdir: out,
  bundle: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  conditions: ['source'],
  minify: true,
  sourcemap: true,
  legalComments: 'none',
  metafile: true,
  plugins: [literalUrls],
  logLevel: 'warning',
});
for (const [name, source] of assets) {
  if (!existsSync(source)) throw new Error(`${relative(root, source)} is missing: npm run build makes it`);
  copyFileSync(source, join(out, name));
}
// The maps hold Keyhole's own sources; those of packages, half of the bytes, are wherever npm puts them.
for (const file of Object.keys(metafile.outputs).filter((f) => f.endsWith('.map'))) {
  const map = JSON.parse(readFileSync(join(root, file), 'utf8'));
  map.sourcesContent = map.sources.map((name, i) => (name.includes('node_modules/') ? null : map.sourcesContent[i]));
  writeFileSync(join(root, file), JSON.stringify(map));
}
writeFileSync(join(out, 'LICENCES.txt'), licences(Object.keys(metafile.inputs)));

for (const [file, { entryPoint, inputs }] of Object.entries(metafile.outputs)) {
  if (!entryPoint) continue;
  const bytes = readFileSync(join(root, file));
  console.log(`${basename(file)}: ${bytes.length} bytes, ${gzipSync(bytes, { level: 9 }).length} gzipped`);
  if (values.weights) for (const line of weightsOf(inputs)) console.log(line);
}

function weightsOf(inputs) {
  const weights = new Map();
  for (const [input, { bytesInOutput }] of Object.entries(inputs)) {
    const owner = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? `${input.split('/')[0]}/`;
    weights.set(owner, (weights.get(owner) ?? 0) + bytesInOutput);
  }
  return [...weights]
    .filter(([, bytes]) => bytes > 0)
    .sort((a, b) => b[1] - a[1])
    .map(([owner, bytes]) => `${String(bytes).padStart(8)}  ${owner}`);
}
