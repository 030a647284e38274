/** Who trains on what in an audit: the target, the attacker's shadow and reference models, and the rows that no model sees. */
import {
  cannotRun,
  type Lack,
  type MembershipAttack,
  type ShadowModel,
  type Supply,
  shadowDataOf,
  suited,
} from '../attacks/index.ts';
import { type Dataset, membershipSplit, stratifiedSplit, take } from '../data/index.ts';
import { ConfigError, type Rng, type Rows } from '../engine/index.ts';
import { checkReferences, referenceHalves, sideOf } from './reference-halves.ts';

export interface AuditSizes {
  readonly targetTrain: number;
  readonly targetOut: number;
  /** of each shadow model */
  readonly shadowTrain: number;
  readonly shadowOut: number;
  readonly population: number;
}

/** Rows of each part of an audit. @throws ConfigError when there are too few */
export function auditSizes(
  rows: number,
  o: { readonly trainSize?: number; readonly outSize?: number; readonly population?: number },
): AuditSizes {
  const { population = 0 } = o;
  const targetTrain = o.trainSize ?? Math.min(5000, Math.floor(rows / 4));
  const targetOut = o.outSize ?? Math.min(targetTrain, Math.floor((rows - targetTrain) / 2));
  for (const [name, size, least] of [
    ['trainSize', targetTrain, 1],
    ['outSize', targetOut, 1],
    ['population', population, 0],
  ] as const) {
    if (!Number.isSafeInteger(size) || size < least) {
      const expected = `expected ${name} to be a whole number >= ${least}`;
      throw new ConfigError(`audit: ${expected}, got ${size} of ${rows} rows.`, name);
    }
  }
  const left = rows - targetTrain - targetOut;
  if (left < 0) {
    throw new ConfigError(
      `audit: expected at most ${rows} rows in all, got ${targetTrain} members and ${targetOut} non-members. Use a smaller --train-size.`,
      'trainSize',
    );
  }
  if (population > left) {
    throw new ConfigError(
      `audit: expected a population of at most ${left} rows, since ${targetTrain} of ${rows} are members and ${targetOut} ` +
        `non-members, got ${population}. Use a smaller --population, --train-size or --out-size.`,
      'population',
    );
  }
  const shadowTrain = Math.min(targetTrain, Math.floor((left - population) / 2));
  return { targetTrain, targetOut, shadowTrain, shadowOut: Math.min(targetOut, shadowTrain), population };
}

/** Rows of the data set that a model of the attacker's is trained on, and that it is held against. */
export interface ModelRows {
  /** in progress and checkpoints */
  readonly name: string;
  readonly members: Int32Array;
  readonly nonMembers: Int32Array;
  /** of a reference model: 1 for each tested record that it is trained on, members first */
  readonly trainedOn?: Uint8Array;
}

export interface AuditSplit {
  readonly members: Int32Array;
  readonly nonMembers: Int32Array;
  /** rows that no model is trained on */
  readonly population: Int32Array;
  /** shadow models, each on rows of the attacker's own, then reference models, each on half of the tested records */
  readonly models: readonly ModelRows[];
}

/** below this, a shadow model shows nothing */
const FEWEST_SHADOW_ROWS = 10;

/** @throws ConfigError for numbers of models that make no sense */
export function auditRows(
  dataset: Dataset,
  sizes: AuditSizes,
  { shadows, references }: { readonly shadows: number; readonly references: number },
  rng: Rng,
): AuditSplit {
  if (!(Number.isSafeInteger(shadows) && shadows >= 0)) {
    throw new ConfigError(`audit: expected shadows to be a whole number >= 0, got ${shadows}.`, 'shadows');
  }
  checkReferences(references);
  const { targetTrain, targetOut, shadowPool } = membershipSplit(dataset, sizes, rng.split('split'));
  const own = shadowPool.length - sizes.population;
  const pool = shadowPool.subarray(0, own);
  const enough = sizes.shadowOut >= FEWEST_SHADOW_ROWS;
  const apart = Array.from({ length: enough ? shadows : 0 }, (_, i) => shadowRows(dataset, pool, sizes, i, rng));
  const tested = Int32Array.from([...targetTrain, ...targetOut]);
  const overlapping = referenceModels(dataset, tested, references, rng.split('references'));
  return {
    members: targetTrain,
    nonMembers: targetOut,
    population: shadowPool.subarray(own),
    models: [...apart, ...overlapping],
  };
}

/** Reference models on halves of the tested rows: members, followed by non-members. */
export function referenceModels(
  { y, classes }: Pick<Dataset, 'y' | 'classes'>,
  tested: Int32Array,
  count: number,
  rng: Rng,
): ModelRows[] {
  const labels = tested.map((row) => y[row]!);
  return referenceHalves(labels, classes, count, rng).map((trainedOn, i) => ({
    name: `reference-${i + 1}`,
    members: sideOf(tested, trainedOn, 1),
    nonMembers: sideOf(tested, trainedOn, 0),
    trainedOn,
  }));
}

/** The rows of a shadow model: the first has the head of the attacker's rows, the others draw theirs from all of them. */
function shadowRows(
  { y, classes }: Dataset,
  pool: Int32Array,
  { shadowTrain, shadowOut }: AuditSizes,
  i: number,
  rng: Rng,
): ModelRows {
  if (i === 0) {
    const nonMembers = pool.subarray(shadowTrain, shadowTrain + shadowOut);
    return { name: 'shadow', members: pool.subarray(0, shadowTrain), nonMembers };
  }
  const labels = pool.map((row) => y[row]!);
  const sizes = { members: shadowTrain, nonMembers: shadowOut };
  const { members, nonMembers } = stratifiedSplit(labels, classes, sizes, rng.split(`shadow ${i + 1} rows`));
  return {
    name: `shadow-${i + 1}`,
    members: members.map((at) => pool[at]!),
    nonMembers: nonMembers.map((at) => pool[at]!),
  };
}

/** What attacks will have, before anything is trained. */
function supplyOf({ models, population }: AuditSplit): Supply {
  return {
    shadows: models.map(({ members, nonMembers, trainedOn }) => ({
      members: { y: members },
      nonMembers: { y: nonMembers },
      ...(trainedOn && { trainedOn }),
    })),
    population: { y: population },
  };
}

const REMEDIES: Readonly<Record<Lack, (needed: number) => string>> = {
  shadowRows: () => 'Give more data, or a smaller --train-size.',
  modelsIn: () => 'Add --references 16.',
  modelsOut: (needed) => `Add --references 16, or --shadows ${needed}.`,
  populationRows: (needed) => `Add --population, ${needed} rows or more.`,
};

export interface AuditWork {
  /** attacks that have what they need */
  readonly attacks: readonly MembershipAttack[];
  /** models that one of them uses */
  readonly models: readonly ModelRows[];
  /** which attacks were left out, and why */
  readonly skipped: readonly { readonly code: 'skipped'; readonly message: string }[];
}

/**
 * What is left to do of what was asked for.
 * @param named whether the attacks were asked for by name
 * @throws ConfigError when one of those lacks something, and for reference models and rows that no attack would use
 */
export function auditWork(attacks: readonly MembershipAttack[], rows: AuditSplit, named: boolean): AuditWork {
  const supply = supplyOf(rows);
  const runnable: MembershipAttack[] = [];
  const skipped: AuditWork['skipped'][number][] = [];
  for (const attack of attacks) {
    const warning = cannotRun(attack, supply, { remedy: (lack, needed) => REMEDIES[lack](needed) });
    if (!warning) runnable.push(attack);
    else if (named) {
      const words = warning.message.replace('was left out: it needs', 'needs');
      throw new ConfigError(`attacks: expected what each of them needs, but ${words} Or leave it out.`, 'attacks');
    } else skipped.push({ code: 'skipped', message: warning.message });
  }
  const models = usedModels(runnable, rows.models);
  const names = namesOf(attacks);
  const fewest = Math.min(...attacks.map(({ needs }) => needs.populationRows ?? Number.POSITIVE_INFINITY));
  if (rows.population.length > 0 && rows.population.length < fewest)
    throw new ConfigError(
      Number.isFinite(fewest)
        ? `population: expected at least ${fewest} rows, as attacks need them, got ${rows.population.length}. Use a larger one, or leave it out.`
        : `population: expected attacks that use one, such as attack-p, got ${names}. Name one of those, or leave it out.`,
      'population',
    );
  return { attacks: runnable, models, skipped };
}

/**
 * The models that one of the attacks uses, in their order.
 * @throws ConfigError for reference models that none would use
 */
export function usedModels<M extends Pick<ModelRows, 'trainedOn'>>(
  attacks: readonly MembershipAttack[],
  models: readonly M[],
): M[] {
  const used = new Set<M>();
  for (const { needs } of attacks) {
    const own = suited(needs, models);
    if (shadowDataOf(needs, own) !== 'none') for (const one of own) used.add(one);
  }
  const references = models.filter(({ trainedOn }) => trainedOn);
  if (references.length === 0 || references.some((model) => used.has(model))) return models.filter((m) => used.has(m));
  throw new ConfigError(
    `references: expected attacks that use reference models, such as lira-online, got ${namesOf(attacks)}. ` +
      'Name one of those, or leave it out.',
    'references',
  );
}

const namesOf = (attacks: readonly MembershipAttack[]) => attacks.map(({ name }) => name).join(', ');

/** A trained model as attacks get it; its rows are copied when an attack asks for them, which few do of many models. */
export function shadowModel(
  target: ShadowModel['target'],
  dataset: Dataset,
  { members, nonMembers, trainedOn }: ModelRows,
): ShadowModel {
  const rows = (which: Int32Array): Rows => {
    let copied: Rows | null = null;
    return {
      y: which.map((row) => dataset.y[row]!),
      get x() {
        copied ??= take(dataset, which);
        return copied.x;
      },
    };
  };
  return { target, members: rows(members), nonMembers: rows(nonMembers), ...(trainedOn && { trainedOn }) };
}
