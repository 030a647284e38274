/** Engines with threads: the same weights for any number, workers that start late, sleep when idle and never outstay. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import {
  createEngine,
  type Engine,
  namedModel,
  nn,
  ops,
  optim,
  Rng,
  tensorsOf,
  valueAndGrad,
} from '../../engine/index.ts';
import { withSharedMemory } from '../../engine/kernels/shared-memory.ts';
import { assert, suite } from '../harness.ts';
import { threadedEngine } from '../support/engine.ts';

const BASE = new URL('../../assembly/build/keyhole.base.wasm', import.meta.url);
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The weights after three steps, as words. */
function trained(engine: Engine, name: string, batch: number): number[] {
  const shape = name === 'cifar' ? [16, 16, 3] : [28, 28, 1];
  return engine.run('training', () => {
    const rng = Rng.from(1);
    const model = namedModel(name, shape, 10);
    const params = model.init({ engine, rng: rng.split('init'), dtype: 'f32' });
    const optimizer = optim.sgd({ learningRate: 0.05, momentum: 0.9 });
    let state = optimizer.init(params);
    const size = shape.reduce((a, b) => a * b);
    for (let step = 0; step < 3; step++) {
      const values = Float32Array.from({ length: batch * size }, () => rng.uniform());
      const x = engine.tensor(values, [batch, ...shape]);
      const y = engine.tensor(Int32Array.from({ length: batch }, () => rng.below(10)));
      const loss = (p: typeof params) => ops.mean(nn.losses.crossEntropy(model.apply(p, x, { mode: 'train' }), y));
      const { grads } = valueAndGrad(loss, params);
      state = optimizer.step(params, grads, state);
    }
    return tensorsOf(params).flatMap((t) => [...new Int32Array(t.toArray().buffer)]);
  });
}

const bits = suite('training on threads');
const [one, ...others] = await Promise.all([1, 2, 3].map((threads) => threadedEngine({ threads })));
for (const name of ['mlp', 'mnist', 'cifar']) {
  bits(`${name}: the same bits after three steps on 1, 2 and 3 threads`, async () => {
    const want = trained(one!, name, 5);
    assert.ok(new Set(want).size > want.length / 2, 'weights that differ');
    for (const engine of others) assert.ok(trained(engine, name, 5).every((word, i) => word === want[i]));
  });
}

bits('parts that a worker has not begun are taken back, with the same bits', async () => {
  const want = trained(one!, 'mlp', 5);
  const engine = await createEngine({ threads: 3, minWork: 1 });
  await engine.startThreads();
  assert.ok(trained(engine, 'mlp', 5).every((word, i) => word === want[i]));
  engine.dispose();
});

const test = suite('threads of an engine');

test('workers start with the first large launch, and until they are there it runs on one thread', async () => {
  const engine = await createEngine({ threads: 2 });
  assert.is(engine.threads.asked, 2);
  assert.is(engine.threads.running, 1);
  assert.match(engine.threads.reason!, /start with the first launch/);
  const small = engine.full([10], -1);
  const large = engine.full([1_000_000], -1);
  ops.abs(small);
  await sleep(100);
  assert.is(engine.threads.running, 1);
  assert.is(ops.abs(large).view()[999_999], 1);
  for (let i = 0; i < 100 && engine.threads.running < 2; i++) await sleep(50);
  assert.equal(engine.threads, { asked: 2, running: 2, reason: null });
  assert.is(ops.abs(large).view()[999_999], 1);
  engine.dispose();
});

test('one thread needs no shared memory and no workers', async () => {
  const engine = await createEngine();
  assert.instance(engine.module.memory.buffer, ArrayBuffer);
  assert.is(engine.team, null);
  assert.equal(engine.threads, { asked: 1, running: 1, reason: null });
  await engine.startThreads();
});

test('idle workers sleep', async () => {
  const engine = await createEngine({ threads: 3, minWork: 0 });
  await engine.startThreads();
  engine.run('work', () => ops.abs(engine.zeros([100])));
  await sleep(100);
  const before = process.cpuUsage();
  await sleep(300);
  const { user, system } = process.cpuUsage(before);
  assert.ok(user + system < 60_000, `${(user + system) / 1000} ms of processor time in 300 ms`);
  engine.dispose();
});

test('workers see memory that has grown since they started', async () => {
  const engine = await createEngine({ threads: 2, minWork: 0 });
  await engine.startThreads();
  const before = engine.stats().wasmBytes;
  for (let size = 1 << 18; size < 1 << 23; size *= 2) {
    engine.run('growth', () => {
      const y = ops.abs(engine.full([size], -3)).view();
      assert.is(y[0], 3);
      assert.is(y[size - 1], 3);
    });
  }
  assert.ok(engine.stats().wasmBytes > before + (1 << 25));
  engine.dispose();
});

for (const [name, ending] of [
  ['a process with workers ends by itself', ''],
  ['process.exit does not wait for them', 'process.exit(0);'],
]) {
  test(name!, () => {
    const engine = new URL('../../engine/index.ts', import.meta.url);
    const script = `
      import { createEngine, ops } from '${engine}';
      const engine = await createEngine({ threads: 3, minWork: 0 });
      await engine.startThreads();
      console.log(ops.abs(engine.full([100], -3)).view()[99], engine.threads.running);
      ${ending}`;
    const args = ['--conditions=keyhole-source', '--import', 'tsx', '--input-type=module', '--eval', script];
    const root = new URL('../..', import.meta.url);
    const env = { ...process.env, NODE_V8_COVERAGE: '' };
    assert.is(execFileSync(process.execPath, args, { cwd: root, env, encoding: 'utf8', timeout: 15_000 }), '3 3\n');
  });
}

test('where the memory cannot be shared: one thread, which says so', async () => {
  const bytes = readFileSync(BASE);
  const given = await createEngine({ threads: 2, wasm: await WebAssembly.compile(bytes) });
  assert.is(given.threads.running, 1);
  assert.match(given.threads.reason!, /`wasm` cannot share their memory: give the bytes/);
  const working = await createEngine({ threads: 2, wasm: bytes });
  await working.startThreads();
  assert.is(working.threads.running, 2);
  working.dispose();
});

test('a number of threads that is none', async () => {
  for (const threads of [0, 1.5, -1, 65, Number.NaN]) {
    const error = await createEngine({ threads }).catch((e: unknown) => e);
    assert.match((error as Error).message, /expected threads from 1 to 64/);
  }
});

const twin = suite('the threaded twin of a build');

twin('differs in one bit, which makes the imported memory shared', () => {
  for (const file of ['base', 'relaxed']) {
    const bytes = new Uint8Array(readFileSync(new URL(`keyhole.${file}.wasm`, BASE)));
    const shared = withSharedMemory(bytes)!;
    assert.is(shared.length, bytes.length);
    const changed = [...bytes.keys()].filter((i) => bytes[i] !== shared[i]);
    assert.is(changed.length, 1);
    assert.is(bytes[changed[0]!]! ^ shared[changed[0]!]!, 2);
  }
});

twin('is not made of a module without a memory to share', () => {
  const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const importing = (...entry: number[]) => Uint8Array.from([...header, 2, entry.length, ...entry]);
  assert.is(withSharedMemory(Uint8Array.from(header)), null);
  assert.is(withSharedMemory(importing(1, 0, 0, 2, 0, 1)), null); // no maximum
  assert.is(withSharedMemory(importing(1, 0, 0, 3, 0x7f, 0)), null); // a global
  assert.equal(
    withSharedMemory(importing(2, 0, 0, 0, 0, 0, 0, 2, 1, 1, 2)),
    importing(2, 0, 0, 0, 0, 0, 0, 2, 3, 1, 2),
  );
});
