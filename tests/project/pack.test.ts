/** The package as users get it: packed, unpacked in an empty project with nothing but its declared dependencies. */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { assert, atEnd, suite } from '../harness.ts';
import { machineFaults } from './checks/rules.ts';
import { projectFiles, ROOT, read } from './checks/source.ts';

const test = suite('the packed package');
const SLOW = { timeout: 240_000 };

interface Manifest {
  readonly bin: Record<string, string>;
  readonly dependencies: Record<string, string>;
  readonly exports: Record<string, string | Record<string, string>>;
}

function run(command: string, args: readonly string[], cwd: string): string {
  // without the coverage and the module conditions of this process: users have neither
  const env = { ...process.env, NODE_V8_COVERAGE: '', NODE_OPTIONS: '' };
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env, encoding: 'utf8' });
  if (status !== 0)
    throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? `exit ${status}`}\n${stdout}${stderr}`);
  return stdout;
}

/** Builds dist/ unless it is newer than all that goes into it. */
function freshBuild(): void {
  const made = join(ROOT, 'dist/browser/keyhole.js');
  const sources = projectFiles().filter((f) =>
    /^(assembly|engine|data|attacks|defenses|experiments|cli|bench|scripts)\//.test(f),
  );
  const newest = Math.max(
    ...[...sources, 'package.json', 'tsconfig.build.json'].map((f) => statSync(join(ROOT, f)).mtimeMs),
  );
  if (!existsSync(made) || statSync(made).mtimeMs < newest) run('npm', ['run', 'build'], ROOT);
}

let installed: { folder: string; files: readonly string[]; manifest: Manifest } | undefined;

/** A project with the packed package in its node_modules, and links to the dependencies that it declares. */
function consumer() {
  if (installed) return installed;
  freshBuild();
  const folder = mkdtempSync(join(tmpdir(), 'keyhole-consumer-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const [packed] = JSON.parse(
    run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], ROOT),
  ) as [{ filename: string; files: { path: string }[] }];
  const target = join(folder, 'node_modules/keyhole');
  mkdirSync(target, { recursive: true });
  run('tar', ['xzf', join(folder, packed.filename), '--strip-components=1', '-C', target], folder);
  const manifest = JSON.parse(readFileSync(join(target, 'package.json'), 'utf8')) as Manifest;
  for (const name of Object.keys(manifest.dependencies)) {
    const link = join(folder, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), link, 'dir');
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }\n');
  installed = { folder, files: packed.files.map((f) => f.path), manifest };
  return installed;
}

const code = (folder: string, name: string, text: string) => writeFileSync(join(folder, name), text);

test(
  'holds what is built and what is read, nothing else',
  () => {
    const { files } = consumer();
    const expected = /^(package\.json|README\.md|LICENSE|docs\/[\w-]+\.md|dist\/.+)$/;
    assert.equal(
      files.filter((f) => !expected.test(f)),
      [],
    );
    for (const needed of ['README.md', 'LICENSE', 'dist/browser/LICENCES.txt', 'dist/engine/platform/LICENCES.txt'])
      assert.ok(files.includes(needed), needed);
    assert.equal(
      files.filter((f) => f.endsWith('.ts') && !f.endsWith('.d.ts')),
      [],
    );
  },
  SLOW,
);

test(
  'names no path of the machine that built it',
  () => {
    const { folder, files } = consumer();
    const text = files.filter((f) => /\.(js|ts|json|map|md)$/.test(f));
    const faults = text.flatMap((f) => machineFaults(read(f, join(folder, 'node_modules/keyhole'))));
    assert.equal(faults, []);
  },
  SLOW,
);

test(
  'every target of the exports map is there, with types',
  () => {
    const { files, manifest } = consumer();
    for (const [entry, value] of Object.entries(manifest.exports)) {
      const targets = typeof value === 'string' ? { default: value } : value;
      for (const [condition, path] of Object.entries(targets)) {
        if (condition !== 'keyhole-source') assert.ok(files.includes(path.slice(2)), `${entry}: ${condition}: ${path}`);
      }
      if (typeof value === 'string') continue;
      // conditions are tried in order: after "types", nothing that is code may hide them
      const order = Object.keys(value).filter((condition) => condition !== 'keyhole-source');
      assert.equal(order, ['types', 'default'], entry);
    }
  },
  SLOW,
);

test(
  'its threads start',
  () => {
    const { folder } = consumer();
    code(
      folder,
      'threads.mjs',
      `import { createEngine, ops } from 'keyhole/engine';
       const engine = await createEngine({ threads: 2, minWork: 0 });
       await engine.startThreads();
       console.log(engine.threads, ops.abs(engine.full([100], -2)).view()[99]);`,
    );
    assert.is(run('node', ['threads.mjs'], folder), '{ asked: 2, running: 2, reason: null } 2\n');
  },
  SLOW,
);

test(
  'its models train at the same time',
  () => {
    const { folder } = consumer();
    const keyhole = join(folder, 'node_modules/keyhole/dist/cli/main.js');
    const args = [
      'audit',
      '--model',
      'softmax',
      '--epochs',
      '1',
      '--attacks',
      'confidence',
      '--threads',
      '2',
      '--json',
    ];
    const { threads } = JSON.parse(run('node', [keyhole, ...args, '--quiet'], folder)) as { threads: unknown };
    assert.equal(threads, { how: 'models', count: 2 });
  },
  SLOW,
);

test(
  'plain node imports every entry, trains and audits',
  () => {
    const { folder } = consumer();
    code(
      folder,
      'use.mjs',
      `import { readFileSync } from 'node:fs';
     import { createRequire } from 'node:module';
     import { fileURLToPath } from 'node:url';
     import * as keyhole from 'keyhole';
     import * as engine from 'keyhole/engine';
     import * as data from 'keyhole/data';
     import * as attacks from 'keyhole/attacks';
     import * as defenses from 'keyhole/defenses';
     import * as browser from 'keyhole/browser';
     import * as browserEngine from 'keyhole/browser/engine';
     import * as browserTrain from 'keyhole/browser/train';
     import * as browserPrivacy from 'keyhole/browser/privacy';
     import * as browserDefenses from 'keyhole/browser/defenses';
     import * as evasion from 'keyhole/evasion';
     import * as browserEvasion from 'keyhole/browser/evasion';
     import * as robustness from 'keyhole/robustness';
     import * as browserRobustness from 'keyhole/browser/robustness';
     import * as privacy from 'keyhole/privacy';
     import { exportOnnx } from 'keyhole/export';
     import * as report from 'keyhole/browser/report';
     const { audit, createEngine, loadSet } = keyhole;
     const { record } = await audit(await createEngine(), await loadSet('digits'), { epochs: 1 });
     const team = await createEngine({ threads: 2 });
     await team.startThreads();
     const wasm = (build) => {
       const bytes = readFileSync(fileURLToPath(import.meta.resolve('keyhole/kernels/' + build + '.wasm')));
       return WebAssembly.validate(bytes.subarray(0, 8)) && bytes.length > 10000;
     };
     console.log(JSON.stringify({
       // one copy of each class and function, whichever entry it comes from
       shared: [engine, data, attacks, defenses].map((entry) => Object.keys(entry).filter((name) => name in keyhole).length > 5),
       twins: [[engine, keyhole], [data, keyhole], [attacks, keyhole], [defenses, keyhole], [browserEngine, browser], [browserTrain, browser], [browserPrivacy, browser], [browserDefenses, browser], [privacy, keyhole], [evasion, keyhole], [browserEvasion, browser], [robustness, evasion], [browserRobustness, browserEvasion]].flatMap(([one, other]) =>
         Object.keys(one).filter((name) => name in other && one[name] !== other[name] && typeof one[name] === 'function')),
       tensor: (await engine.createEngine()).zeros([2]) instanceof keyhole.Tensor,
       threads: team.threads.running,
       attacks: record.attacks.length > 10 && record.attacks.every(({ name }) => name in attacks.membershipAttacks),
       browser: typeof browser.createEngine,
       train: typeof browserTrain.fit + ' ' + typeof browserEngine.fit,
       trainTensor: browserTrain.Tensor === browserEngine.Tensor,
       defenses: typeof browserDefenses.trainDefended,
       evasion: [evasion, browserEvasion].map((entry) => typeof entry.runEvasionAttack + ' ' + Object.keys(entry.evasionAttacks).includes('pgd')),
       robustness: [robustness, browserRobustness].map((entry) => typeof entry.evaluateRobustness),
       report: typeof report.renderAuditReport,
       onnx: exportOnnx(keyhole.Classifier.create(team, keyhole.namedModel('softmax', [4], 2))).length > 100,
       base: wasm('base'),
       relaxed: wasm('relaxed'),
       privacy: (await engine.addKernels(team, 'privacy'), team.threads.running),
       version: createRequire(import.meta.url)('keyhole/package.json').version === record.version,
       inside: await import('keyhole/dist/engine/errors.js').then(() => 'open', (e) => e.code),
     }));`,
    );
    assert.equal(JSON.parse(run(process.execPath, ['use.mjs'], folder)), {
      shared: [true, true, true, true],
      twins: [],
      tensor: true,
      threads: 2,
      attacks: true,
      browser: 'function',
      train: 'function undefined',
      trainTensor: true,
      defenses: 'function',
      evasion: ['function true', 'function true'],
      robustness: ['function', 'function'],
      report: 'function',
      onnx: true,
      base: true,
      relaxed: true,
      privacy: 2,
      version: true,
      inside: 'ERR_PACKAGE_PATH_NOT_EXPORTED',
    });
  },
  SLOW,
);

for (const [module, resolution] of [
  ['NodeNext', 'NodeNext'],
  ['ESNext', 'bundler'],
] as const) {
  test(
    `types check in a strict project, module resolution ${resolution}`,
    () => {
      const { folder } = consumer();
      code(
        folder,
        'use.ts',
        `import { type AuditRecord, audit, createEngine, loadSet, type Tensor, VERSION } from 'keyhole';
       import { createEngine as make, Classifier } from 'keyhole/engine';
       import { loadSet as load, type Dataset } from 'keyhole/data';
       import { allMembershipAttacks, type MembershipAttack } from 'keyhole/attacks';
       import { allDefenses, trainDefended, type DefenseDef } from 'keyhole/defenses';
       import * as browser from 'keyhole/browser';
       import { Tensor as PageTensor } from 'keyhole/browser/engine';
       import { fit as pageFit } from 'keyhole/browser/train';
       import { fitPrivate } from 'keyhole/privacy';
       import { type DpEvent, fitPrivate as pageFitPrivate } from 'keyhole/browser/privacy';
       import { renderAuditReport } from 'keyhole/browser/report';
       const spent: DpEvent = { kind: 'gaussian', noiseMultiplier: 1 };
       const digits: Dataset = await load('digits');
       const { record, target } = await audit(await make({ build: 'base' }), digits, { epochs: 1 });
       const typed: AuditRecord = record;
       const saved: Uint8Array = (target satisfies Classifier).save();
       const first: MembershipAttack | undefined = allMembershipAttacks[0];
       const defence: DefenseDef | undefined = allDefenses[0];
       const defending: typeof trainDefended = trainDefended;
       const page: Promise<browser.Engine> = browser.createEngine();
       const rows: browser.data.Dataset = await browser.data.loadSet('iris');
       const t: Tensor & PageTensor = (await createEngine()).zeros([2]);
       const html: string = renderAuditReport(typed);
       // @ts-expect-error: builds have names
       createEngine({ build: 'fast' });
       export { defence, defending, first, fitPrivate, html, loadSet, page, pageFit, pageFitPrivate, rows, spent, saved, t, VERSION };`,
      );
      const compilerOptions = {
        module,
        moduleResolution: resolution,
        target: 'ES2022',
        lib: ['ES2022', 'DOM'],
        types: [],
        strict: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        skipLibCheck: false,
        noEmit: true,
      };
      code(folder, 'tsconfig.json', JSON.stringify({ compilerOptions, files: ['use.ts'] }));
      run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', folder], folder);
    },
    SLOW,
  );
}

test(
  'bundles for a browser from the main entry too, without a Node built-in',
  async () => {
    const { folder } = consumer();
    code(folder, 'page.js', "import { createEngine } from 'keyhole';\nexport const engine = await createEngine();\n");
    const result = await build({
      absWorkingDir: folder,
      entryPoints: ['page.js'],
      bundle: true,
      format: 'esm',
      platform: 'browser',
      write: false,
      logLevel: 'silent',
    });
    assert.not.match(result.outputFiles[0]!.text, /from ?["']node:/);
  },
  SLOW,
);

test(
  'the keyhole command runs',
  ({ skip }) => {
    const { folder, files, manifest } = consumer();
    const bin = manifest.bin['keyhole']!;
    if (!files.includes(bin)) skip(`${bin} is not built`);
    const main = join(folder, 'node_modules/keyhole', bin);
    assert.match(readFileSync(main, 'utf8'), /^#!\/usr\/bin\/env node\n/);
    const listed: unknown = JSON.parse(run(process.execPath, [main, 'list', 'attacks', '--json'], folder));
    assert.match(JSON.stringify(listed), /"shadow-logistic"/);
    // finds its child process and the kernels' files among the bundles
    const bench = JSON.parse(
      run(process.execPath, [main, 'bench', '^startup/import$', '--samples=1', '--json'], folder),
    ) as {
      readonly rows: { readonly name: string }[];
      readonly machine: { readonly builds: { readonly bytes: number }[] };
    };
    assert.is(bench.rows[0]!.name, 'startup/import');
    assert.ok(bench.machine.builds[0]!.bytes > 10_000);
  },
  SLOW,
);
