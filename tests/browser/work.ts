/** What the browser tests compute, in Node and in a page alike: `keyhole` is whichever build of the package there is. */
import type * as Keyhole from '../../experiments/browser.ts';
import type * as Privacy from '../../privacy/index.ts';

type Api = typeof Keyhole;

const SEED = 7;

async function digest(keyhole: Api, scores: Float64Array): Promise<string> {
  return keyhole.data.sha256(new Uint8Array(scores.buffer, scores.byteOffset, scores.byteLength));
}

/** Times are the machine's own; ends of exact intervals come from Math.log, in whose last bits engines differ. */
const comparable = (key: string, value: unknown) => {
  if (key === 'seconds') return undefined;
  return (key === 'low' || key === 'high') && typeof value === 'number' ? Number(value.toFixed(9)) : value;
};

/** Sums of all weights of every model after an epoch, and of all scores of an audit. Timings are left out. */
export async function everything(keyhole: Api): Promise<string> {
  const engine = await keyhole.createEngine();
  const digits = await keyhole.loadSet('digits');
  const outcome: Record<string, unknown> = {};

  const mlp = await trained(keyhole, engine, digits, 'mlp', digits.size);
  outcome['mlp, one epoch'] = await keyhole.data.sha256(mlp.save());
  mlp.dispose();
  for (const name of keyhole.modelNames) {
    const model = await trained(keyhole, engine, digits, name, 200);
    outcome[`${name}, 200 rows`] = await keyhole.data.sha256(model.save());
    model.dispose();
  }

  const { record, target } = await keyhole.audit(engine, digits, { model: 'mlp', epochs: 3, seed: SEED });
  outcome['record'] = JSON.parse(JSON.stringify(record, comparable));
  outcome['audited model'] = await keyhole.data.sha256(target.save());
  const rows = (first: number) =>
    keyhole.take(
      digits,
      Int32Array.from({ length: 200 }, (_, i) => first + i),
    );
  for (const attack of keyhole.allMembershipAttacks.filter((a) => Object.keys(a.needs).length === 0)) {
    const result = await keyhole.runMembershipAttack(attack, {
      target: keyhole.localTarget(target),
      candidates: keyhole.mixCandidates(rows(0), rows(200), keyhole.Rng.from(SEED)),
      known: { meanTrainingLoss: 0.5, shadows: [] },
      rng: keyhole.Rng.from(SEED),
    });
    outcome[`scores of ${attack.name}`] = [
      await digest(keyhole, result.members),
      await digest(keyhole, result.nonMembers),
    ];
  }
  target.dispose();
  outcome['noise'] = await keyhole.data.sha256(await noise(keyhole, engine));
  outcome['memory'] = engine.stats().liveBytes;
  return JSON.stringify(outcome, null, 1);
}

/** Noise of a known key, by kernels that are loaded for it: more than 4096 pairs, so that some radii carry on. */
async function noise(keyhole: Api, engine: Keyhole.Engine): Promise<Uint8Array> {
  await keyhole.addKernels(engine, 'privacy');
  return engine.run('noise', () => {
    const t = engine.zeros([100_000]);
    engine.module.exports.get('add_gaussian_f32')!(t.ptr, t.size, 1, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 2);
    return new Uint8Array(t.view().slice().buffer as ArrayBuffer);
  });
}

async function trained(
  keyhole: Api,
  engine: Keyhole.Engine,
  digits: Keyhole.Dataset,
  name: string,
  rows: number,
): Promise<Keyhole.Classifier> {
  const model = keyhole.namedModel(name, digits.inputShape, digits.classes);
  const classifier = keyhole.Classifier.create(engine, model, { seed: SEED });
  const data = keyhole.examples(
    digits,
    Int32Array.from({ length: rows }, (_, i) => i),
  );
  await classifier.fit(data, { epochs: 1, batchSize: 32, seed: SEED });
  return classifier;
}

export interface Pauses {
  /** milliseconds from the first to the last beat */
  readonly total: number;
  readonly beats: number;
  /** the longest waits for the thread, in milliseconds, longest first */
  readonly longest: readonly number[];
  readonly record: Keyhole.AuditRecord;
}

/** A whole audit while a timer beats: how long did the thread keep anybody waiting? */
export async function auditWithHeartbeat(keyhole: Api, options: Keyhole.AuditOptions): Promise<Pauses> {
  const engine = await keyhole.createEngine();
  const digits = await keyhole.loadSet('digits');
  const gaps: number[] = [];
  const started = performance.now();
  let last = started;
  const timer = setInterval(() => {
    const now = performance.now();
    gaps.push(now - last);
    last = now;
  }, 5);
  const { record, target } = await keyhole.audit(engine, digits, options);
  gaps.push(performance.now() - last);
  clearInterval(timer);
  target.dispose();
  const longest = gaps.sort((a, b) => b - a).slice(0, 10);
  return { total: performance.now() - started, beats: gaps.length, longest, record };
}

export interface Stopped {
  readonly error: string;
  readonly steps: number;
  /** from the click to the rejection, milliseconds */
  readonly delay: number;
  /** what training left behind */
  readonly liveBytes: number;
}

/** Trains without end until the page's button is clicked. */
export async function trainUntilClicked(keyhole: Api): Promise<Stopped> {
  const engine = await keyhole.createEngine();
  const digits = await keyhole.loadSet('digits');
  const before = engine.stats().liveBytes;
  const model = keyhole.namedModel('mlp', digits.inputShape, digits.classes);
  const classifier = keyhole.Classifier.create(engine, model);
  const controller = new AbortController();
  let clicked = Number.NaN;
  document.querySelector('#stop')?.addEventListener('click', () => {
    clicked = performance.now();
    controller.abort();
  });
  let steps = 0;
  let error = 'none';
  try {
    await classifier.fit(keyhole.examples(digits), {
      epochs: 1e6,
      signal: controller.signal,
      onProgress: () => {
        steps++;
        document.body.dataset['steps'] = String(steps);
      },
    });
  } catch (reason) {
    error = (reason as Error).name;
  }
  const delay = performance.now() - clicked;
  classifier.dispose();
  return { error, steps, delay, liveBytes: engine.stats().liveBytes - before };
}

/** The message of the error that making an engine or loading the digits ends with. */
export async function loadingError(keyhole: Api): Promise<string> {
  try {
    await keyhole.createEngine();
    await keyhole.loadSet('digits');
    return 'none';
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
}

export interface Threaded {
  readonly before: Keyhole.ThreadStatus;
  readonly after: Keyhole.ThreadStatus;
  readonly weights: string;
}

/** An epoch of training over so many threads, with everything cut that can be cut. */
export async function threaded(keyhole: Api, threads: number): Promise<Threaded> {
  const engine = await keyhole.createEngine({ threads, minWork: 0 });
  await engine.startThreads();
  const before = engine.threads;
  const digits = await keyhole.loadSet('digits');
  const model = await trained(keyhole, engine, digits, 'cifar', 64);
  const weights = await keyhole.data.sha256(model.save());
  const after = engine.threads;
  engine.dispose();
  return { before, after, weights };
}

export interface AfterFault {
  readonly message: string;
  readonly milliseconds: number;
  /** threads, once new ones were started */
  readonly running: number;
  readonly sum: number;
}

/** Has a worker read from where there is no memory. */
export async function threadFault(keyhole: Api): Promise<AfterFault> {
  const engine = await keyhole.createEngine({ threads: 2, minWork: 0 });
  await engine.startThreads();
  const table = engine.ones([1000, 1]);
  const index = engine.tensor(Int32Array.from({ length: 1000 }, (_, i) => i));
  // what gather checks is changed behind its back, beyond the half that the caller computes itself
  const bad = new Int32Array(1000).fill(1 << 28, 999);
  const started = performance.now();
  let message = 'none';
  try {
    engine.team!.run('gather_rows_f32', [table.ptr, engine.tensor(bad).ptr, engine.alloc([1000]).ptr, 1000, 1], {
      units: 1000,
      size: 3,
      walks: [
        [1, 1],
        [2, 1],
      ],
      work: 1,
    });
  } catch (error) {
    message = String(error);
  }
  const milliseconds = performance.now() - started;
  await engine.startThreads();
  const sum = keyhole.ops.sum(keyhole.ops.gather(table, index)).item();
  const { running } = engine.threads;
  engine.dispose();
  return { message, milliseconds, running, sum };
}

export interface AfterSilence {
  readonly message: string;
  readonly reason: string | null;
  readonly sum: number;
}

/** Ends a worker without the engine's knowledge, which no page can see. */
export async function threadSilence(keyhole: Api): Promise<AfterSilence> {
  const { Worker: Original } = globalThis;
  const started: Worker[] = [];
  globalThis.Worker = class extends Original {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      started.push(this);
    }
  };
  const engine = await keyhole.createEngine({ threads: 2, minWork: 0 });
  await engine.startThreads();
  globalThis.Worker = Original;
  const x = engine.ones([1000]);
  for (const worker of started) worker.terminate();
  await new Promise((resolve) => setTimeout(resolve, 4000)); // Chromium gives them 2 s to end by themselves
  let message = 'none';
  try {
    keyhole.ops.sign(x);
  } catch (error) {
    message = String(error);
  }
  const sum = keyhole.ops.sum(keyhole.ops.sign(x)).item();
  const { reason } = engine.threads;
  engine.dispose();
  return { message, reason, sum };
}

/** Weights after private training with a known key, its budget, and that noise of a secret key differs each time. */
export async function trainPrivately(keyhole: Api, privacy: typeof Privacy): Promise<string> {
  const engine = await keyhole.createEngine();
  const digits = await keyhole.loadSet('digits');
  const run = async (reproducible: { reproducible?: number }) => {
    const model = keyhole.namedModel('mlp', digits.inputShape, digits.classes);
    const classifier = keyhole.Classifier.create(engine, model, { seed: SEED });
    const { epsilon, statement } = await privacy.fitPrivate(
      engine,
      model,
      classifier.params,
      keyhole.examples(digits),
      {
        epochs: 1,
        batchSize: 64,
        clip: { kind: 'flat', norm: 1 },
        noise: 1,
        delta: 1e-5,
        ...reproducible,
      },
    );
    const weights = await keyhole.data.sha256(classifier.save());
    classifier.dispose();
    return { weights, upper: epsilon.upper?.toPrecision(6), marks: statement.marks };
  };
  const seeded = await run({ reproducible: SEED });
  const secret = [await run({}), await run({})];
  const differ = new Set([seeded, ...secret].map(({ weights }) => weights)).size;
  return JSON.stringify({ seeded, differ, budgets: secret.map(({ upper, marks }) => ({ upper, marks })) }, null, 1);
}

export interface OthersModel {
  /** of a service; or of an ONNX file, with the place of onnxruntime-web as a module */
  readonly url: string;
  readonly runtime?: string;
  readonly inputShape: readonly number[];
  readonly members: Labelled;
  readonly nonMembers: Labelled;
}

interface Labelled {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** The audit of a model that is known by its answers only, from a service or a file. */
export async function auditOthers(keyhole: Api, o: OthersModel): Promise<string> {
  const { url, runtime, inputShape, members, nonMembers } = o;
  const oracle =
    runtime === undefined
      ? await keyhole.httpOracle({ url, inputShape, rng: keyhole.Rng.from(SEED), batch: 16 })
      : await keyhole.onnxOracle({
          model: new Uint8Array(await (await fetch(url)).arrayBuffer()),
          inputShape,
          runtime: (await import(runtime)) as Keyhole.OnnxRuntime,
        });
  const { attacks, control, target } = await keyhole.auditTarget({
    oracle,
    members,
    nonMembers,
    attacks: ['loss', 'gap', 'entropy', 'ml-leaks-unsupervised'],
    seed: SEED,
  });
  await oracle.dispose();
  const { queries, retries } = target!.ledger;
  return JSON.stringify({ attacks, control, queries, retries }, comparable, 1);
}
