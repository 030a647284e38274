/** The test wrapper: uvu suites that cannot be forgotten, with a seed, a timeout, a live-bytes check and a count per test. */
import { suite as uvuSuite } from 'uvu';
import * as assert from 'uvu/assert';

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
}

export const counts: Counts = { passed: 0, failed: 0, skipped: new Map() };
const suites: { name: string; tests: number; run(): void }[] = [];
const liveByteSources = new Set<() => number>();

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
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`timed out after ${timeout} ms`)), timeout);
    });
    await Promise.race([Promise.resolve(fn(context)), late]);
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
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Takes the suites that were opened since the last call, and queues them. */
export function takeSuites(): { name: string; tests: number }[] {
  const taken = suites.splice(0);
  for (const s of taken) s.run();
  return taken;
}
