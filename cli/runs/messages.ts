/** What passes between a run and its workers, as JSON. */
import type { Build } from '../../engine/index.ts';
import type { DataFacts, DataRef, Json, PlannedJob } from '../../experiments/runner/index.ts';

/** The first message: what holds for all jobs. */
export interface WorkerSettings {
  readonly kind: 'start';
  /** of the run */
  readonly folder: string;
  readonly build: Build;
  /** of the tensors of an engine */
  readonly maxBytes: number;
  readonly checkpointEvery: number;
  /** a name, or the path of a module: its jobs have the kinds */
  readonly experiment: string;
}

export type ToWorker =
  | WorkerSettings
  | { readonly kind: 'facts'; readonly ref: DataRef }
  /** settings: the experiment's, complete */
  | { readonly kind: 'job'; readonly job: PlannedJob; readonly settings: Json }
  | { readonly kind: 'stop' };

export type FromWorker =
  | { readonly kind: 'facts'; readonly facts: DataFacts }
  | { readonly kind: 'progress'; readonly fraction: number }
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'done'; readonly seconds: number }
  | { readonly kind: 'failed'; readonly error: WorkerFault };

/** An error as its message and exit code are shown; it has been put into words where it was thrown. */
export interface WorkerFault {
  readonly message: string;
  readonly stack: string;
  /** wrong use: the settings, not the work */
  readonly isWrongUse: boolean;
}
