/**
 * A team of worker threads, each with an instance of the kernels over the engine's one memory. A launch is cut into parts
 * by its shape (Cut); the caller computes the first part itself and then waits for the others.
 *
 * Workers start with the first launch that is worth it, and until all of them are ready launches run on one thread: the
 * bits are the same. A worker that dies is an error of the launch that missed it, never a hang.
 */
import { noThreadsBecause, startWorker, type WorkerThread } from '#platform';
import { WorkerError } from '../errors.ts';
import type { Cut, KernelModule } from '../kernels/index.ts';
import { partsOf } from '../kernels/index.ts';
import { Control, layout, MOST_NUMBERS, mayBlock, SPINS } from './control.ts';

/** Less work than this is done before another thread has woken up. */
export const MIN_WORK = 2e6;

const SLICE_MS = 20;
const PATIENCE_MS = 10_000; // where nobody can tell whether a worker lives
const MOST_FAILURES = 3; // in a row

export interface ThreadStatus {
  /** as createEngine was told */
  readonly asked: number;
  /** over how many threads a large launch is split now */
  readonly running: number;
  /** why they are fewer */
  readonly reason: string | null;
}

export interface TeamOptions {
  readonly module: KernelModule;
  /** of 4 MiB each, one per worker */
  readonly workspaces: readonly number[];
  /** launches of less work stay on one thread */
  readonly minWork: number;
}

interface Member {
  readonly control: Control;
  readonly thread: WorkerThread;
}

/** One thread, and why. */
export function alone(asked: number, reason: string | null): ThreadStatus {
  return { asked, running: 1, reason };
}

/** Why an engine over this module cannot have threads; null when it can. */
export function threadsImpossible({ shared }: KernelModule): string | null {
  return noThreadsBecause() ?? (shared ? null : 'the kernels given as `wasm` cannot share their memory: pass bytes or a URL of this version');
}

export class Team {
  readonly #options: TeamOptions;
  readonly #numberOf: ReadonlyMap<string, number>;
  readonly #mayBlock = mayBlock();
  #members: readonly Member[] = [];
  #starting: { readonly threads: WorkerThread[]; readonly over: Promise<void>; give(why: string | null): void } | null = null;
  #failures = 0;
  /** why there will be no workers any more */
  #over: string | null = null;

  constructor(options: TeamOptions) {
    this.#options = options;
    this.#numberOf = new Map([...options.module.exports.keys()].sort().map((name, i) => [name, i]));
  }

  get minWork(): number {
    return this.#options.minWork;
  }

  get status(): ThreadStatus {
    const threads = 1 + this.#options.workspaces.length;
    if (this.#members.length > 0) return { asked: threads, running: threads, reason: null };
    return alone(threads, this.#over ?? 'the workers start with the first launch that is large enough');
  }

  /** Starts the workers; resolves when they are ready, or will never be (see status). */
  start(): Promise<void> {
    if (this.#over !== null || this.#members.length > 0) return Promise.resolve();
    this.#starting ??= this.#startAll();
    return this.#starting.over;
  }

  #startAll() {
    const { module, workspaces } = this.#options;
    const members: Member[] = [];
    const threads: WorkerThread[] = [];
    let missing = workspaces.length;
    let resolve = () => {};
    const over = new Promise<void>((done) => {
      resolve = done;
    });
    const give = (why: string | null) => {
      this.#starting = null;
      if (why === null) this.#members = members;
      else {
        this.#over = `a worker could not be started: ${why}`;
        for (const thread of threads) thread.end();
      }
      resolve();
    };
    try {
      for (const [i, workspace] of workspaces.entries()) {
        const control = new Control();
        const { compiled, memory } = module;
        const thread = startWorker(
          { module: compiled, memory, workspace, control: control.buffer, layout, spins: SPINS },
          {
            ready: () => {
              if (--missing === 0) give(null);
            },
            ended: (why) => {
              if (this.#members === members) this.#failed(`worker ${i + 1} ended while it was idle: ${why}`);
              else if (this.#starting) give(why);
            },
          },
        );
        threads.push(thread);
        members.push({ control, thread });
      }
    } catch (error) {
      queueMicrotask(() => give(String(error)));
    }
    return { threads, over, give };
  }

  /**
   * Runs a launch on the team.
   * @returns false when it has to run on one thread: the workers are not ready, or there is nothing to cut
   * @throws WorkerError when a worker died over it
   */
  run(name: string, numbers: readonly number[], cut: Cut): boolean {
    const members = this.#members;
    if (members.length === 0) {
      void this.start();
      return false;
    }
    // each thread gets enough to be worth its wake-up
    const most = Math.min(members.length + 1, 1 + Math.floor(cut.work / Math.max(1, this.minWork)));
    const parts = partsOf(cut, numbers, most);
    if (parts.length < 2 || numbers.length > MOST_NUMBERS) return false;
    const kernel = this.#numberOf.get(name)!;
    for (let i = 1; i < parts.length; i++) members[i - 1]!.control.send(kernel, parts[i]!);
    const started = performance.now();
    let fault: { worker: number; why: string } | null = null;
    try {
      this.#options.module.exports.get(name)!(...parts[0]!);
    } finally {
      const own = performance.now() - started;
      for (let worker = 1; worker < parts.length; worker++) {
        const why = this.#join(members[worker - 1]!, own);
        if (why !== null) fault ??= { worker, why };
      }
      if (fault) this.#failed(`worker ${fault.worker} ${fault.why}`);
    }
    if (!fault) {
      this.#failures = 0;
      return true;
    }
    throw new WorkerError(
      `${name}: expected a part of the result from worker ${fault.worker} of ${members.length}, but it ${fault.why}. ` +
        `What this launch was writing is lost: repeat the step from the last parameters that were kept. ${this.#future()}`,
      fault.worker,
    );
  }

  /** Waits for a worker's part; returns what went wrong, if anything did. */
  #join({ control, thread }: Member, own: number): string | null {
    for (let left = SPINS; left > 0; left--) if (control.done) return control.fault;
    const late = performance.now() + Math.max(PATIENCE_MS, 10 * own);
    while (!control.done) {
      if (this.#mayBlock) control.sleep(SLICE_MS);
      else for (let left = SPINS; left > 0 && !control.done; left--);
      if (thread.stopped) {
        if (thread.stopped() && !control.done) return 'has stopped';
      } else if (performance.now() > late && !control.done) {
        // it may still be running: its workspace must not be given to another
        this.#over = 'a worker did not answer';
        return `has not answered for ${Math.round(Math.max(PATIENCE_MS, 10 * own) / 1000)} s`;
      }
    }
    return control.fault;
  }

  #failed(why: string): void {
    for (const { thread } of this.#members) thread.end();
    this.#members = [];
    if (++this.#failures >= MOST_FAILURES) this.#over ??= `${MOST_FAILURES} teams of workers in a row failed, the last because ${why}`;
  }

  #future(): string {
    return this.#over === null ? 'New workers start by themselves.' : `From here on, one thread: ${this.#over}.`;
  }

  /** Ends the workers for good. */
  end(why: string): void {
    this.#over ??= why;
    for (const { thread } of this.#members) thread.end();
    this.#members = [];
    this.#starting?.give(why);
  }
}
