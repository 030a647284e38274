/**
 * A soak: training steps of three nets in random order with batches of random size, the same for the same seed. Once every net
 * has seen every size, memory must stay exactly as it is; what the process holds beside it may waver within a bound.
 *
 *   npm run soak -- [--steps 200000] [--seed 0] [--threads 1] [--relaxed] [--small]
 */
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { type Build, createEngine, type Engine, Rng } from '../engine/index.ts';
import { runnableBuilds } from './index.ts';
import { type Net, nets, randomBatch, trainer } from './steps.ts';

/** The same layers on small images, for a test. */
export const smallNets: readonly Net[] = [
  { name: 'mlp', shape: [4, 4, 1], classes: 3 },
  { name: 'mnist', shape: [16, 16, 1], classes: 3 },
  { name: 'cifar', shape: [8, 8, 3], classes: 3 },
];

const MOST_ROWS = 8;
// A garbage collector's own: young generations, compiled code, what it has not looked at yet.
const RSS_GROWTH = 64 << 20;
// Code compiles and heaps find their size within the first steps; rss counts from then on.
const RSS_SETTLES = 5000;

export interface SoakOptions {
  readonly steps: number;
  readonly seed?: number;
  /** default: the three reference nets */
  readonly nets?: readonly Net[];
  /** called now and then, and at the end */
  readonly onProgress?: (progress: Progress) => void;
  /** milliseconds between two calls; default 5,000 */
  readonly every?: number;
}

export interface Usage {
  readonly liveBytes: number;
  /** of the WebAssembly memory, what has been handed out so far */
  readonly reservedBytes: number;
  readonly wasmBytes: number;
  readonly tensors: number;
  /** of the whole process */
  readonly rss: number;
}

export interface Progress extends Usage {
  readonly done: number;
  readonly steps: number;
  readonly secondsLeft: number;
}

export interface SoakResult {
  readonly steps: number;
  /** when memory had settled, and at the end */
  readonly settled: Usage;
  readonly ended: Usage;
  /** what grew, in words; empty when memory was flat */
  readonly faults: readonly string[];
}

function usageOf(engine: Engine): Usage {
  const { liveBytes, reservedBytes, wasmBytes, tensors } = engine.stats();
  return { liveBytes, reservedBytes, wasmBytes, tensors, rss: process.memoryUsage.rss() };
}

/** What is bigger at the end: by nothing at all in the engine, by at most a bound in the process. */
export function growth(settled: Usage, ended: Usage): string[] {
  const exact = (['liveBytes', 'reservedBytes', 'wasmBytes', 'tensors'] as const)
    .filter((name) => ended[name] !== settled[name])
    .map((name) => `${name}: expected ${settled[name]}, as after the warm-up, got ${ended[name]}`);
  const rss = ended.rss - settled.rss;
  return rss <= RSS_GROWTH ? exact : [...exact, `rss: grew by ${rss} bytes, more than ${RSS_GROWTH}`];
}

/** Trains; the engine is the caller's, and is left as it was found. */
export function soak(engine: Engine, options: SoakOptions): SoakResult {
  const { steps, seed = 0, nets: all = nets, onProgress = () => {}, every = 5000 } = options;
  const rng = Rng.from(seed).split('soak');
  const trained = all.map((net) => ({ net, ...trainer(engine, net, rng.split(net.name)) }));
  // drawn once: the steps are to be of the engine, not of the generator
  const data = all.map((net) => Array.from({ length: MOST_ROWS }, (_, i) => randomBatch(engine, net, i + 1, rng)));
  const batches = engine.keep(data);
  const step = (which: number, rows: number) => {
    // copies, as a loader makes them
    engine.run('batch', () => {
      const [x, y] = batches[which]![rows - 1]!;
      trained[which]!.train(engine.tensor(x.toArray(), x.shape), engine.tensor(y.toArray(), y.shape, { dtype: 'i32' }));
    });
  };

  const warmUp = 2 * all.length * MOST_ROWS;
  for (let i = 0; i < warmUp; i++) step(i % all.length, 1 + (Math.floor(i / all.length) % MOST_ROWS));
  let settled = usageOf(engine);
  const started = performance.now();
  let reported = started;
  const report = (done: number, now: number) => {
    const secondsLeft = ((now - started) / 1000 / Math.max(1, done)) * (steps - done);
    onProgress({ ...usageOf(engine), done, steps, secondsLeft });
    reported = now;
  };
  for (let done = 1; done <= steps; done++) {
    step(rng.below(all.length), 1 + rng.below(MOST_ROWS));
    if (done === RSS_SETTLES) settled = { ...settled, rss: process.memoryUsage.rss() };
    const now = performance.now();
    if (now - reported > every || done === steps) report(done, now);
  }
  const ended = usageOf(engine);
  for (const { dispose } of trained) dispose();
  engine.free(batches);
  return { steps: warmUp + steps, settled, ended, faults: growth(settled, ended) };
}

const mb = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

export function progressLine({ done, steps, secondsLeft, liveBytes, wasmBytes, rss }: Progress): string {
  const [minutes, seconds] = [Math.floor(secondsLeft / 60), Math.round(secondsLeft % 60)];
  return (
    `${done} of ${steps} steps, ${minutes} min ${seconds} s left; ` +
    `live ${mb(liveBytes)}, wasm ${mb(wasmBytes)}, rss ${mb(rss)}`
  );
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      steps: { type: 'string', default: '200000' },
      seed: { type: 'string', default: '0' },
      threads: { type: 'string', default: '1' },
      relaxed: { type: 'boolean', default: false },
      small: { type: 'boolean', default: false },
    },
  });
  const [steps, seed, threads] = [Number(values.steps), Number(values.seed), Number(values.threads)];
  if (!(Number.isInteger(steps) && steps > 0)) {
    throw new RangeError(`soak: expected a whole number of steps above 0, got --steps ${values.steps}`);
  }
  const build: Build = values.relaxed ? 'relaxed' : 'base';
  if (!runnableBuilds().includes(build)) throw new RangeError(`soak: the build ${build} does not run here`);
  const engine = await createEngine({ build, threads });
  await engine.startThreads();
  const { asked, running, reason } = engine.threads;
  console.log(`${build}, ${running} of ${asked} threads${reason ? ` (${reason})` : ''}, seed ${seed}`);
  const onProgress = (progress: Progress) => console.log(progressLine(progress));
  const { steps: done, faults } = soak(engine, { steps, seed, onProgress, ...(values.small && { nets: smallNets }) });
  engine.dispose();
  console.log(faults.length > 0 ? `memory grew. ${faults.join('; ')}` : `${done} steps: memory was flat`);
  process.exitCode = faults.length > 0 ? 1 : 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
