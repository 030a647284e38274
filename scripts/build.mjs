// npm run build: the two wasm builds from assembly/, then dist/: declarations, bundles for Node and for browsers, and the
// files that the bundles read.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, rmSync, statSync } from 'node:fs';
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

for (const target of ['base', 'relaxed']) {
  run(`kernels ${target}:`, 'node_modules/assemblyscript/bin/asc.js', ['assembly/index.ts', '--target', target]);
  shrinkKernels(`${root}/assembly/build/keyhole.${target}.wasm`);
}
if (kernelsOnly) process.exit(0);

rmSync(`${root}/dist`, { recursive: true, force: true });
run('declarations:', 'node_modules/typescript/bin/tsc', ['-p', 'tsconfig.build.json']);
run('node bundle:', 'scripts/bundle-node.mjs', []);
run('browser bundle:', 'scripts/bundle.mjs', []);
for (const target of ['base', 'relaxed']) {
  const file = `assembly/build/keyhole.${target}.wasm`;
  console.log(`${file}: ${statSync(`${root}/dist/${file}`).size} bytes`);
}
// With whom to thank for the embedded data.
cpSync(`${root}/data/embedded`, `${root}/dist/data/embedded`, { recursive: true });
chmodSync(`${root}/dist/cli/main.js`, 0o755);
