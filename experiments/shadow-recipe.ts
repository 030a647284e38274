/** Shadow models for a target that somebody else trained: a recipe of ours, on rows of the attacker's own. */
import { localTarget, remembered, type ShadowModel } from '../attacks/index.ts';
import { type Dataset, makeDataset, numericColumns, type Records, stratifiedSplit, take } from '../data/index.ts';
import { ConfigError, type Engine, type Model, namedModel, type Rng, sizeOf } from '../engine/index.ts';
import { type Recipe, recipeFor } from './recipe.ts';
import { modelsAtOnce, planThreads, type TrainingProgress, trainingWork, trainModels } from './training/index.ts';

export interface ShadowRecipe extends Partial<Recipe> {
  readonly engine: Engine;
  /** as `namedModel` knows it */
  readonly model: string;
  /** default 1 */
  readonly count?: number;
  /** see `planThreads`; default 'auto' */
  readonly threads?: number | 'auto';
}

export interface TrainedShadows {
  readonly models: readonly ShadowModel[];
  /** the architecture, which the attacker takes to be the target's */
  readonly model: Model;
  /** rows of the population that no shadow model was trained on */
  readonly population: Int32Array;
  dispose(): void;
}

/** A third of the population is kept from all shadow models where an attack needs rows that no model has seen. */
const RESERVED = 1 / 3;

/**
 * Each shadow model is trained on half of the attacker's rows, drawn anew, and has the other half as non-members.
 * @throws ConfigError without labelled rows enough
 */
export async function trainShadows(
  population: Records | undefined,
  classes: number,
  shadow: ShadowRecipe,
  o: { rng: Rng; reserve: boolean; signal?: AbortSignal; onProgress: (progress: TrainingProgress) => void },
): Promise<TrainedShadows> {
  const { engine, count = 1 } = shadow;
  if (!(Number.isSafeInteger(count) && count >= 1))
    throw new ConfigError(`shadows: expected a whole number >= 1, got ${count}.`, 'shadows');
  if (!population || population.size < 4)
    throw new ConfigError(
      'shadows: expected a population with labels to train shadow models on, got none. Give one (--population), of rows that the model was not trained on.',
      'population',
    );
  const recipe = recipeFor(shadow);
  const data = await datasetOf(population, classes);
  const model = namedModel(shadow.model, data.inputShape, classes);
  const reserved = o.reserve ? Math.floor(data.size * RESERVED) : 0;
  const parts = stratifiedSplit(
    data.y,
    classes,
    { population: reserved, shadows: data.size - reserved },
    o.rng.split('population'),
  );
  const labels = parts.shadows.map((row) => data.y[row]!);
  const half = Math.floor(labels.length / 2);
  const halves = Array.from({ length: count }, (_, i) => {
    const split = stratifiedSplit(
      labels,
      classes,
      { members: half, nonMembers: half },
      o.rng.split(`shadow ${i + 1} rows`),
    );
    return {
      members: split.members.map((at) => parts.shadows[at]!),
      nonMembers: split.nonMembers.map((at) => parts.shadows[at]!),
    };
  });
  const jobs = halves.map(({ members }, i) => {
    const seeds = o.rng.split(`shadow ${i + 1}`);
    return {
      name: i === 0 ? 'shadow' : `shadow-${i + 1}`,
      model: model.name,
      rows: members,
      recipe,
      seeds: { initial: seeds.split('initial').uint32(), training: seeds.split('training').uint32() },
      dtype: 'f32' as const,
    };
  });
  const work = trainingWork(engine, { model, models: count, rows: half, recipe });
  const plan = planThreads(shadow.threads ?? 'auto', work, { kernels: false });
  const trained = await trainModels(engine, data, jobs, {
    workers: modelsAtOnce(plan, jobs.length),
    ...(o.signal && { signal: o.signal }),
    onProgress: o.onProgress,
  });
  return {
    model,
    models: trained.map(({ classifier }, i) => ({
      target: remembered(localTarget(classifier)),
      members: take(data, halves[i]!.members),
      nonMembers: take(data, halves[i]!.nonMembers),
    })),
    population: parts.population,
    dispose() {
      for (const { classifier } of trained) classifier.dispose();
    },
  };
}

/** The rows as they are: the target gets them so, too. */
function datasetOf({ name, shape, x, y }: Records, classes: number): Promise<Dataset> {
  return makeDataset({
    name: 'population',
    title: name,
    licence: "the user's own",
    source: "the user's own",
    inputShape: shape,
    classNames: Array.from({ length: classes }, (_, i) => String(i)),
    schema: { kind: 'table', columns: numericColumns(x, sizeOf(shape)) },
    x,
    y: y!,
  });
}
