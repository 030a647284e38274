/**
 * Who trains on what, as settings: the same rows for the job that trains a model, the one that asks it, and the attack.
 *
 *   apart   the target's members and non-members are drawn first; each shadow model draws its own from the rows that are left
 *           (Shokri et al. 2017, section V): shadow models overlap one another, never the target
 *   halves  every model, the target too, is trained on a random half of one pool, by a coin for each record (Carlini et al.
 *           2022, section V-A): each record is in about half of the models, and the data of all models overlap
 */
import * as v from 'valibot';
import { type Dataset, fitStandardiser, readNpz, stratifiedSplit, withTransform } from '../../data/index.ts';
import { ConfigError, Rng } from '../../engine/index.ts';
import { seedField, whole } from '../fields.ts';
import type { DataFacts, Needed } from '../runner/index.ts';

const rows = whole(2);

export const designSchema = v.variant('kind', [
  v.strictObject({
    kind: v.literal('apart'),
    /** members of every model, and as many non-members */
    train: rows,
    seed: seedField,
    /** shadow models draw from the rows that the last job needed has made (knowledge.ts); absent: from the rows left over */
    shadowRows: v.exactOptional(v.literal('made')),
  }),
  v.strictObject({
    kind: v.literal('halves'),
    /** rows of which each model is trained on about a half */
    pool: rows,
    seed: seedField,
  }),
]);
export type Design = v.InferOutput<typeof designSchema>;
export type ApartDesign = Extract<Design, { kind: 'apart' }>;

/**
 * A design that keeps data apart.
 * @param o.made whether its shadow models may draw from made rows; default false
 * @throws ConfigError for another
 */
export function apartOnly(design: Design, { made = false }: { readonly made?: boolean } = {}): ApartDesign {
  if (design.kind !== 'apart')
    throw new ConfigError(`design: expected a design of 'apart', got '${design.kind}'.`, 'design.kind', ['apart']);
  if (made || design.shadowRows === undefined) return design;
  throw new ConfigError(
    "design: expected shadow models with rows of the data set, got shadowRows 'made'. Leave shadowRows out.",
    'design.shadowRows',
  );
}

/** The target, or a shadow model by number from 0 on. */
export const whichSchema = v.union([v.literal('target'), v.pipe(v.number(), v.integer(), v.minValue(0))]);
export type Which = v.InferOutput<typeof whichSchema>;

export interface ModelRows {
  /** as models see them: tables are standardised, by the target's members where the design keeps data apart, else by the pool */
  readonly data: Dataset;
  readonly members: Int32Array;
  readonly nonMembers: Int32Array;
}

/** @throws ConfigError when the set is too small */
export function checkDesign(design: Design, data: Pick<DataFacts, 'name' | 'size'> | undefined): void {
  if (!data) throw new ConfigError('design: expected a job with a data set, got none. Name it in `data`.', 'data');
  if (design.kind === 'halves') {
    if (design.pool <= data.size) return;
    throw new ConfigError(
      `design: expected a pool of at most the ${data.size} rows of ${data.name}, got ${design.pool}. Ask for fewer.`,
      'design.pool',
    );
  }
  if (4 * design.train <= data.size) return;
  throw new ConfigError(
    `design: expected at most a quarter of the ${data.size} rows of ${data.name} as members, got ${design.train}: the target ` +
      'needs as many non-members, and a shadow model as many of both from the rows that are left. Ask for fewer.',
    'design.train',
  );
}

/**
 * The members and non-members of a model.
 * @param made what `madeRows` read, for the shadow models of a design whose rows are made
 */
export function rowsOfModel(dataset: Dataset, design: Design, which: Which, made: MadeRows | null = null): ModelRows {
  checkDesign(design, dataset);
  return design.kind === 'apart' ? apart(dataset, design, which, made) : halves(dataset, design, which);
}

function apart(dataset: Dataset, design: ApartDesign, which: Which, made: MadeRows | null): ModelRows {
  const { train, seed, shadowRows } = design;
  const { members, nonMembers, others, data } = targetOf(dataset, design);
  if (which === 'target') return { data, members, nonMembers };
  if ((shadowRows === 'made') !== (made !== null))
    throw new ConfigError(
      `design: expected ${made ? 'a design with made rows' : 'made rows'} for shadow ${which}. Name the job that makes them last in needs.`,
      'design.shadowRows',
    );
  const pool = made ? { ...data, x: made.x, y: made.y, size: made.y.length } : data;
  const rows = made ? Int32Array.from(made.y.keys()) : others;
  const labels = rows.map((row) => pool.y[row]!);
  const sizes = { members: train, nonMembers: train };
  const own = stratifiedSplit(labels, data.classes, sizes, Rng.from(seed).split('apart').split(`shadow ${which}`));
  const chosen = (part: Int32Array) => part.map((at) => rows[at]!);
  return { data: pool, members: chosen(own.members), nonMembers: chosen(own.nonMembers) };
}

/** The target's rows where data are kept apart, the rows that are left to the attacker, and the data as models see them. */
export function targetOf(dataset: Dataset, { train, seed }: ApartDesign) {
  const sizes = { members: train, nonMembers: train, others: dataset.size - 2 * train };
  const rng = Rng.from(seed).split('apart').split('target');
  const split = stratifiedSplit(dataset.y, dataset.classes, sizes, rng);
  return { ...split, data: standardised(dataset, split.members) };
}

/** Shadow data that a job made, in stored units. */
export type MadeRows = Pick<Dataset, 'x' | 'y'>;
export const MADE_FILE = 'shadow-data.npz';

/** The made rows of a design, from the last job needed; null where shadow models draw from real ones. */
export async function madeRows(design: Design, needs: readonly Needed[]): Promise<MadeRows | null> {
  if (design.kind !== 'apart' || design.shadowRows !== 'made') return null;
  const last = needs.at(-1);
  if (!last)
    throw new ConfigError('design: expected a job that made shadow data, got none. Name it in needs.', 'needs');
  const arrays = readNpz(await last.file(MADE_FILE), MADE_FILE);
  return { x: arrays.get('x')!.data as Dataset['x'], y: arrays.get('y')!.data as Int32Array };
}

function halves(dataset: Dataset, design: Extract<Design, { kind: 'halves' }>, which: Which): ModelRows {
  const pool = poolOf(dataset, design);
  const isIn = coinsOf(design, which);
  return {
    data: standardised(dataset, pool),
    members: pool.filter((_, i) => isIn[i] === 1),
    nonMembers: pool.filter((_, i) => isIn[i] === 0),
  };
}

/** The rows of the pool, in rising order. */
export function poolOf(dataset: Dataset, { pool, seed }: Extract<Design, { kind: 'halves' }>): Int32Array {
  return Rng.from(seed).split('halves').split('pool').permutation(dataset.size).slice(0, pool).sort();
}

/** Rows that no model of the design is trained on, at most `most` of them, in random order: the attacker's population. */
export function populationOf(dataset: Dataset, design: Extract<Design, { kind: 'halves' }>, most: number): Int32Array {
  const { pool, seed } = design;
  const order = Rng.from(seed).split('halves').split('pool').permutation(dataset.size);
  return order.slice(pool, pool + most);
}

/** For each row of the pool, 1 if the model is trained on it. */
export function coinsOf({ pool, seed }: Extract<Design, { kind: 'halves' }>, which: Which): Uint8Array {
  const coins = Rng.from(seed).split('halves').split(`coins of ${which}`);
  return Uint8Array.from({ length: pool }, () => coins.below(2));
}

const standardised = (dataset: Dataset, rows: Int32Array): Dataset =>
  dataset.schema.kind === 'table' ? withTransform(dataset, fitStandardiser(dataset, rows)) : dataset;
