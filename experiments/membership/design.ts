/**
 * Who trains on what, as settings: the same rows for the job that trains a model, the one that asks it, and the attack.
 *
 *   apart   the target's members and non-members are drawn first; each shadow model draws its own from the rows that are left
 *           (Shokri et al. 2017, section V): shadow models overlap one another, never the target
 *   halves  every model, the target too, is trained on a random half of one pool, by a coin for each record (Carlini et al.
 *           2022, section V-A): each record is in about half of the models, and the data of all models overlap
 */
import * as v from 'valibot';
import { type Dataset, fitStandardiser, stratifiedSplit, withTransform } from '../../data/index.ts';
import { ConfigError, Rng } from '../../engine/index.ts';
import type { DataFacts } from '../runner/index.ts';

const rows = v.pipe(v.number(), v.integer(), v.minValue(2, 'expected a whole number of at least 2'));
const seed = v.pipe(v.number(), v.integer(), v.minValue(0, 'expected a whole number of at least 0'));

export const designSchema = v.variant('kind', [
  v.strictObject({
    kind: v.literal('apart'),
    /** members of every model, and as many non-members */
    train: rows,
    seed,
  }),
  v.strictObject({
    kind: v.literal('halves'),
    /** rows of which each model is trained on about a half */
    pool: rows,
    seed,
  }),
]);
export type Design = v.InferOutput<typeof designSchema>;

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

/** The members and non-members of a model. */
export function rowsOfModel(dataset: Dataset, design: Design, which: Which): ModelRows {
  checkDesign(design, dataset);
  return design.kind === 'apart' ? apart(dataset, design, which) : halves(dataset, design, which);
}

function apart(dataset: Dataset, { train, seed }: Extract<Design, { kind: 'apart' }>, which: Which): ModelRows {
  const rng = Rng.from(seed).split('apart');
  const { y, classes } = dataset;
  const sizes = { members: train, nonMembers: train, others: dataset.size - 2 * train };
  const target = stratifiedSplit(y, classes, sizes, rng.split('target'));
  const data = standardised(dataset, target.members);
  if (which === 'target') return { data, members: target.members, nonMembers: target.nonMembers };
  const labels = target.others.map((row) => y[row]!);
  const own = stratifiedSplit(labels, classes, { members: train, nonMembers: train }, rng.split(`shadow ${which}`));
  return {
    data,
    members: own.members.map((at) => target.others[at]!),
    nonMembers: own.nonMembers.map((at) => target.others[at]!),
  };
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
