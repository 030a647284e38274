/**
 * Further non-members of a target: rows beside its own members and non-members, so that false-positive rates resolve which as many
 * non-members as members do not. The target, the attacker's shadow models and their defences have other rows.
 */
import * as v from 'valibot';
import type { Dataset } from '../../data/index.ts';
import { ConfigError, Rng } from '../../engine/index.ts';
import type { DataFacts } from '../runner/index.ts';
import { reserveOf } from './defence.ts';
import { type Design, rowsOfModel, type Which } from './design.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

export const furtherSchema = v.strictObject({
  rows: v.pipe(v.number(), v.integer(), v.minValue(1)),
  /** shadow models whose rows stay out of it */
  shadows: count,
  /** rows that the defence of each of these models has beside its members; they stay out too */
  reserve: count,
});
export type Further = v.InferOutput<typeof furtherSchema>;

/** @throws ConfigError for a design of halves, for models other than the target, and where so many rows may not be left */
export function checkFurther(
  further: Further,
  design: Design,
  which: Which,
  data: Pick<DataFacts, 'name' | 'size'>,
): void {
  if (design.kind === 'halves' || which !== 'target') {
    throw new ConfigError(
      `further: expected the target of a design of 'apart', got ${which === 'target' ? "'halves'" : `shadow ${which}`}.`,
      'further',
    );
  }
  const { rows, shadows, reserve } = further;
  const left = Math.max(0, data.size - (2 * design.train + reserve) * (1 + shadows));
  if (rows <= left) return;
  throw new ConfigError(
    `further: expected at most the ${left} rows of ${data.name} that the target and ${shadows} shadow models of ` +
      `${design.train} members surely leave, got ${rows}. Ask for fewer non-members.`,
    'further.rows',
  );
}

/** The same rows for every model of the design, but for those that defences have. */
export function furtherRows(dataset: Dataset, design: Design, { rows, shadows, reserve }: Further): Int32Array {
  const used = new Uint8Array(dataset.size);
  for (const which of ['target', ...Array(shadows).keys()] as Which[]) {
    const { members, nonMembers } = rowsOfModel(dataset, design, which);
    for (const row of [...members, ...nonMembers, ...reserveOf(dataset, design, which, reserve)]) used[row] = 1;
  }
  const order = Rng.from(design.seed).split('apart').split('further').permutation(dataset.size);
  return order.filter((row) => used[row] === 0).slice(0, rows);
}
