/**
 * One privacy audit from end to end: split, train a target and a shadow model by the same recipe, attack, record.
 * Runs in Node and in a browser; nothing here reads or writes files.
 */
import {
  type AttackWarning,
  allMembershipAttacks,
  cannotRun,
  localTarget,
  type MembershipAttack,
  type MembershipKnowledge,
  type MembershipResult,
  mixCandidates,
  remembered,
  runMembershipAttack,
  scoreHistogram,
} from '../attacks/index.ts';
import {
  columnNamed,
  type Dataset,
  examples,
  fitStandardiser,
  membershipSplit,
  stratifiedSplit,
  take,
  withTransform,
} from '../data/index.ts';
import {
  type CheckpointStore,
  type Classifier,
  ConfigError,
  type Engine,
  KeyholeError,
  namedModel,
  Rng,
} from '../engine/index.ts';
import { type AuditParts, auditParts } from './audit-parts.ts';
import type { AuditAttack, AuditRecord } from './audit-record.ts';
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

export interface AuditOptions extends Partial<Recipe> {
  /** default mlp */
  readonly model?: string;
  /** members; default a quarter of the rows, at most 5,000 */
  readonly trainSize?: number;
  /** non-members; default as many as members where the rows allow it */
  readonly outSize?: number;
  /** models that show the attacker what members look like, each trained on other rows of the attacker's; default 1 */
  readonly shadows?: number;
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
  /** where each model's training checkpoint is kept: of 'target', 'shadow', 'shadow-2' ... */
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

/** Rows of each part of an audit. @throws ConfigError when there are too few */
export function auditSizes(rows: number, o: Pick<AuditOptions, 'trainSize' | 'outSize'>) {
  const targetTrain = o.trainSize ?? Math.min(5000, Math.floor(rows / 4));
  const outSize = o.outSize ?? Math.min(targetTrain, Math.floor((rows - targetTrain) / 2));
  for (const [name, size] of [
    ['trainSize', targetTrain],
    ['outSize', outSize],
  ] as const) {
    if (!Number.isSafeInteger(size) || size < 1) {
      throw new ConfigError(`audit: expected ${name} to be a whole number >= 1, got ${size} of ${rows} rows.`, name);
    }
  }
  if (targetTrain + outSize > rows) {
    throw new ConfigError(
      `audit: expected at most ${rows} rows in all, got ${targetTrain} members and ${outSize} non-members. Use a smaller --train-size.`,
      'trainSize',
    );
  }
  const shadow = Math.min(targetTrain, Math.floor((rows - targetTrain - outSize) / 2));
  return { targetTrain, targetOut: outSize, shadowTrain: shadow, shadowOut: Math.min(outSize, shadow) };
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
  const { shadows = 1, backend = 'wasm' } = options;
  // the reference backend takes far longer than the rule assumes
  const cost = backend === 'reference' ? REFERENCE_COST : 1;
  const model = namedModel(options.model ?? 'mlp', dataset.inputShape, dataset.classes);
  const rows = auditSizes(dataset.size, options).targetTrain;
  const work = trainingWork(engine, { model, models: 1 + shadows, rows, recipe: recipeFor(options) });
  return planThreads(asked, { ...work, multiplyAdds: work.multiplyAdds * cost }, { kernels });
}

/**
 * Trains a model on part of a data set and attacks it.
 * @throws ConfigError, NumericError, or the signal's reason; checkpoints written so far stay
 */
export async function audit(engine: Engine, dataset: Dataset, options: AuditOptions = {}): Promise<Audit> {
  const started = performance.now();
  const { seed = 0, backend = 'wasm', shadows = 1, repeats = 1, signal, confidence } = options;
  if (confidence !== undefined && !(confidence > 0 && confidence < 1)) {
    throw new ConfigError(`confidence: expected a number between 0 and 1, got ${confidence}.`, 'confidence');
  }
  if (!(Number.isSafeInteger(shadows) && shadows >= 1)) {
    throw new ConfigError(`audit: expected shadows to be a whole number >= 1, got ${shadows}.`, 'shadows');
  }
  if (!(Number.isSafeInteger(repeats) && repeats >= 1)) {
    throw new ConfigError(`audit: expected repeats to be a whole number >= 1, got ${repeats}.`, 'repeats');
  }
  const attacks = chosenAttacks(options.attacks);
  const columns = options.slices ?? [];
  for (const name of columns) columnNamed(dataset.schema, name);
  const recipe = recipeFor(options);
  const rng = Rng.from(seed).split('audit');
  const sizes = auditSizes(dataset.size, options);
  const split = membershipSplit(dataset, sizes, rng.split('split'));
  const data =
    dataset.schema.kind === 'table' ? withTransform(dataset, fitStandardiser(dataset, split.targetTrain)) : dataset;
  const model = namedModel(options.model ?? 'mlp', data.inputShape, data.classes);

  const job = (name: string, rows: Int32Array): TrainingJob => {
    const label = name.replace('-', ' ');
    const seeds = { initial: subSeed(rng, `${label} initial`), training: subSeed(rng, `${label} training`) };
    return { name, model: model.name, rows, recipe, seeds, dtype: backend === 'reference' ? 'f64' : 'f32' };
  };
  const wanted = attacks.some(({ needs: { shadowRows = 0 } }) => shadowRows > 0 && shadowRows <= sizes.shadowOut);
  const parts = wanted
    ? Array.from({ length: shadows }, (_, i) => shadowRows(data, split.shadowPool, sizes, i, rng))
    : [];
  const jobs = [job('target', split.targetTrain), ...parts.map(({ members }, i) => job(shadowName(i), members))];
  const plan = options.threads ?? auditPlan(engine, data, options, { kernels: engine.team !== null });
  const workers = modelsAtOnce(plan, jobs.length);
  const [trained, ...shadowModels] = await trainModels(engine, data, jobs, {
    workers,
    ...(options.checkpoint && { checkpoint: options.checkpoint }),
    ...(signal && { signal }),
    onProgress: (p) => options.onProgress?.({ phase: 'train', ...p }),
  });
  if (!trained) throw new KeyholeError('internal: an audit without a target model');

  const warnings: AttackWarning[] = [];
  try {
    const evaluation = signal ? { signal } : {};
    const onTrain = await trained.classifier.evaluate(examples(data, split.targetTrain), evaluation);
    const onTest = await trained.classifier.evaluate(examples(data, split.targetOut), evaluation);
    const known: MembershipKnowledge = {
      meanTrainingLoss: onTrain.loss,
      model,
      shadows: shadowModels.map(({ classifier }, i) => ({
        target: remembered(localTarget(classifier)),
        members: take(data, parts[i]!.members),
        nonMembers: take(data, parts[i]!.nonMembers),
      })),
    };
    const candidates = mixCandidates(
      take(data, split.targetTrain),
      take(data, split.targetOut),
      rng.split('candidates'),
    );
    const target = remembered(localTarget(trained.classifier, evaluation));
    const runs: { attack: MembershipAttack; result: MembershipResult }[] = [];
    for (const [done, attack] of attacks.entries()) {
      options.onProgress?.({ phase: 'attack', attack: attack.name, done, of: attacks.length });
      const skipped = cannotRun(attack, known);
      if (skipped) {
        warnings.push(skipped);
        continue;
      }
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
    const details = await auditParts({
      data,
      audited: { rows: Int32Array.of(...split.targetTrain, ...split.targetOut), members: sizes.targetTrain },
      candidates,
      target,
      known,
      runs,
      columns,
      rng: rng.split('parts'),
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
      shadows: shadowModels.length,
      seed,
      build: backend === 'reference' ? 'reference' : engine.build,
      threads: workers > 1 ? { how: 'models', count: workers } : kernelThreads(engine),
      seconds: (performance.now() - started) / 1000,
      warnings: [...warnings, ...details.warnings],
      version: VERSION,
    };
    return { record, target: trained.classifier };
  } catch (error) {
    trained.classifier.dispose();
    throw error;
  } finally {
    for (const { classifier } of shadowModels) classifier.dispose();
  }
}

function kernelThreads({ team, threads }: Engine): ThreadPlan {
  return team ? { how: 'kernels', count: threads.asked } : { how: 'one', count: 1 };
}

const shadowName = (i: number) => (i === 0 ? 'shadow' : `shadow-${i + 1}`);

/** The rows of a shadow model: the first has the head of the attacker's rows, the others draw theirs from all of them. */
function shadowRows(
  { y, classes }: Dataset,
  pool: Int32Array,
  { shadowTrain, shadowOut }: ReturnType<typeof auditSizes>,
  i: number,
  rng: Rng,
): { readonly members: Int32Array; readonly nonMembers: Int32Array } {
  if (i === 0) {
    return { members: pool.subarray(0, shadowTrain), nonMembers: pool.subarray(shadowTrain, shadowTrain + shadowOut) };
  }
  const labels = pool.map((row) => y[row]!);
  const sizes = { members: shadowTrain, nonMembers: shadowOut };
  const { members, nonMembers } = stratifiedSplit(labels, classes, sizes, rng.split(`shadow ${i + 1} rows`));
  return { members: members.map((at) => pool[at]!), nonMembers: nonMembers.map((at) => pool[at]!) };
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
  const { tprAtFpr: t } = summary;
  return {
    name: attack.name,
    title: attack.title,
    paper: attack.paper,
    access: attack.threat.access,
    auc: summary.auc,
    balancedAccuracy: summary.balancedAccuracy,
    advantage: summary.advantage,
    tprAtFpr: { '0.1': t['0.1'] ?? null, '0.01': t['0.01'] ?? null, '0.001': t['0.001'] ?? null },
    queries: result.queries,
    seconds: result.seconds,
    warnings: [...result.warnings],
    roc: { fpr: [...summary.roc.fpr], tpr: [...summary.roc.tpr] },
    histogram: scoreHistogram({ members: result.members, nonMembers: result.nonMembers }),
    threat: { access: attack.threat.access, knowledge: [...attack.threat.knowledge], goal: attack.threat.goal },
    ...(perClass && { perClass }),
  };
}
