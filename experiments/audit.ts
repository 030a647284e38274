/**
 * One privacy audit from end to end: split, train a target and the attacker's models by the same recipe, attack, record.
 * Runs in Node and in a browser; nothing here reads or writes files.
 */
import {
  allMembershipAttacks,
  controlClassifier,
  localTarget,
  type MembershipAttack,
  type MembershipKnowledge,
  type MembershipResult,
  mixCandidates,
  remembered,
  runMembershipAttack,
  scoreHistogram,
} from '../attacks/index.ts';
import { columnNamed, type Dataset, examples, fitStandardiser, take, withTransform } from '../data/index.ts';
import {
  type CheckpointStore,
  type Classifier,
  ConfigError,
  type Engine,
  KeyholeError,
  namedModel,
  Rng,
} from '../engine/index.ts';
import { auditRows, auditSizes, auditWork, shadowModel } from './audit-models.ts';
import { type AuditParts, auditParts, columnGroups } from './audit-parts.ts';
import type { AuditAttack, AuditRecord } from './audit-record.ts';
import { tprAtFprOf } from './rates.ts';
import { type Recipe, recipeFor } from './recipe.ts';
import {
  modelsAtOnce,
  planThreads,
  type ThreadPlan,
  type TrainingJob,
  type TrainingProgress,
  trainingWork,
  trainModels,
} from './training/index.ts';
import { VERSION } from './version.ts';

export { type AuditSizes, auditSizes } from './audit-models.ts';

export interface AuditOptions extends Partial<Recipe> {
  /** default mlp */
  readonly model?: string;
  /** members; default a quarter of the rows, at most 5,000 */
  readonly trainSize?: number;
  /** non-members; default as many as members where the rows allow it */
  readonly outSize?: number;
  /** models that show the attacker what members look like, each trained on other rows of the attacker's; default 1 */
  readonly shadows?: number;
  /**
   * models of an attacker who owns the tested records and knows of all but the target who was trained on which: each is
   * trained on a random half of them. 0, the default, or at least 2
   */
  readonly references?: number;
  /** rows that no model is trained on, for attacks that need some; default 0 */
  readonly population?: number;
  /** default: all but those that are costly */
  readonly attacks?: readonly string[];
  /** columns of a table whose values the strongest attack is reported for, beside classes; default none */
  readonly slices?: readonly string[];
  /** default 0 */
  readonly seed?: number;
  /** 'reference' runs everything in f64 on the readable backend; default 'wasm' */
  readonly backend?: 'wasm' | 'reference';
  /** how often each question is asked, and the answers averaged; see `MembershipRun.repeats`. Default 1 */
  readonly repeats?: number;
  /** of the intervals; default 0.95 */
  readonly confidence?: number;
  /** how the work is spread, which changes no result; default: as `planThreads` says for 'auto' */
  readonly threads?: ThreadPlan;
  /** where each model's training checkpoint is kept: of 'target', 'shadow', 'shadow-2' ..., 'reference-1' ... */
  readonly checkpoint?: (model: string) => CheckpointStore;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: AuditProgress) => void;
}

export type AuditProgress =
  | ({ readonly phase: 'train' } & TrainingProgress)
  | { readonly phase: 'attack'; readonly attack: string; readonly done: number; readonly of: number };

export interface Audit {
  readonly record: AuditRecord;
  /** the audited model; dispose it when done */
  readonly target: Classifier;
}

/** @throws ConfigError for unknown names, with the known ones */
export function chosenAttacks(names: readonly string[] | undefined): readonly MembershipAttack[] {
  if (!names) return allMembershipAttacks.filter(({ costly }) => !costly);
  return names.map((name) => {
    const attack = allMembershipAttacks.find((a) => a.name === name);
    const known = allMembershipAttacks.map((a) => a.name);
    if (!attack) throw new ConfigError(`attack: expected one of ${known.join(', ')}, got '${name}'.`, 'attacks', known);
    return attack;
  });
}

/** multiply-adds of the kernels in the time of one of the reference backend, roughly */
const REFERENCE_COST = 100;

/**
 * How an audit of these rows by these options uses threads; see `planThreads`.
 * @param o.asked default 'auto'
 * @param o.kernels whether the engine for it may split kernels over threads; default: not
 */
export function auditPlan(
  engine: Engine,
  dataset: Dataset,
  options: AuditOptions,
  { asked = 'auto', kernels = false }: { asked?: number | 'auto'; kernels?: boolean } = {},
): ThreadPlan {
  const { shadows = 1, references = 0, backend = 'wasm' } = options;
  // the reference backend takes far longer than the rule assumes
  const cost = backend === 'reference' ? REFERENCE_COST : 1;
  const model = namedModel(options.model ?? 'mlp', dataset.inputShape, dataset.classes);
  const rows = auditSizes(dataset.size, options).targetTrain;
  const work = trainingWork(engine, { model, models: 1 + shadows + references, rows, recipe: recipeFor(options) });
  return planThreads(asked, { ...work, multiplyAdds: work.multiplyAdds * cost }, { kernels });
}

/**
 * Trains a model on part of a data set and attacks it.
 * @throws ConfigError, NumericError, or the signal's reason; checkpoints written so far stay
 */
export async function audit(engine: Engine, dataset: Dataset, options: AuditOptions = {}): Promise<Audit> {
  const started = performance.now();
  const { seed = 0, backend = 'wasm', shadows = 1, references = 0, repeats = 1, signal, confidence } = options;
  if (confidence !== undefined && !(confidence > 0 && confidence < 1)) {
    throw new ConfigError(`confidence: expected a number between 0 and 1, got ${confidence}.`, 'confidence');
  }
  if (!(Number.isSafeInteger(repeats) && repeats >= 1)) {
    throw new ConfigError(`audit: expected repeats to be a whole number >= 1, got ${repeats}.`, 'repeats');
  }
  const columns = options.slices ?? [];
  for (const name of columns) columnNamed(dataset.schema, name);
  const recipe = recipeFor(options);
  const rng = Rng.from(seed).split('audit');
  const sizes = auditSizes(dataset.size, options);
  const split = auditRows(dataset, sizes, { shadows, references }, rng);
  const { attacks, models, skipped } = auditWork(chosenAttacks(options.attacks), split, options.attacks !== undefined);
  const data =
    dataset.schema.kind === 'table' ? withTransform(dataset, fitStandardiser(dataset, split.members)) : dataset;
  const model = namedModel(options.model ?? 'mlp', data.inputShape, data.classes);

  const job = (name: string, rows: Int32Array): TrainingJob => {
    const label = name.replace('-', ' ');
    const seeds = { initial: subSeed(rng, `${label} initial`), training: subSeed(rng, `${label} training`) };
    return { name, model: model.name, rows, recipe, seeds, dtype: backend === 'reference' ? 'f64' : 'f32' };
  };
  const jobs = [job('target', split.members), ...models.map(({ name, members }) => job(name, members))];
  const plan = options.threads ?? auditPlan(engine, data, options, { kernels: engine.team !== null });
  const workers = modelsAtOnce(plan, jobs.length);
  const [trained, ...others] = await trainModels(engine, data, jobs, {
    workers,
    ...(options.checkpoint && { checkpoint: options.checkpoint }),
    ...(signal && { signal }),
    onProgress: (p) => options.onProgress?.({ phase: 'train', ...p }),
  });
  if (!trained) throw new KeyholeError('internal: an audit without a target model');

  try {
    const evaluation = signal ? { signal } : {};
    const onTrain = await trained.classifier.evaluate(examples(data, split.members), evaluation);
    const onTest = await trained.classifier.evaluate(examples(data, split.nonMembers), evaluation);
    const known: MembershipKnowledge = {
      meanTrainingLoss: onTrain.loss,
      model,
      shadows: others.map(({ classifier }, i) => shadowModel(remembered(localTarget(classifier)), data, models[i]!)),
      ...(split.population.length > 0 && { population: take(data, split.population) }),
    };
    const sides = { members: take(data, split.members), nonMembers: take(data, split.nonMembers) };
    const candidates = mixCandidates(sides.members, sides.nonMembers, rng.split('candidates'));
    const target = remembered(localTarget(trained.classifier, evaluation));
    const runs: { attack: MembershipAttack; result: MembershipResult }[] = [];
    for (const [done, attack] of attacks.entries()) {
      options.onProgress?.({ phase: 'attack', attack: attack.name, done, of: attacks.length });
      const result = await runMembershipAttack(attack, {
        target,
        candidates,
        known,
        rng: rng.split(`attack ${attack.name}`),
        repeats,
        engine: async () => engine,
        ...(confidence !== undefined && { confidence }),
        ...evaluation,
      });
      runs.push({ attack, result });
    }
    const rows = Int32Array.from([...split.members, ...split.nonMembers]);
    const own = rng.split('parts');
    const { inputShape, classes, classNames } = data;
    const control = await controlClassifier({
      ...sides,
      inputShape,
      classes,
      rng: own.split('control'),
      ...evaluation,
    });
    const details = await auditParts({
      candidates,
      labels: rows.map((row) => data.y[row]!),
      classNames,
      rows,
      groups: columns.map((name) => columnGroups(data, rows, name)),
      control,
      target,
      known,
      runs,
      rng: own,
      ...(confidence !== undefined && { confidence }),
      ...evaluation,
    });
    options.onProgress?.({ phase: 'attack', attack: '', done: attacks.length, of: attacks.length });
    const record: AuditRecord = {
      schema: 'keyhole.audit/1',
      dataset: {
        name: data.name,
        sha256: data.sha256,
        members: sizes.targetTrain,
        nonMembers: sizes.targetOut,
        classes: data.classes,
      },
      model: { name: model.name, parameters: trained.classifier.parameters },
      train: {
        accuracy: onTrain.accuracy,
        testAccuracy: onTest.accuracy,
        epochs: trained.fitted.epochs,
        seconds: trained.seconds,
      },
      attacks: runs.map(({ attack, result }, i) => attackRecord(attack, result, details.perClass[i])),
      ...details.record,
      shadows: models.filter(({ trainedOn }) => !trainedOn).length,
      references: models.filter(({ trainedOn }) => trainedOn).length,
      population: split.population.length,
      seed,
      build: backend === 'reference' ? 'reference' : engine.build,
      threads: workers > 1 ? { how: 'models', count: workers } : kernelThreads(engine),
      seconds: (performance.now() - started) / 1000,
      warnings: [...skipped, ...(control?.warning ? [control.warning] : [])],
      version: VERSION,
    };
    return { record, target: trained.classifier };
  } catch (error) {
    trained.classifier.dispose();
    throw error;
  } finally {
    for (const { classifier } of others) classifier.dispose();
  }
}

function kernelThreads({ team, threads }: Engine): ThreadPlan {
  return team ? { how: 'kernels', count: threads.asked } : { how: 'one', count: 1 };
}

/** A seed of its own for each use, so that no two parts of an audit share random numbers. */
function subSeed(rng: Rng, label: string): number {
  return rng.split(label).uint32();
}

/** What a record keeps of an attack's result. */
export function attackRecord(
  attack: MembershipAttack,
  result: MembershipResult,
  perClass?: AuditParts['perClass'][number],
): AuditAttack {
  const { summary } = result;
  return {
    name: attack.name,
    title: attack.title,
    paper: attack.paper,
    access: attack.threat.access,
    auc: summary.auc,
    balancedAccuracy: summary.balancedAccuracy,
    advantage: summary.advantage,
    tprAtFpr: tprAtFprOf(summary.tprAtFpr),
    queries: result.queries,
    shadowData: result.shadowData,
    seconds: result.seconds,
    warnings: [...result.warnings],
    roc: { fpr: [...summary.roc.fpr], tpr: [...summary.roc.tpr] },
    histogram: scoreHistogram({ members: result.members, nonMembers: result.nonMembers }),
    threat: { access: attack.threat.access, knowledge: [...attack.threat.knowledge], goal: attack.threat.goal },
    ...(perClass && { perClass }),
  };
}
