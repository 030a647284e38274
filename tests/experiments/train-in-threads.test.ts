/** Models that train at the same time: the same bits, the same errors, and nothing left running. */
import type { Worker } from 'node:worker_threads';
import { type Dataset, loadSet } from '../../data/index.ts';
import { KeyholeError, NumericError, OutOfMemoryError, Rng } from '../../engine/index.ts';
import { type AuditOptions, type AuditProgress, audit, type ThreadPlan } from '../../experiments/index.ts';
import { assert, suite, type TestFunction } from '../harness.ts';
import { digits } from '../support/data.ts';
import { testEngine } from '../support/engine.ts';
import { rejectsError } from '../support/throws.ts';

const engine = await testEngine();
const named = suite('models in threads');
/** From source a thread takes a second to start, and more on a busy machine. */
const test = (name: string, fn: TestFunction) => named(name, fn, { timeout: 60_000 });

const ONE: ThreadPlan = { how: 'one', count: 1 };
const inThreads = (count: number): ThreadPlan => ({ how: 'models', count });
const table = (): Promise<Dataset> =>
  loadSet('synthetic-blobs', { options: { rows: 200, features: 4, classes: 3, separation: 1 }, rng: Rng.from(1) });

/** The record without what the clock and the machine decide, and the target's bytes. */
async function bitsOf(dataset: Dataset, options: AuditOptions): Promise<string> {
  const { record, target } = await audit(engine, dataset, options);
  const model = Buffer.from(target.save()).toString('base64');
  target.dispose();
  return model + JSON.stringify(record, (key, value) => (key === 'seconds' || key === 'threads' ? null : value));
}

/** The threads that are started while `work` runs; they must be gone when it ends. */
async function startedBy(work: (started: readonly Worker[]) => Promise<void>): Promise<number> {
  const threads = process.getBuiltinModule('node:worker_threads');
  const { Worker: Original } = threads;
  const started: Worker[] = [];
  threads.Worker = class extends Original {
    constructor(...args: ConstructorParameters<typeof Original>) {
      super(...args);
      started.push(this);
    }
  };
  try {
    await work(started);
  } finally {
    threads.Worker = Original;
  }
  assert.ok(started.every((worker) => worker.threadId === -1));
  return started.length;
}

test('the same record and the same model, whatever the number of threads', async () => {
  for (const [dataset, options, counts] of [
    [await table(), { shadows: 2, epochs: 2 }, [2, 8]],
    [await digits(), { shadows: 1, epochs: 1, model: 'softmax', backend: 'reference', trainSize: 60 }, [2]],
  ] as const) {
    const alone = await bitsOf(dataset, { ...options, threads: ONE });
    for (const count of counts) {
      const threads = await startedBy(async () => {
        assert.ok(alone === (await bitsOf(dataset, { ...options, threads: inThreads(count) })), `${count} threads`);
      });
      assert.is(threads, Math.min(count, 1 + options.shadows));
    }
  }
});

test('a model depends on its own name: more shadow models leave the others as they were', async () => {
  const data = await table();
  const models: string[][] = [];
  for (const shadows of [1, 2]) {
    const saved = new Map<string, string>();
    const checkpoint = (name: string) => ({
      load: async () => null,
      save: async (bytes: Uint8Array) => void saved.set(name, Buffer.from(bytes).toString('base64')),
    });
    await bitsOf(data, { shadows, epochs: 1, threads: ONE, checkpoint });
    models.push([...saved.values()]);
    assert.equal([...saved.keys()], ['target', 'shadow', 'shadow-2'].slice(0, 1 + shadows));
  }
  assert.equal(models[1]!.slice(0, 2), models[0]);
  assert.is(new Set(models[1]).size, 3);
});

test('progress: of all models together', async () => {
  const last = new Map<string, AuditProgress & { phase: 'train' }>();
  const onProgress = (p: AuditProgress) => void (p.phase === 'train' && last.set(p.model, p));
  await bitsOf(await table(), { shadows: 2, epochs: 2, threads: inThreads(2), onProgress });
  assert.equal([...last.keys()].sort(), ['shadow', 'shadow-2', 'target']);
  for (const { step, steps, all } of last.values()) {
    assert.is(step, steps);
    assert.equal([all.models, all.steps, all.atOnce], [3, 3 * steps, 2]);
  }
  const ends = [...last.values()].map(({ all }) => all.finished);
  assert.is(Math.max(...ends), 3);
});

test('an error of one model keeps its class, message and fields, and ends the others', async () => {
  const options = { model: 'softmax', optimizer: 'sgd', learningRate: 1e38, epochs: 2000, shadows: 3 } as const;
  const data = await table();
  const alone = await rejectsError(() => bitsOf(data, { ...options, threads: ONE }), NumericError, /./);
  await startedBy(async () => {
    const message = /^fit: the loss became (NaN|Infinity) at step \d/;
    const error = await rejectsError(() => bitsOf(data, { ...options, threads: inThreads(2) }), NumericError, message);
    assert.equal(Object.keys(error), Object.keys(alone));
    assert.match(error.message, new RegExp(` at step ${error.step} `));
    assert.match(error.stack!, /fit\.ts/);
  });
});

test('a thread that is lost is an error that names its model', async () => {
  const data = await table();
  await startedBy(async (started) => {
    const onProgress = (p: AuditProgress) => {
      if (p.phase === 'train' && p.model === 'shadow') void started[1]!.terminate();
    };
    const options = { epochs: 1e6, threads: inThreads(2), onProgress };
    const message = /training of model 'shadow': expected its thread to finish, it ended with code 1\..*--threads 1/;
    await rejectsError(() => bitsOf(data, options), KeyholeError, message);
  });
});

test('a thread that cannot start is an error', async () => {
  const data = await table();
  const { memory } = engine;
  const small = Object.create(engine, { memory: { value: Object.create(memory, { limit: { value: 1 << 20 } }) } });
  await startedBy(async () => {
    const run = () => audit(small as typeof engine, data, { epochs: 1, threads: inThreads(2) });
    await rejectsError(run, OutOfMemoryError, /limit of 1048576/);
  });
});

test('the signal ends all threads, whose models go on from their checkpoints to the same bits', async () => {
  const data = await table();
  const options = { epochs: 40, shadows: 2 };
  const whole = await bitsOf(data, { ...options, threads: ONE });
  const files = new Map<string, Uint8Array>();
  const checkpoint = (name: string) => ({
    load: async () => files.get(name) ?? null,
    save: async (bytes: Uint8Array) => void files.set(name, bytes),
  });
  const controller = new AbortController();
  const onProgress = (p: AuditProgress) => {
    if (p.phase === 'train') controller.abort(new RangeError('enough'));
  };
  await startedBy(async () => {
    const stopped = { ...options, checkpoint, signal: controller.signal, onProgress, threads: inThreads(2) };
    await rejectsError(() => bitsOf(data, stopped), RangeError, /enough/);
  });
  assert.ok(files.size >= 1, 'a checkpoint of a model that was stopped');
  assert.ok(whole === (await bitsOf(data, { ...options, checkpoint, threads: inThreads(3) })));
});

test('an aborted signal starts nothing, a checkpoint that cannot be kept is an error', async () => {
  const data = await table();
  const threads = inThreads(2);
  const none = await startedBy(async () => {
    await rejectsError(
      () => bitsOf(data, { threads, signal: AbortSignal.abort(new RangeError('no')) }),
      RangeError,
      /no/,
    );
  });
  assert.is(none, 0);
  const full = () => ({
    load: async () => null,
    save: async () => Promise.reject(new KeyholeError('the disk is full')),
  });
  await rejectsError(() => bitsOf(data, { epochs: 1, threads, checkpoint: full }), KeyholeError, /^the disk is full$/);
});
