/** A row's worth of work before anybody measured it. */
import { availableParallelism } from 'node:os';
import type { Build } from '../engine/index.ts';
import type { Row, Work } from './row.ts';
import type { TimeOptions } from './timing.ts';

export interface JobOptions extends TimeOptions {
  /** rows that go through the engine are measured on one thread and on so many; default 2 where there are two cores */
  readonly threads?: number;
}

export interface Job {
  readonly name: string;
  /** how much one call does; a peer that does the same work is rated by it */
  readonly work: Work;
  /** of warm-up and of measurement each, unless asked otherwise */
  readonly milliseconds: number;
  /** Keyhole's row on one build; a job may have more than one when variants are asked for */
  run(build: Build, options: JobOptions): Promise<readonly Row[]>;
}

/** The threads that a row of the engine is measured on. */
export function threadCounts({ clock, threads = Math.min(2, availableParallelism()) }: JobOptions): number[] {
  // processor time would count all threads, and tell nothing
  return clock === 'cpu' || threads === 1 ? [1] : [1, threads];
}
