/** Time of one call: warm-up, then samples until there are enough of them and enough time has passed. */
import { Bench } from 'tinybench';
import type { Samples } from './row.ts';

export interface TimeOptions {
  /** at least; default 15 */
  readonly samples?: number;
  /** of warm-up and of measurement each, at least; the default is the measurer's own */
  readonly milliseconds?: number;
  /** default 'wall'; 'cpu' is for a machine with other work on it: the process's own processor time, all its threads' */
  readonly clock?: Clock;
}

export type Clock = 'wall' | 'cpu';

function cpuMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** A clock in milliseconds. */
export const nowOf = (clock: Clock): (() => number) => (clock === 'cpu' ? cpuMilliseconds : () => performance.now());

// A sample lasts about this long, so that the clock's resolution does not show.
const SAMPLE_MS = 2;
const FIRST_CALLS = 20;

/** How often to call within one sample, from the fastest of a few calls: the first ones still compile. */
function repeatsOf(fn: () => void, now: () => number): number {
  let fastest = Number.POSITIVE_INFINITY;
  let total = 0;
  for (let i = 0; i < FIRST_CALLS && total < SAMPLE_MS * FIRST_CALLS; i++) {
    const started = now();
    fn();
    const took = now() - started;
    fastest = Math.min(fastest, took);
    total += took;
  }
  return Math.max(1, Math.round(SAMPLE_MS / Math.max(1e-4, fastest)));
}

/** Seconds of one call of `fn`. */
export function timeOf(name: string, fn: () => void, options: TimeOptions = {}): Samples {
  const { samples = 15, milliseconds = 500, clock = 'wall' } = options;
  const now = nowOf(clock);
  const repeats = repeatsOf(fn, now);
  const bench = new Bench({
    now,
    iterations: samples,
    time: milliseconds,
    warmupIterations: Math.min(5, samples),
    warmupTime: milliseconds,
    retainSamples: true,
    throws: true,
  });
  bench.add(name, () => {
    for (let i = 0; i < repeats; i++) fn();
  });
  bench.runSync();
  const result = bench.tasks[0]!.result;
  if (!('latency' in result)) throw new Error(`${name}: the bench did not complete`);
  const { p50, min, max } = result.latency;
  const each = 1000 * repeats;
  return { median: p50 / each, min: min / each, max: max / each };
}

/** Times of work of milliseconds and more, after a call that compiles it; at least three. */
export async function timesOf(work: () => void | Promise<void>, options: TimeOptions = {}): Promise<Samples> {
  const { samples = 3, milliseconds = 500, clock = 'wall' } = options;
  const now = nowOf(clock);
  const seconds: number[] = [];
  await work();
  const started = now();
  while (seconds.length < samples || now() - started < milliseconds) {
    const asked = now();
    await work();
    seconds.push((now() - asked) / 1000);
  }
  return summarise(seconds);
}

/** Median and extremes of times that were taken elsewhere. */
export function summarise(seconds: readonly number[]): Samples {
  const sorted = [...seconds].sort((a, b) => a - b);
  const n = sorted.length;
  if (n === 0) throw new RangeError('summarise: expected at least one time, got none');
  return { median: (sorted[(n - 1) >> 1]! + sorted[n >> 1]!) / 2, min: sorted[0]!, max: sorted[n - 1]! };
}
