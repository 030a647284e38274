/** The project's own rules, each run over the real files and proved to fail on a made-up violation. */
import { VERSION } from '../../experiments/version.ts';
import { assert, suite } from '../harness.ts';
import { ENGINE_ORDER, engineLevel, importCircles, importFaults } from './checks/layers.ts';
import {
  inexactFaults,
  lengthFaults,
  lockFaults,
  MAX_LINES,
  machineFaults,
  nodeFaults,
  specifierFaults,
} from './checks/rules.ts';
import { projectFiles, read, type Source, type Violation } from './checks/source.ts';

const files = projectFiles();
const known = new Set(files);
const sources = files.filter((f) => f.endsWith('.ts')).map((f) => read(f));
const published = sources.filter((s) => !/^(assembly|tests|scripts)\//.test(s.path));
const manifest = JSON.parse(read('package.json').text) as {
  name: string;
  version: string;
  dependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
  devDependencies: Record<string, string>;
};
const dependencies = new Set([...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies)]);
const allPackages = new Set([manifest.name, ...dependencies, ...Object.keys(manifest.devDependencies)]);
const file = (path: string, text: string): Source => ({ path, text });

const none = (faults: readonly Violation[]) =>
  assert.is(faults.map((f) => `${f.where}: ${f.says}`).join('\n'), '', `${faults.length} violations`);
/** Exactly one violation, which says so. */
const one = (faults: readonly Violation[], says: RegExp) => {
  assert.is(faults.length, 1, JSON.stringify(faults));
  assert.match(faults[0]!.says, says);
};

const layers = suite('import directions');

layers('there are files to check', () => {
  for (const folder of ['engine', 'data', 'attacks', 'defenses', 'experiments', 'cli', 'bench', 'assembly', 'tests'])
    assert.ok(
      sources.some((s) => s.path.startsWith(`${folder}/`)),
      folder,
    );
});
layers('every import points downwards and through an index.ts', () => none(importFaults(sources)));
layers('no circles of run-time imports', () => none(importCircles(sources)));
layers('every line of ENGINE_ORDER names something that is there', () => {
  for (const pattern of ENGINE_ORDER.flat())
    assert.ok(pattern.endsWith('/') ? files.some((f) => f.startsWith(pattern)) : known.has(pattern), pattern);
  for (const { path } of sources) if (path.startsWith('engine/')) assert.ok(engineLevel(path) >= 0, path);
});
for (const [name, path, text, says] of [
  ['upwards', 'engine/ops/x.ts', "import { audit } from '../../experiments/index.ts';", /engine\/ may import nothing/],
  ['upwards, for types', 'data/x.ts', "import type { Target } from '../attacks/index.ts';", /data\/ may import engine/],
  ['upwards, as re-export', 'data/x.ts', "export * from '../cli/files.ts';", /data\/ may import engine/],
  ['upwards, when called', 'attacks/x.ts', "const cli = await import('../cli/files.ts');", /attacks\/ may import/],
  ['upwards, inside a type', 'data/x.ts', "let t: import('../attacks/index.ts').Target;", /data\/ may import/],
  [
    'an attack on a defence',
    'attacks/x.ts',
    "import { defended } from '../defenses/index.ts';",
    /attacks\/ may import/,
  ],
  ['attack on kernels', 'attacks/x.ts', "import { families } from '../engine/kernels/index.ts';", /through its index/],
  ['past an index.ts', 'experiments/x.ts', "import { take } from '../data/dataset.ts';", /through its index/],
  [
    'past an index.ts within a folder',
    'engine/train/x.ts',
    "import { sum } from '../ops/sum.ts';",
    /through its index/,
  ],
  ['deep index.ts', 'experiments/x.ts', "import { exp } from '../attacks/metrics/index.ts';", /through its index/],
  ['a door for others', 'attacks/x.ts', "import { sgd } from '../engine/optim/index.ts';", /through its index/],
  ['upwards within the engine', 'engine/tensor/x.ts', "import { sum } from '../ops/index.ts';", /higher line/],
  ['unknown folder', 'utils/x.ts', '', /MAY_IMPORT has no row for utils/],
  ['assembly that climbs', 'assembly/x.ts', "import { exp } from '../engine/math/index.ts';", /nothing above/],
] as const) {
  layers(`finds: ${name}`, () => one(importFaults([file(path, text)]), says));
}
layers('finds: a circle', () => {
  const [a, b] = [file('data/a.ts', "import './b.ts';"), file('data/b.ts', "export * from './a.ts';")];
  one(importCircles([a, b]), /data\/a\.ts -> data\/b\.ts -> data\/a\.ts/);
  none(importCircles([a, file('data/b.ts', "import type { A } from './a.ts';")]));
  const [pad, slice] = [
    file('engine/ops/pad.ts', "import './slice.ts';"),
    file('engine/ops/slice.ts', "import './pad.ts';"),
  ];
  none(importCircles([pad, slice]));
});

const rules = suite('rules for source files');

rules('Node only where Node is', () => none(sources.flatMap(nodeFaults)));
rules('finds: Node elsewhere', () => {
  one(nodeFaults(file('data/x.ts', "import { readFile } from 'node:fs/promises';")), /#platform/);
  one(nodeFaults(file('data/x.ts', "import path from 'path';")), /#platform/);
  one(nodeFaults(file('engine/x.ts', 'const home = process.env.HOME;')), /process/);
  one(nodeFaults(file('engine/x.ts', "Buffer.from('a')")), /Buffer/);
  none(nodeFaults(file('engine/platform/node.ts', "import 'node:fs';")));
});

rules('no maths whose bits depend on the engine', () => none(sources.flatMap(inexactFaults)));
rules('finds: such maths', () => {
  for (const text of ['Math.exp(1)', 'Math.random()', "Math['exp'](1)", 'const { exp } = Math;', 'x ** y', 'x ** 0.5'])
    one(inexactFaults(file('engine/nn/x.ts', text)), /differ between engines/);
  one(inexactFaults(file('tests/x.ts', 'Math.random()')), /Math\.random/);
  none(inexactFaults(file('engine/nn/x.ts', 'x ** 2 + 2 ** n - Math.sqrt(x) // Math.exp')));
  none(inexactFaults(file('engine/kernels/families/x.ts', 'Math.exp(x) ** y')));
});

rules(`no file of more than ${MAX_LINES} lines`, () =>
  none(files.filter((f) => /\.(ts|mjs|js|html|css)$/.test(f)).flatMap((f) => lengthFaults(read(f)))),
);
rules('finds: a long file', () => {
  one(lengthFaults(file('x.ts', 'a\n'.repeat(MAX_LINES + 1))), /401 lines/);
  none(lengthFaults(file('x.ts', 'a\n'.repeat(MAX_LINES))));
});

rules('imports name existing files with .ts, and dependencies', () => {
  const exists = (path: string) => known.has(path) || path.includes('/fixtures/');
  // examples are written as their readers would: with the package's own name
  const inExamples = new Set([...dependencies, manifest.name]);
  none(
    published.flatMap((s) =>
      specifierFaults(s, exists, s.path.startsWith('bench/examples/') ? inExamples : dependencies),
    ),
  );
  none(sources.filter((s) => s.path.startsWith('tests/')).flatMap((s) => specifierFaults(s, exists, allPackages)));
});
rules('finds: other imports', () => {
  const fault = (text: string) => specifierFaults(file('data/x.ts', text), (p) => p === 'data/y.ts', dependencies);
  one(fault("import './y.js';"), /ending \.ts/);
  one(fault("import './y';"), /ending \.ts/);
  one(fault("import './z.ts';"), /no such file/);
  one(fault("import 'fast-check';"), /do not get/);
  none(fault("import './y.ts'; import 'csv-parse/sync'; import '@assemblyscript/loader'; import '#platform';"));
});

rules('no paths of one machine', () => {
  const texts = files.filter((f) => /\.(ts|mjs|js|json|md|html|css|txt|svg|yml)$|^\.[\w./-]+$/.test(f));
  none(texts.flatMap((f) => machineFaults(read(f))));
});
rules('finds: paths of one machine', () => {
  for (const path of [
    ['', 'work', 'x'],
    ['', 'home', 'ada', 'x'],
    ['', 'root', 'x'],
    ['', 'Users', 'ada', 'x'],
  ])
    one(machineFaults(file('x.ts', `const a = '${path.join('/')}';`)), /one machine/);
  none(machineFaults(file('x.ts', "'/usr/bin/chromium', '../home/x', 'https://example.org/home/'")));
});

rules('the lock file suits every registry and platform', () => none(lockFaults(read('package-lock.json'))));
rules('finds: a lock file that does not', () => {
  const lock = (packages: object) => file('package-lock.json', JSON.stringify({ packages }, null, 1));
  one(lockFaults(lock({ 'node_modules/a': { resolved: 'https://registry.npmjs.org/a.tgz' } })), /download/);
  one(lockFaults(lock({ 'node_modules/a': { optionalDependencies: { b: '1' } } })), /misses b/);
  none(lockFaults(lock({ 'node_modules/a': { optionalDependencies: { b: '1' } }, 'node_modules/b': {} })));
});

rules('version.ts, package.json and the lock file agree', () => {
  const lock = JSON.parse(read('package-lock.json').text) as { version: string };
  assert.is(VERSION, manifest.version);
  assert.is(lock.version, manifest.version);
});
