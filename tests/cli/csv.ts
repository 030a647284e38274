/** Small tables for the command line to read. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Rng } from '../../engine/index.ts';

/** Rows of four numbers and a label of three, which follow from the numbers with some noise. */
export function tableRows(rows: number, seed = 1): string[][] {
  const rng = Rng.from(seed);
  return Array.from({ length: rows }, (_, i) => [
    ...Array.from({ length: 4 }, () => (2 * (i % 3) + rng.normal()).toFixed(3)),
    `kind ${i % 3}`,
  ]);
}

export const HEADER = ['a', 'b', 'c', 'd', 'label'];

/** Writes a CSV file and returns its path. */
export function writeCsv(folder: string, name: string, rows: readonly (readonly string[])[], header = HEADER): string {
  const path = join(folder, name);
  writeFileSync(path, `${[header, ...rows].map((row) => row.join(',')).join('\n')}\n`);
  return path;
}
