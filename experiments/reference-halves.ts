/**
 * What reference models are trained on: random halves of the records that are tested, members and non-members alike, so that
 * an attack sees how models answer about a record with and without it (Carlini et al. 2022, section V-A).
 *
 * They come in pairs: what one of a pair is trained on, the other is not (Zarifzadeh et al. 2024). So an even number of models
 * has each record in exactly half of them, where coins leave some records in none, and the first models are the same
 * whatever their number.
 */
import { stratifiedSplit } from '../data/index.ts';
import { ConfigError, type Rng } from '../engine/index.ts';

const MOST = 1000;

/** @throws ConfigError unless 0, or from 2 to 1,000 */
export function checkReferences(count: number): void {
  if (count === 0 || (Number.isSafeInteger(count) && count >= 2 && count <= MOST)) return;
  throw new ConfigError(
    `references: expected 0, or a whole number from 2 to ${MOST}, got ${count}. One model is trained on half of the records ` +
      'and says nothing about the others: give at least 2, better 16.',
    'references',
  );
}

/**
 * @param labels of the records, by which the halves are stratified
 * @returns for each model, 1 where it is trained on the record [n]
 */
export function referenceHalves(labels: Int32Array, classes: number, count: number, rng: Rng): Uint8Array[] {
  const n = labels.length;
  const half = Math.floor(n / 2);
  const halves: Uint8Array[] = [];
  for (let pair = 1; halves.length < count; pair++) {
    const { first } = stratifiedSplit(labels, classes, { first: half, second: n - half }, rng.split(`pair ${pair}`));
    const marks = new Uint8Array(n);
    for (const i of first) marks[i] = 1;
    halves.push(
      marks,
      marks.map((mark) => 1 - mark),
    );
  }
  return halves.slice(0, count);
}

/** What of `rows` is marked, or is not. */
export function sideOf(rows: Int32Array, marks: Uint8Array, side: 0 | 1): Int32Array {
  return rows.filter((_, i) => marks[i] === side);
}
