/** Members and non-members of a target as settings: the same rows for the job that trains and the one that attacks. */
import * as v from 'valibot';
import { type Dataset, fitStandardiser, membershipSplit, withTransform } from '../../../data/index.ts';
import { ConfigError, Rng } from '../../../engine/index.ts';
import { count, seedField } from '../../fields.ts';
import type { DataFacts } from '../job.ts';

export const splitSchema = v.strictObject({
  /** members: the target is trained on these */
  train: count,
  /** non-members, to compare with */
  out: count,
  seed: seedField,
});
export type SplitSettings = v.InferOutput<typeof splitSchema>;

/** @throws ConfigError when the set is too small */
export function checkSplit({ train, out }: SplitSettings, data: DataFacts | undefined): void {
  if (!data) throw new ConfigError('split: expected a job with a data set, got none. Name it in `data`.', 'data');
  if (train + out <= data.size) return;
  throw new ConfigError(
    `split: expected at most the ${data.size} rows of ${data.name}, got ${train} members and ${out} non-members. ` +
      'Ask for fewer of either.',
    'split',
  );
}

export const partSchema = v.picklist(['target', 'shadow']);
export type Part = v.InferOutput<typeof partSchema>;

/**
 * Members and non-members of a part, and the data as models see them: tables are standardised by the target's members.
 * The shadow's rows are as many as the target's members on either side, as far as the rows that the target leaves over go.
 */
export function membersOf(dataset: Dataset, { train, out, seed }: SplitSettings, part: Part = 'target') {
  const rng = Rng.from(seed).split('experiment split');
  const { targetTrain, targetOut, shadowPool } = membershipSplit(dataset, { targetTrain: train, targetOut: out }, rng);
  const data =
    dataset.schema.kind === 'table' ? withTransform(dataset, fitStandardiser(dataset, targetTrain)) : dataset;
  if (part === 'target') return { data, members: targetTrain, nonMembers: targetOut };
  const n = shadowSize({ train, out }, dataset.size);
  return { data, members: shadowPool.subarray(0, n), nonMembers: shadowPool.subarray(n, 2 * n) };
}

/** Members of a shadow model, and as many non-members. */
export function shadowSize({ train, out }: Pick<SplitSettings, 'train' | 'out'>, rows: number): number {
  return Math.max(0, Math.min(train, Math.floor((rows - train - out) / 2)));
}
