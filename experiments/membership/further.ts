/**
 * Further non-members of a target: rows beside its own members and non-members, so that false-positive rates resolve which as many
 * non-members as members do not. No model that the attacker has was trained on them or asked about them.
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
  /** rows of the target that its defence has beside its members; they stay out too */
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
  const left = Math.max(0, data.size - 2 * design.train * (1 + shadows) - reserve);
  if (rows <= left) return;
  throw new ConfigError(
    `further: expected at most the ${left} rows of ${data.name} that neither the target nor ${shadows} shadow models of ` +
      `${design.train} members have, got ${rows}. Ask for fewer non-members.`,
    'further.rows',
  );
}

/** The same rows for every model of the design, but for those that the target's defence has. */
export function furtherRows(dataset: Dataset, design: Design, { rows, shadows, reserve }: Further): Int32Array {
  const used = new Uint8Array(dataset.size);
  for (const which of ['target', ...Array(shadows).keys()] as Which[]) {
    const { members, nonMembers } = rowsOfModel(dataset, design, which);
    for (const row of [...members, ...nonMembers]) used[row] = 1;
  }
  for (const row of reserveOf(dataset, design, 'target', reserve)) used[row] = 1;
  const order = Rng.from(design.seed).split('apart').split('further').permutation(dataset.size);
  return order.filter((row) => used[row] === 0).slice(0, rows);
}
