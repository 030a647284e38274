// npm run build: the wasm modules from assembly/, two builds of each, then dist/: declarations, bundles for Node and for browsers, and the
// files that the bundles read.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { shrinkKernels } from './shrink-kernels.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const kernelsOnly = process.argv.includes('--kernels');

function run(label, script, args) {
  const started = performance.now();
  const { status } = spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
  console.log(`${label} ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

/** Entries, and the targets of asconfig.json that they are compiled to, with the files. */
const kernels = [
  ...['base', 'relaxed'].flatMap((build) => [
    { entry: 'assembly/index.ts', target: build, file: `assembly/build/keyhole.${build}.wasm` },
    {
      entry: 'assembly/privacy/index.ts',
      target: `privacy-${build}`,
      file: `assembly/build/keyhole-privacy.${build}.wasm`,
    },
  ]),
  { entry: 'assembly/learn/index.ts', target: 'learn', file: 'assembly/build/keyhole-learn.wasm' },
];
for (const { entry, target, file } of kernels) {
  run(`kernels ${target}:`, 'node_modules/assemblyscript/bin/asc.js', [entry, '--target', target]);
  shrinkKernels(join(root, file));
}
if (kernelsOnly) process.exit(0);

rmSync(`${root}/dist`, { recursive: true, force: true });
run('declarations:', 'node_modules/typescript/bin/tsc', ['-p', 'tsconfig.build.json']);
run('node bundle:', 'scripts/bundle-node.mjs', []);
run('browser bundle:', 'scripts/bundle.mjs', []);
for (const { file } of kernels) {
  console.log(`${file}: ${statSync(`${root}/dist/${file}`).size} bytes`);
}
// With whom to thank for the embedded data.
cpSync(`${root}/data/embedded`, `${root}/dist/data/embedded`, { recursive: true });
chmodSync(`${root}/dist/cli/main.js`, 0o755);
