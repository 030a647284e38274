/** A worker thread as the engine sees it, the same on every platform. */
export interface WorkerThread {
  /** whether the thread has stopped, asked while this thread blocks the events that would tell; null where nobody knows */
  readonly stopped: (() => boolean) | null;
  /** ends the thread; no event comes after */
  end(): void;
}

export interface WorkerEvents {
  ready(): void;
  /** it could not start, or has ended by itself */
  ended(why: string): void;
}
