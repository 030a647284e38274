/** Which rows a model is trained on and which it is attacked on, as settings: the same for the job that trains and those that attack. */
import * as v from 'valibot';
import { type Dataset, fitStandardiser, stratifiedSplit, withTransform } from '../../data/index.ts';
import { ConfigError, Rng } from '../../engine/index.ts';
import { count, seedField } from '../fields.ts';
import type { DataFacts } from '../runner/index.ts';

export const rowsSchema = v.strictObject({
  /** null: all training rows of the data set; where none are named as such, four fifths of all */
  train: v.nullable(count),
  /** names the draw where not all rows are taken */
  seed: seedField,
});
export type RowSettings = v.InferOutput<typeof rowsSchema>;

export interface TrainTest {
  /** as models see it: tables are standardised by the training rows */
  readonly data: Dataset;
  readonly train: Int32Array;
  /** official test rows in the order of the file; else what is left over, in random order */
  readonly test: Int32Array;
}

/** @throws ConfigError when the set is too small */
export function checkRows({ train }: RowSettings, data: DataFacts | undefined): void {
  if (!data) throw new ConfigError('rows: expected a job with a data set, got none. Name it in `data`.', 'data');
  if (train === null || train < data.size) return;
  throw new ConfigError(
    `rows: expected fewer than the ${data.size} rows of ${data.name} to train on, got ${train}. Ask for fewer.`,
    'rows.train',
  );
}

/** @throws ConfigError when the set is too small */
export function trainTest(dataset: Dataset, rows: RowSettings): TrainTest {
  checkRows(rows, dataset);
  const { train, test } = dataset.split ? official(dataset, dataset.split.train, rows) : drawn(dataset, rows);
  const data = dataset.schema.kind === 'table' ? withTransform(dataset, fitStandardiser(dataset, train)) : dataset;
  return { data, train, test };
}

function official(dataset: Dataset, training: number, { train, seed }: RowSettings) {
  const test = Int32Array.from({ length: dataset.size - training }, (_, i) => training + i);
  const all = Int32Array.from({ length: training }, (_, i) => i);
  if (train === null) return { train: all, test };
  const drawn = stratifiedSplit(dataset.y.subarray(0, training), dataset.classes, { train }, streamOf(seed));
  return { train: drawn.train.sort(), test };
}

function drawn(dataset: Dataset, { train, seed }: RowSettings) {
  const sizes = { train: train ?? Math.floor(0.8 * dataset.size) };
  const parts = stratifiedSplit(
    dataset.y,
    dataset.classes,
    { ...sizes, test: dataset.size - sizes.train },
    streamOf(seed),
  );
  return { train: parts.train.sort(), test: parts.test };
}

const streamOf = (seed: number) => Rng.from(seed).split('training and test rows');
