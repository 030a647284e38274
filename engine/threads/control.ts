/** The block of shared memory through which the caller and one worker speak. Offsets in 32-bit words, or in bytes. */

/** A part is computed by the first thread that looks, so both sides look this often before they sleep: some 50 microseconds. */
export const SPINS = 20_000;

/** Sent to the worker with its first message: the worker's file imports nothing. */
export const layout = {
  // words that the caller writes
  SEQUENCE: 0,
  KERNEL: 1,
  COUNT: 2,
  // what both count up, and what the worker writes, on a cache line of their own
  CLAIM: 16,
  DONE: 17,
  FAULT: 18,
  /** byte offset of the arguments, as f64 */
  NUMBERS: 128,
  /** byte offset of what went wrong, as UTF-16 */
  MESSAGE: 512,
  MESSAGE_LENGTH: 256,
} as const;

export const MOST_NUMBERS = (layout.MESSAGE - layout.NUMBERS) / 8;
const BYTES = layout.MESSAGE + 2 * layout.MESSAGE_LENGTH;

/** The caller's side of a control block. */
export class Control {
  readonly buffer = new SharedArrayBuffer(BYTES);
  readonly words = new Int32Array(this.buffer);
  readonly #numbers = new Float64Array(this.buffer, layout.NUMBERS, MOST_NUMBERS);
  #sequence = 0;

  /** Has the worker run a kernel. */
  send(kernel: number, numbers: readonly number[]): void {
    const { words } = this;
    words[layout.KERNEL] = kernel;
    words[layout.COUNT] = numbers.length;
    for (let i = 0; i < numbers.length; i++) this.#numbers[i] = numbers[i]!;
    this.#sequence = (this.#sequence + 1) | 0;
    Atomics.store(words, layout.SEQUENCE, this.#sequence);
    Atomics.notify(words, layout.SEQUENCE);
  }

  /** Takes the kernel back to run it here; false when the worker has begun. A worker may be slow to wake up. */
  takeBack(): boolean {
    const before = (this.#sequence - 1) | 0;
    return Atomics.compareExchange(this.words, layout.CLAIM, before, this.#sequence) === before;
  }

  get done(): boolean {
    return Atomics.load(this.words, layout.DONE) === this.#sequence;
  }

  /** Sleeps until the worker is done, at most so many milliseconds. A page's main thread may not. */
  sleep(milliseconds: number): void {
    const now = Atomics.load(this.words, layout.DONE);
    if (now !== this.#sequence) Atomics.wait(this.words, layout.DONE, now, milliseconds);
  }

  /** What the kernel threw, once the worker is done. */
  get fault(): string | null {
    if (this.words[layout.FAULT] === 0) return null;
    const codes = [...new Uint16Array(this.buffer, layout.MESSAGE, layout.MESSAGE_LENGTH)];
    return String.fromCharCode(...codes.filter((code) => code !== 0));
  }
}

/** Whether this thread may sleep: a page's main thread may only spin. */
export function mayBlock(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0);
    return true;
  } catch {
    return false;
  }
}
