/** Workers that die: an error within a second, no hang, and an engine that goes on with new workers. */
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { createEngine, type Engine, ops, type Tensor, WorkerError } from '../../engine/index.ts';
import { assert, suite, type TestFunction } from '../harness.ts';

const FAILING = new URL('../support/failing-worker.mjs', import.meta.url);
const threads = process.getBuiltinModule('node:worker_threads');

const test = suite('workers that die');

/** Runs a test with a list of the workers that the engine starts, each from `file` if it is given. */
function withWorkers(fn: (started: Worker[], engine: Engine) => Promise<void>, file?: URL): TestFunction {
  return async () => {
    const started: Worker[] = [];
    threads.Worker = class extends Worker {
      constructor(url: string | URL, options?: WorkerOptions) {
        super(file ?? url, { ...options, ...(file && { resourceLimits: { maxOldGenerationSizeMb: 32 } }) });
        started.push(this);
      }
    };
    const engine = await createEngine({ threads: 2, minWork: 0 });
    try {
      await engine.startThreads();
      await fn(started, engine);
    } finally {
      threads.Worker = Worker;
      engine.dispose();
    }
  };
}

const half = (engine: Engine, f: (x: Tensor) => Tensor) =>
  engine.run('half', () => f(engine.full([1000], -0.5)).toArray());

/** The error of a call, which came within a second, or later where dying takes a while. */
function errorOf(fn: () => unknown, milliseconds = 1000): WorkerError {
  const started = performance.now();
  try {
    fn();
  } catch (error) {
    assert.instance(error, WorkerError);
    const after = performance.now() - started;
    assert.ok(after < milliseconds, `after ${after} ms`);
    return error as WorkerError;
  }
  throw new Error('expected a WorkerError, got none');
}

/** New workers compute the right thing. */
async function recovers(engine: Engine): Promise<void> {
  assert.is(engine.threads.running, 1);
  assert.is(half(engine, ops.step)[999], 0); // on one thread
  await engine.startThreads();
  assert.equal(engine.threads, { asked: 2, running: 2, reason: null });
  assert.equal(half(engine, ops.sign), new Float32Array(1000).fill(-1));
}

test(
  'one that is terminated right before a step: error, then as before',
  withWorkers(async ([worker], engine) => {
    half(engine, ops.sign);
    void worker!.terminate();
    // a step that never returns to the event loop
    const error = errorOf(() => {
      for (let i = 0; i < 1e5; i++) half(engine, ops.sign);
    });
    assert.match(
      error.message,
      /sign_f32: expected a part of the result from worker 1 of 1, but it has stopped.*Repeat/,
    );
    assert.is(error.worker, 1);
    await recovers(engine);
  }),
);

test(
  'one that leaves in the middle of a kernel',
  withWorkers(async (_started, engine) => {
    assert.match(errorOf(() => half(engine, ops.relu)).message, /relu_f32.*has stopped/);
    await recovers(engine);
  }, FAILING),
);

test(
  'one whose kernel throws',
  withWorkers(async (_started, engine) => {
    assert.match(errorOf(() => half(engine, ops.tanh)).message, /tanh_f32.*tanh is not to be had/);
    await recovers(engine);
  }, FAILING),
);

test(
  'one that runs out of memory',
  withWorkers(async (_started, engine) => {
    assert.match(errorOf(() => half(engine, ops.exp), 10_000).message, /exp_f32.*has stopped/);
    await recovers(engine);
  }, FAILING),
);

test(
  'one that dies while it sleeps is replaced without an error',
  withWorkers(async ([worker], engine) => {
    await worker!.terminate();
    await new Promise((turn) => setImmediate(turn));
    await recovers(engine);
  }),
);

test(
  'one that is only slow is waited for',
  withWorkers(async (_started, engine) => {
    assert.equal(half(engine, ops.abs), new Float32Array(1000).fill(0.5));
    assert.is(engine.threads.running, 2);
  }, FAILING),
);

test(
  'three teams in a row: from there on one thread, which says so',
  withWorkers(async (_started, engine) => {
    for (let i = 0; i < 3; i++) {
      errorOf(() => half(engine, ops.relu));
      await engine.startThreads();
    }
    assert.is(engine.threads.running, 1);
    assert.match(engine.threads.reason!, /3 teams in a row failed, the last because worker 1 has stopped/);
    assert.equal(half(engine, ops.relu), new Float32Array(1000).fill(0));
  }, FAILING),
);

test(
  'workers that cannot start: one thread, which says so',
  withWorkers(
    async (_started, engine) => {
      assert.is(engine.threads.running, 1);
      assert.match(engine.threads.reason!, /could not be started: .*no-such-worker/);
      assert.equal(half(engine, ops.sign), new Float32Array(1000).fill(-1));
    },
    new URL('./no-such-worker.mjs', import.meta.url),
  ),
);

test(
  'dispose ends them; what is left runs on one thread',
  withWorkers(async ([worker], engine) => {
    const x = engine.full([100], -3);
    engine.dispose();
    for (let i = 0; i < 100 && worker!.threadId !== -1; i++) await new Promise((turn) => setTimeout(turn, 20));
    assert.is(worker!.threadId, -1);
    assert.match(engine.threads.reason!, /disposed/);
    await engine.startThreads();
    assert.is(ops.abs(x).view()[99], 3);
  }),
);
