/** The order in which training sees rows: shuffled epochs, or Poisson sampling as DP-SGD's accounting assumes. */

import type { Rng } from '../engine/index.ts';
import { ConfigError } from '../engine/index.ts';

export interface ShuffledOptions {
  /** the rows to draw from, or how many (0 .. rows - 1) */
  readonly rows: Int32Array | number;
  readonly batch: number;
  readonly rng: Rng;
  /** default 1 */
  readonly epochs?: number;
  /** leave out each epoch's last batch when it is not full; default false */
  readonly dropLast?: boolean;
}

/** Every epoch visits every row once, in a new order; each batch is an array of row indices. */
export function* shuffledBatches(options: ShuffledOptions): Generator<Int32Array, void, void> {
  const rows = allRows(options.rows);
  const batch = wholeNumber('batch', options.batch, 1);
  const epochs = wholeNumber('epochs', options.epochs ?? 1, 0);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = options.rng.split(`epoch ${epoch}`).permutation(rows.length);
    const end = options.dropLast ? rows.length - (rows.length % batch) : rows.length;
    for (let start = 0; start < end; start += batch) {
      yield order.slice(start, Math.min(start + batch, end)).map((i) => rows[i]!);
    }
  }
}

export interface PoissonOptions {
  /** the rows to draw from, or how many (0 .. rows - 1) */
  readonly rows: Int32Array | number;
  /** the probability with which each row is in a batch, 0 .. 1; the expected batch is rate x rows */
  readonly rate: number;
  readonly steps: number;
  readonly rng: Rng;
}

/**
 * Each step includes each row independently with probability `rate` (Abadi et al., CCS 2016, section 3.1). Batches vary
 * in size, and empty ones are yielded: leaving them out would break the privacy accounting.
 */
export function* poissonBatches(options: PoissonOptions): Generator<Int32Array, void, void> {
  const rows = allRows(options.rows);
  const { rate, rng } = options;
  if (!(rate >= 0 && rate <= 1))
    throw new ConfigError(`poissonBatches: expected a rate in 0 .. 1, got ${rate}. It is batch size / rows.`, 'rate');
  const steps = wholeNumber('steps', options.steps, 0);
  for (let step = 0; step < steps; step++) {
    const stream = rng.split(`step ${step}`);
    yield rows.filter(() => stream.uniform() < rate);
  }
}

function allRows(rows: Int32Array | number): Int32Array {
  if (typeof rows !== 'number') return rows;
  return Int32Array.from({ length: wholeNumber('rows', rows, 0) }, (_, i) => i);
}

function wholeNumber(name: string, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least) return value;
  throw new ConfigError(`${name}: expected a whole number of at least ${least}, got ${value}.`, name);
}
