/** The allocator: reuse of blocks, growth, the limit, and merging when nothing else is left. */
import { createEngine, type Engine, OutOfMemoryError, ops, type Tensor } from '../../engine/index.ts';
import { classBytes } from '../../engine/memory/pool.ts';
import { assert, suite } from '../harness.ts';
import { throwsError } from '../support/throws.ts';

const MIB = 1 << 20;

/** An engine whose tensors may take `room` bytes beyond what the kernels keep for themselves. */
async function roomFor(room: number): Promise<Engine> {
  const probe = await createEngine();
  const { heapBase } = probe.module;
  const maxBytes = Math.ceil((heapBase + probe.stats().liveBytes + room) / 65536) * 65536;
  return createEngine({ maxBytes });
}

const bytesOf = (e: Engine, bytes: number): Tensor => e.alloc([bytes / 4]);

const pool = suite('pool');

pool('a block goes back to the next tensor of its class', async () => {
  const engine = await roomFor(4 * MIB);
  const first = bytesOf(engine, 1000);
  const { ptr } = first;
  first.dispose();
  const { wasmBytes } = engine.stats();
  for (const bytes of [1000, 968, 1024]) {
    const next = bytesOf(engine, bytes);
    assert.is(next.ptr, ptr, `${bytes} bytes are of the same class`);
    next.dispose();
  }
  assert.is.not(bytesOf(engine, 1028).ptr, ptr);
  assert.is(engine.stats().wasmBytes, wasmBytes);
});

pool('classes hold what was asked for, waste at most an eighth, and are multiples of 64', () => {
  for (let bytes = 0; bytes < 2 ** 32; bytes = Math.ceil(bytes * 1.07) + 1) {
    const size = classBytes(bytes);
    assert.ok(size >= bytes && size % 64 === 0 && size >= 64, `${bytes} -> ${size}`);
    assert.ok(size <= Math.max(bytes * 1.125, bytes + 63, 64), `${bytes} -> ${size}`);
    assert.is(classBytes(size), size, `${size} is its own class`);
  }
});

pool('live blocks never overlap, are aligned, and free blocks are counted exactly', async ({ seed }) => {
  const engine = await roomFor(2 * MIB);
  const idle = engine.stats().liveBytes;
  let state = seed;
  const random = (n: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  const live: Tensor[] = [];
  let refused = 0;
  for (let i = 0; i < 4000; i++) {
    if (live.length > 0 && random(100) < 45) {
      live.splice(random(live.length), 1)[0]!.dispose();
    } else {
      try {
        const t = bytesOf(engine, 4 * (1 + random(random(2) ? 200 : 40_000)));
        t.view().fill(live.length);
        live.push(t);
      } catch (error) {
        assert.instance(error, OutOfMemoryError);
        refused++;
        live.splice(random(live.length), 1)[0]!.dispose();
      }
    }
    if (i % 100 !== 0) continue;
    const spans = live.map((t) => [t.ptr, t.ptr + t.size * 4] as const).sort((a, b) => a[0] - b[0]);
    for (const [k, [from]] of spans.entries()) {
      assert.is(from % 64, 0);
      assert.ok(k === 0 || spans[k - 1]![1] <= from, 'two live tensors overlap');
    }
  }
  assert.ok(refused > 0, 'the limit was reached, so that merging was tried');
  engine.free(live);
  assert.is(engine.stats().liveBytes, idle);
  // everything is free again, so nearly all of the room can be had as one block
  bytesOf(engine, 1.75 * MIB).dispose();
});

const limit = suite('memory limit');

limit('the error lists what was asked, what is live, the limit and the largest scopes', async () => {
  const engine = await roomFor(4 * MIB);
  const { liveBytes } = engine.stats();
  engine.run('small', () => {
    bytesOf(engine, 64 * 1024);
    engine.run('large', () => {
      bytesOf(engine, MIB);
      const { message } = throwsError(
        () => ops.add(engine.alloc([MIB * 2]), engine.scalar(1)),
        OutOfMemoryError,
        /^tensor: asked for 8388608 bytes with \d+ live and a limit of \d+\. Largest scopes: 'large' 1048576, 'small' 65536/,
      );
      assert.match(message, `${liveBytes + MIB + 64 * 1024} live`);
      assert.match(message, /Use smaller batches/);
    });
  });
});

limit('an engine goes on after the limit was reached', async () => {
  const engine = await roomFor(2 * MIB);
  throwsError(() => engine.run('step', () => void engine.zeros([MIB])), OutOfMemoryError, /^full: asked for/);
  const sum = engine.run('step', () => ops.sum(engine.ones([MIB / 4])).item());
  assert.is(sum, MIB / 4);
  assert.is(engine.memory.current, engine.memory.root);
});

limit('f64 tensors count against the same limit as the others', async () => {
  const engine = await roomFor(4 * MIB);
  engine.run('step', () => {
    engine.zeros([MIB / 2]); // 2 MiB of f32
    const room = engine.memory.limit - engine.stats().liveBytes;
    throwsError(() => engine.zeros([room / 8 + 1], 'f64'), OutOfMemoryError, /asked for \d+ bytes/);
    engine.zeros([room / 8], 'f64');
    throwsError(() => engine.zeros([16]), OutOfMemoryError, /asked for 64 bytes/);
  });
});

limit('limits that make no sense are refused', async () => {
  for (const maxBytes of [Number.NaN, -1, 0, 2 ** 32 + 1]) {
    let error: unknown;
    await createEngine({ maxBytes }).catch((e: unknown) => {
      error = e;
    });
    assert.match(String(error), /ConfigError: engine: expected maxBytes/);
  }
});

const merging = suite('free neighbours are merged when memory is exhausted');

merging('many small blocks become one large one', async () => {
  const engine = await roomFor(8 * MIB);
  engine.run('many', () => {
    for (let i = 0; i < 110; i++) bytesOf(engine, 64 * 1024); // 6.9 of 8 MiB
  });
  const { wasmBytes } = engine.stats();
  const large = bytesOf(engine, 6 * MIB);
  large.view().fill(1);
  assert.is(engine.stats().wasmBytes, wasmBytes, 'the memory need not grow for it');
  large.dispose();
});

merging('free blocks below the top join the space above it', async () => {
  const engine = await roomFor(8 * MIB);
  engine.run('many', () => {
    for (let i = 0; i < 64; i++) bytesOf(engine, 64 * 1024); // 4 of 8 MiB
  });
  bytesOf(engine, 7.5 * MIB).dispose();
});

merging('a live block in between is left alone', async () => {
  const engine = await roomFor(8 * MIB);
  const live = engine.run('many', () => {
    let kept: Tensor | undefined;
    for (let i = 0; i < 110; i++) {
      const t = engine.full([16 * 1024], i);
      if (i === 55) kept = t;
    }
    return kept!;
  });
  throwsError(() => bytesOf(engine, 6 * MIB), OutOfMemoryError, /asked for/);
  engine.run('halves', () => {
    bytesOf(engine, 3 * MIB)
      .view()
      .fill(-1);
    bytesOf(engine, 3 * MIB)
      .view()
      .fill(-1);
  });
  assert.ok(live.toArray().every((v) => v === 55));
});
