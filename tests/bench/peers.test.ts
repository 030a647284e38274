import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Job } from '../../bench/job.ts';
import { openPeers, peerVersions } from '../../bench/peers.ts';
import { ConfigError } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';

const test = suite('bench: peers');

// A stand-in for tfjs.mjs and jax.mjs: greets, answers products, refuses steps.
const standIn = (engine: string) => `
import { createInterface } from 'node:readline';
if (process.argv.includes('--startup')) {
  console.log(JSON.stringify({ build: 'base', import: 1, engine: 2, product: 3 }));
} else for await (const line of createInterface({ input: process.stdin })) {
  const { name, amount, unit, spec } = JSON.parse(line);
  console.log('a greeting');
  const rated = { build: 'base', threads: 1, value: amount * spec.m, unit, low: 1, high: 9 };
  console.log(JSON.stringify(
    spec.kind === 'sgemm' ? { row: { name, engine: '${engine}', ...rated }, ...(spec.transA && { note: '${engine}: with help' }) }
    : spec.kind === 'step' ? { note: '${engine} ' + name + ': no such kernel' }
    : spec.kind === 'peak' ? process.exit(1)
    : { nothing: true }));
}`;

async function withPeers(use: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = `${mkdtempSync(join(tmpdir(), 'keyhole-peers-'))}/`;
  try {
    for (const [script, engine, name] of [
      ['tfjs.mjs', 'tfjs-wasm', '@tensorflow/tfjs-backend-wasm'],
      ['jax.mjs', 'jax-js', '@jax-js/jax'],
    ] as const) {
      mkdirSync(`${folder}node_modules/${name}`, { recursive: true });
      writeFileSync(`${folder}node_modules/${name}/package.json`, JSON.stringify({ name, version: '9.8.7' }));
      writeFileSync(folder + script, standIn(engine));
    }
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const job = (name: string): Job => ({
  name,
  work: { amount: 2, unit: 'GFLOP/s' },
  milliseconds: 0,
  run: () => Promise.resolve([]),
});

test('without their packages the error says what installs them', () => {
  const folder = `${mkdtempSync(join(tmpdir(), 'keyhole-peers-'))}/`;
  try {
    for (const start of [() => void peerVersions(folder), () => void openPeers(() => {}, folder)]) {
      assert.throws(start, (error: Error) => {
        assert.instance(error, ConfigError);
        assert.match(error.message, /expected @tensorflow\/tfjs-backend-wasm and @jax-js\/jax in bench\/peers/);
        assert.match(error.message, /Install with: npm ci --prefix bench\/peers$/);
        return true;
      });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test(
  'each job goes to each peer: rows, what it cannot do said once, silence for what is not its own',
  () =>
    withPeers(async (folder) => {
      assert.equal(peerVersions(folder), [
        { engine: 'tfjs-wasm', version: '9.8.7' },
        { engine: 'jax-js', version: '9.8.7' },
      ]);
      const notes: string[] = [];
      const peers = openPeers((note) => notes.push(note), folder);
      try {
        const rows = await peers.measure(job('sgemm/3x4x5'), { milliseconds: 0 });
        assert.equal([...new Set(rows.map((row) => row.engine))], ['tfjs-wasm', 'jax-js']);
        for (const row of rows) assert.equal([row.name, row.value], ['sgemm/3x4x5', 6]);
        for (let i = 0; i < 2; i++) {
          const helped = await peers.measure(job('sgemm/3x4x5/tn'), { milliseconds: 0 });
          assert.ok(helped.length >= 2);
        }
        assert.equal(notes.splice(0), ['tfjs-wasm: with help', 'jax-js: with help']);
        assert.equal(await peers.measure(job('relu/n4'), {}), []);
        assert.equal(await peers.measure(job('step/cifar/b64'), {}), []);
        assert.equal(notes, ['tfjs-wasm step/cifar/b64: no such kernel', 'jax-js step/cifar/b64: no such kernel']);
        const [started] = await peers.measure(job('startup/engine'), { samples: 1 });
        assert.equal([started!.engine, started!.unit, started!.value], ['tfjs-wasm', 'ms', 2]);
      } finally {
        peers.close();
      }
    }),
  { timeout: 60_000 },
);

test('a peer that ends without an answer is an error', () =>
  withPeers(async (folder) => {
    const peers = openPeers(() => {}, folder);
    try {
      const failed = await peers.measure(job('peak/fma-f32x4'), {}).catch((error: unknown) => error);
      assert.instance(failed, Error);
      assert.match((failed as Error).message, /tfjs\.mjs ended before it answered/);
    } finally {
      peers.close();
    }
  }));
