/** What stays flat over long runs, what is said when it does not, and addresses above 2 GiB. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createEngine, type Engine, ops, type Tensor } from '../../engine/index.ts';
import { getOp, opNames } from '../../engine/ops/index.ts';
import { assert, suite } from '../harness.ts';
import { testEngine } from '../support/engine.ts';
import { call, sampleTensors, sampleValues } from '../support/op-samples.ts';

const shared = await testEngine();

const flat = suite('memory stays flat');

flat('100,000 short runs', async () => {
  const engine = shared;
  const w = engine.tensor([1, 2, 3, 4], [2, 2]);
  const step = (i: number) =>
    engine.run('step', () => {
      const x = engine.full([1 + (i % 7), 2], 0.5);
      return ops.sum(ops.matmul(x, w)).item();
    });
  for (let i = 0; i < 7; i++) step(i);
  const before = engine.stats();
  for (let i = 0; i < 100_000; i++) step(i);
  const after = engine.stats();
  assert.is(after.wasmBytes, before.wasmBytes);
  assert.is(after.liveBytes, before.liveBytes);
  assert.is(after.tensors, before.tensors);
  w.dispose();
});

/** Collects what nobody can reach, and lets the finalisers run. */
async function collect(until: () => boolean): Promise<void> {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  for (let i = 0; i < 20 && !until(); i++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const root = suite('tensors outside every scope');

async function warnings(during: () => Promise<void>): Promise<string[]> {
  const said: string[] = [];
  const { warn } = console;
  console.warn = (text: string) => said.push(text);
  try {
    await during();
  } finally {
    console.warn = warn;
  }
  return said;
}

root('a root that keeps growing warns once per doubling, naming the op', async () => {
  const engine = await createEngine();
  const held: Tensor[] = [];
  const said = await warnings(async () => {
    const x = engine.scalar(1);
    for (let i = 0; i < 25_000; i++) held.push(ops.neg(x));
  });
  assert.is(said.length, 2);
  assert.match(said[0]!, /10000 tensors live outside every scope, 9999 of them made by affine.*engine\.run/);
  assert.match(said[1]!, /20000 tensors/);
});

root('tensors that move out of a scope count where they end', async () => {
  const engine = await createEngine();
  const said = await warnings(async () => {
    for (let i = 0; i < 12_000; i++) engine.run('step', () => engine.scalar(i)).dispose();
  });
  assert.equal(said, []);
});

root('the garbage collector gives back what nobody can reach', async () => {
  const engine = await createEngine();
  const idle = engine.stats();
  const lose = () => {
    for (let i = 0; i < 500; i++) {
      engine.zeros([100]);
      engine.zeros([100], 'f64');
    }
  };
  const kept = engine.full([10], 7);
  lose();
  const full = engine.stats();
  assert.ok(full.liveBytes >= idle.liveBytes + 500 * 1200);
  await collect(() => engine.stats().tensors === idle.tensors + 1);
  assert.is(engine.stats().tensors, idle.tensors + 1);
  assert.is(engine.stats().byScope['root'], 40);
  assert.ok(kept.toArray().every((v) => v === 7));
  kept.dispose();
  assert.is(engine.stats().liveBytes, idle.liveBytes);
});

root('collected tensors no longer count in the warning', async () => {
  const engine = await createEngine();
  const lose = () => {
    for (let i = 0; i < 9_000; i++) engine.zeros([1]);
  };
  lose();
  await collect(() => engine.stats().tensors === 0);
  assert.is(engine.stats().tensors, 0);
  const held: Tensor[] = [];
  const said = await warnings(async () => {
    for (let i = 0; i < 4_000; i++) held.push(engine.zeros([1]));
    for (let i = 0; i < 6_000; i++) held.push(engine.scalar(1));
  });
  assert.match(said.join(), /10000 tensors live outside every scope, 6000 of them made by tensor/);
});

const high = suite('addresses above 2 GiB');

/** The results of every op on its samples, made above an address. */
function everyOp(engine: Engine, seed: number, above = 0): string[] {
  const all: string[] = [];
  for (const name of opNames()) {
    const op = getOp(name);
    for (const sample of op.samples) {
      const values = sampleValues(op, sample, seed);
      engine.run('op', () => {
        const y = call(op, sampleTensors(engine, op, sample, values, 'f32'), sample);
        if (y.dtype === 'f64') return;
        assert.ok(y.ptr > above, `${name} ran at ${y.ptr}`);
        all.push(`${name} ${sample.name} ${y.toArray()}`);
      });
    }
  }
  return all;
}

for (const gib of [2.25, 3.75]) {
  high(`every op gives the same bits beyond ${gib} GiB`, async ({ seed, skip }) => {
    const engine = await createEngine();
    // untouched pages cost nothing: only the address space is taken
    let filler: Tensor;
    try {
      filler = engine.alloc([gib * 2 ** 28]);
    } catch {
      return skip(`no ${gib} GiB of address space`);
    }
    assert.ok(engine.alloc([1]).ptr > gib * 2 ** 30);
    assert.equal(everyOp(engine, seed, gib * 2 ** 30), everyOp(shared, seed));
    filler.dispose();
  });
}
