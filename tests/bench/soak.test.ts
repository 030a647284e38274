import { growth, type Progress, progressLine, smallNets, soak, type Usage } from '../../bench/soak.ts';
import { createEngine, type Engine } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';

const test = suite('soak');

for (const threads of [1, 2]) {
  test(`600 mixed steps of three small nets, threads: ${threads}: memory is flat, and left as it was found`, async () => {
    const engine = await createEngine({ threads });
    try {
      await engine.startThreads();
      const before = engine.stats();
      const seen: Progress[] = [];
      const { faults, steps } = soak(engine, {
        steps: 600,
        nets: smallNets,
        onProgress: (p) => seen.push(p),
        every: 20,
      });
      assert.equal(faults, []);
      assert.is(steps, 648);
      assert.is(seen.at(-1)!.done, 600);
      assert.ok(seen.every((p) => p.secondsLeft >= 0 && p.rss > p.liveBytes));
      assert.equal([engine.stats().liveBytes, engine.stats().tensors], [before.liveBytes, before.tensors]);
    } finally {
      engine.dispose();
    }
  });
}

test('a step that leaves something behind is found', async () => {
  const engine: Engine = await createEngine();
  const kept = engine.memory.root;
  const { alloc } = engine.memory;
  let calls = 0;
  engine.memory.alloc = (dtype, length, op) => {
    const storage = alloc.call(engine.memory, dtype, length, op);
    if (++calls % 1000 === 0) engine.memory.move(storage, kept);
    return storage;
  };
  const { faults } = soak(engine, { steps: 100, nets: smallNets.slice(0, 1) });
  assert.ok(faults.some((fault) => fault.startsWith('liveBytes: expected')));
  assert.ok(faults.some((fault) => fault.startsWith('tensors: expected')));
});

test('only the process may grow, within its bound; progress says what is left', () => {
  const usage: Usage = { liveBytes: 10, reservedBytes: 20, wasmBytes: 65536, tensors: 3, rss: 1e8 };
  assert.equal(growth(usage, { ...usage, rss: 1e8 + 60e6 }), []);
  assert.match(
    growth(usage, { ...usage, rss: 1e8 + 70e6 }).join(),
    /^rss: grew by 70000000 bytes, more than 67108864$/,
  );
  assert.is(growth(usage, { ...usage, reservedBytes: 84, wasmBytes: 131072 }).length, 2);
  assert.is(
    progressLine({ ...usage, done: 5, steps: 10, secondsLeft: 65 }),
    '5 of 10 steps, 1 min 5 s left; live 0.0 MB, wasm 0.1 MB, rss 100.0 MB',
  );
});
