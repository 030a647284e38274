/** Shadow and reference models for a target that somebody else trained: a recipe of ours, on the attacker's rows or on the tested ones. */
import { localTarget, type MembershipAttack, remembered, type ShadowModel } from '../attacks/index.ts';
import { type Dataset, makeDataset, numericColumns, type Records, stratifiedSplit } from '../data/index.ts';
import {
  type CheckpointStore,
  ConfigError,
  type Engine,
  type Model,
  namedModel,
  type Rng,
  sizeOf,
} from '../engine/index.ts';
import { type ModelRows, referenceModels, shadowModel, usedModels } from './audit-models.ts';
import { type Recipe, recipeFor } from './recipe.ts';
import { checkReferences } from './reference-halves.ts';
import { modelsAtOnce, planThreads, type TrainingProgress, trainingWork, trainModels } from './training/index.ts';

export interface ShadowRecipe extends Partial<Recipe> {
  readonly engine: Engine;
  /** as `namedModel` knows it */
  readonly model: string;
  /** shadow models, trained on the population; default 1 where there is one */
  readonly count?: number;
  /** reference models, each trained on a random half of members and non-members: 0, the default, or at least 2 */
  readonly references?: number;
  /** see `planThreads`; default 'auto' */
  readonly threads?: number | 'auto';
  /** where a model's training checkpoint is kept; `run` holds all that decides its bits */
  readonly checkpoint?: (model: string, run: Readonly<Record<string, string | number>>) => CheckpointStore;
}

export interface TrainedShadows {
  readonly models: readonly ShadowModel[];
  /** the architecture, which the attacker takes to be the target's */
  readonly model: Model;
  /** rows of the population that no model was trained on */
  readonly population: Int32Array;
  dispose(): void;
}

interface ShadowSets {
  readonly members: Records;
  readonly nonMembers: Records;
  readonly population: Records | null;
}

/** A third of the population is kept from all shadow models where an attack needs rows that no model has seen. */
const RESERVED = 1 / 3;
const FEWEST_ROWS = 4;

/** @throws ConfigError for a recipe without the rows for its models, and for reference models that no attack would use */
export function checkRecipe(shadow: ShadowRecipe, sets: ShadowSets, attacks: readonly MembershipAttack[]): void {
  const { count, references } = plannedShadows(shadow, sets);
  const models: Pick<ModelRows, 'trainedOn'>[] = count > 0 ? [{}] : [];
  if (references > 0) models.push({ trainedOn: new Uint8Array(0) });
  usedModels(attacks, models);
}

/** How many models of each kind, before the target is asked anything. @throws ConfigError without the rows for them */
function plannedShadows(shadow: ShadowRecipe, { members, nonMembers, population }: ShadowSets) {
  const { references = 0 } = shadow;
  const own = population?.y && population.size >= FEWEST_ROWS ? population : null;
  const count = shadow.count ?? (references > 0 && !own ? 0 : 1);
  if (!(Number.isSafeInteger(count) && count >= 0))
    throw new ConfigError(`shadows: expected a whole number >= 0, got ${count}.`, 'shadows');
  checkReferences(references);
  if (count > 0 && !own)
    throw new ConfigError(
      'shadows: expected a population with labels to train shadow models on, got none. Give one (--population), of rows that the model was not trained on.',
      'population',
    );
  if (references > 0 && !(members.y && nonMembers.y))
    throw new ConfigError(
      'references: expected labels of members and non-members, whose halves reference models are trained on, got none. Give the labels, or leave reference models out.',
      'references',
    );
  if (count + references === 0)
    throw new ConfigError(
      'shadows: expected at least one shadow or reference model to train by the recipe, got none. Ask for some, or leave the recipe out.',
      'shadows',
    );
  return { count, references, own };
}

/**
 * Each shadow model is trained on half of the attacker's rows, drawn anew, and has the other half as non-members; each
 * reference model on half of the tested records.
 * @throws ConfigError without labelled rows enough
 */
export async function trainShadows(
  sets: ShadowSets,
  classes: number,
  shadow: ShadowRecipe,
  o: { rng: Rng; reserve: boolean; signal?: AbortSignal; onProgress: (progress: TrainingProgress) => void },
): Promise<TrainedShadows> {
  const { engine } = shadow;
  const { count, references, own } = plannedShadows(shadow, sets);
  const recipe = recipeFor(shadow);
  const { members, nonMembers } = sets;
  const others = references > 0 ? [members, nonMembers] : [];
  const data = await datasetOf(joined([...(own ? [own] : []), ...others]), classes);
  const model = namedModel(shadow.model, data.inputShape, classes);
  const size = own?.size ?? 0;
  const tested = Int32Array.from({ length: data.size - size }, (_, i) => size + i);
  const reserved = count === 0 ? size : o.reserve ? Math.floor(size * RESERVED) : 0;
  const parts = stratifiedSplit(
    data.y.subarray(0, size),
    classes,
    { population: reserved, shadows: size - reserved },
    o.rng.split('population'),
  );
  const rows = [
    ...shadowHalves(data, parts.shadows, count, o.rng),
    ...referenceModels(data, tested, references, o.rng.split('references')),
  ];
  const jobs = rows.map(({ name, members: own }) => {
    const seeds = o.rng.split(name === 'shadow' ? 'shadow 1' : name.replace('-', ' '));
    return {
      name,
      model: model.name,
      rows: own,
      recipe,
      seeds: { initial: seeds.split('initial').uint32(), training: seeds.split('training').uint32() },
      dtype: 'f32' as const,
    };
  });
  const most = Math.max(...rows.map((one) => one.members.length));
  const work = trainingWork(engine, { model, models: jobs.length, rows: most, recipe });
  const plan = planThreads(shadow.threads ?? 'auto', work, { kernels: false });
  const { checkpoint } = shadow;
  const run = { data: data.sha256, model: model.name, ...recipe, population: reserved, build: engine.build };
  const seedOf = (name: string) => jobs.find((job) => job.name === name)!.seeds.training;
  const trained = await trainModels(engine, data, jobs, {
    workers: modelsAtOnce(plan, jobs.length),
    ...(checkpoint && { checkpoint: (name) => checkpoint(name, { part: name, ...run, seed: seedOf(name) }) }),
    ...(o.signal && { signal: o.signal }),
    onProgress: o.onProgress,
  });
  return {
    model,
    models: trained.map(({ classifier }, i) => shadowModel(remembered(localTarget(classifier)), data, rows[i]!)),
    population: parts.population,
    dispose() {
      for (const { classifier } of trained) classifier.dispose();
    },
  };
}

/** Halves of the attacker's rows. */
function shadowHalves({ y, classes }: Dataset, pool: Int32Array, count: number, rng: Rng): ModelRows[] {
  const labels = pool.map((row) => y[row]!);
  const half = Math.floor(pool.length / 2);
  return Array.from({ length: count }, (_, i) => {
    const sizes = { members: half, nonMembers: half };
    const split = stratifiedSplit(labels, classes, sizes, rng.split(`shadow ${i + 1} rows`));
    return {
      name: i === 0 ? 'shadow' : `shadow-${i + 1}`,
      members: split.members.map((at) => pool[at]!),
      nonMembers: split.nonMembers.map((at) => pool[at]!),
    };
  });
}

function joined(all: readonly Records[]): Records {
  const [first] = all;
  const x = new Float32Array(all.reduce((sum, part) => sum + part.x.length, 0));
  let at = 0;
  for (const part of all) {
    x.set(part.x, at);
    at += part.x.length;
  }
  const y = Int32Array.from(all.flatMap((part) => [...part.y!]));
  return { ...first!, x, y, size: y.length };
}

/** Labelled rows as they are: the target gets them so, too. */
export function datasetOf({ name, shape, x, y }: Records, classes: number): Promise<Dataset> {
  return makeDataset({
    name,
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
