// npm run build: the two wasm builds from assembly/, then TypeScript to dist/ with the wasm beside it.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

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
}
if (kernelsOnly) process.exit(0);

rmSync(`${root}/dist`, { recursive: true, force: true });
run('typescript:', 'node_modules/typescript/bin/tsc', ['-p', 'tsconfig.build.json']);
run('browser bundle:', 'scripts/bundle.mjs', []);
mkdirSync(`${root}/dist/assembly/build`, { recursive: true });
for (const target of ['base', 'relaxed']) {
  const file = `assembly/build/keyhole.${target}.wasm`;
  cpSync(`${root}/${file}`, `${root}/dist/${file}`);
  console.log(`${file}: ${statSync(`${root}/${file}`).size} bytes`);
}
// What a worker thread runs is plain JavaScript, which the compiler leaves alone.
cpSync(`${root}/engine/threads/worker.mjs`, `${root}/dist/engine/threads/worker.mjs`);
// The embedded data sets lie beside the code that reads them.
cpSync(`${root}/data/embedded`, `${root}/dist/data/embedded`, { recursive: true });
const bin = `${root}/dist/cli/main.js`;
if (existsSync(bin)) chmodSync(bin, 0o755);
