/** The test wrapper: uvu suites that cannot be forgotten, with a seed, a timeout, a live-bytes check and a count per test. */
import { suite as uvuSuite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Watchdog } from './watchdog.ts';

export { assert };

export interface TestContext {
  /** fixed, derived from the suite's and the test's names: the same in every run */
  readonly seed: number;
  /** ends the test as skipped; the count and the reason are printed at the end */
  skip(reason: string): never;
}

export interface TestOptions {
  /** milliseconds; default 20,000 */
  readonly timeout?: number;
}

export type TestFunction = (context: TestContext) => void | Promise<void>;

class Skipped extends Error {}

interface Counts {
  passed: number;
  failed: number;
  skipped: Map<string, number>;
  /** every test that ran, with its milliseconds */
  times: { name: string; milliseconds: number }[];
}

export const counts: Counts = { passed: 0, failed: 0, skipped: new Map(), times: [] };
const suites: { name: string; tests: number; run(): void }[] = [];
const liveByteSources = new Set<() => number>();

/** The name of what runs now, for reports of errors that no test catches. */
export let current = 'the runner';
let watchdog: Watchdog | undefined;
let grace = 0;

/** Has every test watched: one that blocks the thread for `graceMs` beyond its timeout ends the run. */
export function guardWith(dog: Watchdog, graceMs: number): void {
  watchdog = dog;
  grace = graceMs;
}

let running = false;
const strays: Error[] = [];

/**
 * Takes an error that no test caught. It fails the test that runs; between tests, where nobody else would, it is printed
 * and counted by itself.
 */
export function takeStray(kind: string, cause: unknown): void {
  const what = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  const error = new Error(`${kind}: ${what}`, { cause });
  if (running) {
    strays.push(error);
    return;
  }
  counts.failed++;
  console.error(`\nafter ${current}: ${error.message}`);
}

/** Says what runs now, and how long it may block the thread. */
export function nowRunning(name: string, milliseconds: number): void {
  current = name;
  watchdog?.count(counts.passed, counts.failed);
  watchdog?.watch(name, milliseconds + grace);
}

/** Every test fails that leaves more bytes alive in this source than it found. */
export function watchLiveBytes(source: () => number): void {
  liveByteSources.add(source);
}

function liveBytes(): number {
  let sum = 0;
  for (const source of liveByteSources) sum += source();
  return sum;
}

// FNV-1a: any fixed spread of names over seeds will do.
function seedOf(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** Opens a suite; the runner starts it, so there is no `.run()` to forget. */
export function suite(name: string): (name: string, fn: TestFunction, options?: TestOptions) => void {
  const inner = uvuSuite(name);
  const entry = { name, tests: 0, run: () => inner.run() };
  suites.push(entry);
  return (testName, fn, options = {}) => {
    entry.tests++;
    inner(testName, () => runOne(`${name} > ${testName}`, fn, options.timeout ?? 20_000));
  };
}

async function runOne(fullName: string, fn: TestFunction, timeout: number): Promise<void> {
  const context: TestContext = {
    seed: seedOf(fullName),
    skip(reason) {
      throw new Skipped(reason);
    },
  };
  const before = liveBytes();
  const started = performance.now();
  nowRunning(fullName, timeout);
  running = true;
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`timed out after ${timeout} ms`)), timeout);
    });
    await Promise.race([Promise.resolve(fn(context)), late]);
    // Node reports an unhandled rejection once the event loop turns.
    await new Promise((turn) => setImmediate(turn));
    if (strays[0]) throw strays[0];
    const leaked = liveBytes() - before;
    if (leaked !== 0)
      throw new Error(`left ${leaked} live bytes behind: dispose what the test made, or use engine.run`);
    counts.passed++;
  } catch (error) {
    if (error instanceof Skipped) {
      counts.skipped.set(error.message, (counts.skipped.get(error.message) ?? 0) + 1);
      return;
    }
    counts.failed++;
    for (const stray of strays) if (stray !== error) console.error(`\nin ${fullName}: ${stray.message}`);
    throw error instanceof Error ? error : new Error(`threw ${String(error)}, which is no Error`);
  } finally {
    clearTimeout(timer);
    running = false;
    strays.length = 0;
    counts.times.push({ name: fullName, milliseconds: performance.now() - started });
    watchdog?.rest();
  }
}

const endings: (() => void | Promise<void>)[] = [];

/** Has `fn` called after the last test: what several tests share is closed there. */
export function atEnd(fn: () => void | Promise<void>): void {
  endings.push(fn);
}

export async function runEndings(): Promise<void> {
  for (const fn of endings.splice(0).reverse()) await fn();
}

/** Takes the suites that were opened since the last call, and queues them. */
export function takeSuites(): { name: string; tests: number }[] {
  const taken = suites.splice(0);
  for (const s of taken) s.run();
  return taken;
}
