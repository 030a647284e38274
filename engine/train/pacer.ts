/** Keeps long work friendly: hands control back whenever 16 ms have passed, and stops when asked to. */
import { yieldToEventLoop } from '#platform';

const SLICE_MS = 16;

export class Pacer {
  readonly #signal: AbortSignal | undefined;
  #last = performance.now();

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
    signal?.throwIfAborted();
  }

  /** Call between steps, with no scope open. @throws the signal's reason once it is aborted */
  async breathe(): Promise<void> {
    if (performance.now() - this.#last >= SLICE_MS) {
      await yieldToEventLoop();
      this.#last = performance.now();
    }
    this.#signal?.throwIfAborted();
  }
}
