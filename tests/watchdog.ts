/**
 * Ends a test run that hangs in synchronous code. No timer of the stuck thread can fire then, so a second thread watches
 * a deadline in shared memory; when it passes, the watcher names the stuck test and kills the process.
 */
import { Worker } from 'node:worker_threads';

/** Layout of the shared memory, also used by watchdog-thread.mjs: int32 fields, then the name as UTF-8. */
export const FIELDS = { beat: 0, deadline: 1, passed: 2, failed: 3, nameBytes: 4 } as const;
export const NAME_AT = 4 * Object.keys(FIELDS).length;
const NAME_LIMIT = 1000;

/** Milliseconds on the clock that all threads of a process share, from `start`. */
const clock = (start: bigint) => Number((process.hrtime.bigint() - start) / 1_000_000n);

export class Watchdog {
  readonly #shared = new SharedArrayBuffer(NAME_AT + NAME_LIMIT);
  readonly #fields = new Int32Array(this.#shared, 0, Object.keys(FIELDS).length);
  readonly #start = process.hrtime.bigint();
  readonly #worker: Worker;

  constructor() {
    this.#worker = new Worker(new URL('./watchdog-thread.mjs', import.meta.url), {
      workerData: { shared: this.#shared, fields: FIELDS, nameAt: NAME_AT, start: this.#start },
      execArgv: [],
    });
    this.#worker.unref();
  }

  /** From now on the main thread must call `watch` or `rest` again within `milliseconds`. */
  watch(name: string, milliseconds: number): void {
    const bytes = new TextEncoder().encode(name).subarray(0, NAME_LIMIT);
    new Uint8Array(this.#shared, NAME_AT).set(bytes);
    this.#fields[FIELDS.nameBytes] = bytes.length;
    this.#beat(Math.ceil(clock(this.#start) + milliseconds));
  }

  /** Nothing is running that could hang. */
  rest(): void {
    this.#beat(0);
  }

  /** What the last line says if the run is killed; the test that hangs is added to `failed`. */
  count(passed: number, failed: number): void {
    this.#fields[FIELDS.passed] = passed;
    this.#fields[FIELDS.failed] = failed;
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }

  #beat(deadline: number): void {
    Atomics.store(this.#fields, FIELDS.deadline, deadline);
    Atomics.add(this.#fields, FIELDS.beat, 1);
    Atomics.notify(this.#fields, FIELDS.beat);
  }
}
