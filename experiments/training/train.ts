/** Training several models by one recipe: one after another on an engine, or at the same time, to the same bits. */
import type { Dataset } from '../../data/index.ts';
import type { CheckpointStore, Engine, Progress } from '../../engine/index.ts';
import { trainInThreads } from './crew.ts';
import { runJob, stepsOf, type TrainedModel, type TrainingJob } from './job.ts';

export interface TrainingProgress extends Progress {
  /** the job that this is about */
  readonly model: string;
  readonly all: {
    readonly models: number;
    readonly finished: number;
    /** batches of all models */
    readonly step: number;
    readonly steps: number;
    /** models that train at the same time */
    readonly atOnce: number;
  };
}

export interface TrainModelsOptions {
  /** models that train at the same time, each in a thread with an engine of its own; 1: on the engine given. See `modelsAtOnce` */
  readonly workers: number;
  readonly checkpoint?: (job: string) => CheckpointStore;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: TrainingProgress) => void;
}

/**
 * Trains every job's model.
 * @returns the models on `engine`, in the order of the jobs; dispose them when done
 * @throws what training throws, KeyholeError when a thread is lost, or the signal's reason; nothing is left running
 */
export async function trainModels(
  engine: Engine,
  dataset: Dataset,
  jobs: readonly TrainingJob[],
  { workers, checkpoint, signal, onProgress }: TrainModelsOptions,
): Promise<TrainedModel[]> {
  const report = totals(jobs, workers, onProgress);
  const shared = { ...(checkpoint && { checkpoint }), ...(signal && { signal }) };
  if (workers > 1) return trainInThreads(engine, dataset, jobs, { workers, onProgress: report, ...shared });
  const trained: TrainedModel[] = [];
  try {
    for (const job of jobs) {
      const hooks = { onProgress: (p: Progress) => report(job, p), ...(signal && { signal }) };
      const store = checkpoint?.(job.name);
      trained.push(await runJob(engine, dataset, job, { ...hooks, ...(store && { checkpoint: store }) }));
    }
    return trained;
  } catch (error) {
    for (const { classifier } of trained) classifier.dispose();
    throw error;
  }
}

/** Adds up what the models report one by one. */
function totals(
  jobs: readonly TrainingJob[],
  atOnce: number,
  onProgress: TrainModelsOptions['onProgress'],
): (job: TrainingJob, progress: Progress) => void {
  const reached = new Map<string, number>();
  const steps = jobs.reduce((sum, job) => sum + stepsOf(job), 0);
  return ({ name }, progress) => {
    reached.set(name, progress.step);
    let [step, finished] = [0, 0];
    for (const job of jobs) {
      const at = reached.get(job.name) ?? 0;
      step += at;
      if (at === stepsOf(job)) finished++;
    }
    onProgress?.({ ...progress, model: name, all: { models: jobs.length, finished, step, steps, atOnce } });
  };
}
