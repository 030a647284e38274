/** One model to train, as plain data that can cross to another thread, and its training. */
import { type Dataset, examples } from '../../data/index.ts';
import type { Progress } from '../../engine/index.ts';
import { type CheckpointStore, Classifier, type Engine, type FitResult, namedModel } from '../../engine/index.ts';
import { optimizerOf, type Recipe } from '../recipe.ts';

/** Its bits depend on nothing else: not on other jobs, their order, or where it runs. */
export interface TrainingJob {
  /** in progress, errors and checkpoints */
  readonly name: string;
  /** as `namedModel` knows it */
  readonly model: string;
  /** of the data set */
  readonly rows: Int32Array;
  readonly recipe: Recipe;
  readonly seeds: { readonly initial: number; readonly training: number };
  readonly dtype: 'f32' | 'f64';
}

export interface TrainedModel {
  readonly classifier: Classifier;
  readonly fitted: FitResult;
  readonly seconds: number;
}

export interface JobHooks {
  readonly checkpoint?: CheckpointStore;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** batches of all epochs */
export function stepsOf({ rows, recipe }: Pick<TrainingJob, 'rows' | 'recipe'>): number {
  return recipe.epochs * Math.ceil(rows.length / recipe.batchSize);
}

/** Trains the model of a job on this engine. @throws what `Classifier.fit` throws */
export async function runJob(
  engine: Engine,
  dataset: Dataset,
  job: TrainingJob,
  hooks: JobHooks,
): Promise<TrainedModel> {
  const { recipe, seeds, dtype } = job;
  const began = performance.now();
  const model = namedModel(job.model, dataset.inputShape, dataset.classes);
  const classifier = Classifier.create(engine, model, { seed: seeds.initial, dtype });
  try {
    const fitted = await classifier.fit(examples(dataset, job.rows), {
      epochs: recipe.epochs,
      batchSize: recipe.batchSize,
      optimizer: optimizerOf(recipe),
      seed: seeds.training,
      ...hooks,
    });
    return { classifier, fitted, seconds: (performance.now() - began) / 1000 };
  } catch (error) {
    classifier.dispose();
    throw error;
  }
}
