/** A row's worth of work before anybody measured it. */
import type { Build } from '../engine/index.ts';
import type { Row, Work } from './row.ts';
import type { TimeOptions } from './timing.ts';

export interface Job {
  readonly name: string;
  /** how much one call does; a peer that does the same work is rated by it */
  readonly work: Work;
  /** of warm-up and of measurement each, unless asked otherwise */
  readonly milliseconds: number;
  /** Keyhole's row on one build; a job may have more than one when variants are asked for */
  run(build: Build, time: TimeOptions): Promise<readonly Row[]>;
}
