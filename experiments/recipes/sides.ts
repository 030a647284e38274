/** Who is protected and who is not, as settings: the same rows for the job that trains and the one that attacks. */
import * as v from 'valibot';
import type { Dataset } from '../../data/index.ts';
import { ConfigError, Rng } from '../../engine/index.ts';
import { seedField, whole } from '../fields.ts';
import type { DataFacts } from '../runner/index.ts';

export const sidesSchema = v.strictObject({
  /**
   * null: every training row is protected. A number: of so many training rows, each is protected or not by a fair coin of
   * its own, so that an attacker who finds out which ones tells neighbouring data sets apart, one record more or less
   */
  pool: v.nullable(whole(20)),
  /** names the coins */
  seed: seedField,
});
export type Sides = v.InferOutput<typeof sidesSchema>;

export interface SplitRows {
  /** protected: the model is trained on these */
  readonly members: Int32Array;
  /** of the pool, those that are not; empty without one */
  readonly nonMembers: Int32Array;
  /** to measure accuracy on: the official test rows, else the rows that are not protected */
  readonly test: Int32Array;
  /** public: how many members are expected */
  readonly records: number;
}

/** @throws ConfigError when the set has too few rows, or none to test on */
export function checkSides({ pool }: Sides, data: Pick<DataFacts, 'name' | 'size'> | undefined): void {
  if (!data) throw new ConfigError('sides: expected a job with a data set, got none. Name it in `data`.', 'data');
  if (pool === null || pool <= data.size) return;
  throw new ConfigError(
    `sides: expected a pool of at most the ${data.size} rows of ${data.name}, got ${pool}. Ask for fewer.`,
    'sides.pool',
  );
}

export function sidesOf(dataset: Dataset, sides: Sides): SplitRows {
  checkSides(sides, dataset);
  const training = dataset.split?.train ?? dataset.size;
  const official = range(training, dataset.size);
  if (sides.pool === null) {
    if (official.length > 0)
      return { members: range(0, training), nonMembers: new Int32Array(), test: official, records: training };
    throw new ConfigError(
      `sides: expected ${dataset.name} to have official test rows, it has none. Give a pool: what is not protected is tested on.`,
      'sides.pool',
    );
  }
  if (sides.pool > training) {
    throw new ConfigError(
      `sides: expected a pool of at most the ${training} training rows of ${dataset.name}, got ${sides.pool}. Ask for fewer.`,
      'sides.pool',
    );
  }
  const rng = Rng.from(sides.seed).split('sides');
  const pool = rng.split('pool').permutation(training).subarray(0, sides.pool).sort();
  const coins = rng.split('coins');
  const isMember = Uint8Array.from(pool, () => coins.below(2));
  const members = pool.filter((_, i) => isMember[i] === 1);
  const nonMembers = pool.filter((_, i) => isMember[i] === 0);
  return {
    members,
    nonMembers,
    test: official.length > 0 ? official : nonMembers,
    records: Math.round(sides.pool / 2),
  };
}

function range(start: number, end: number): Int32Array<ArrayBuffer> {
  return Int32Array.from({ length: end - start }, (_, i) => start + i);
}
