/** The real data sets, where they are at hand: under KEYHOLE_DATA, else in ../shared/data beside the repository. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { findSet } from '../../cli/files.ts';
import { type Dataset, loadSet } from '../../data/index.ts';

const beside = fileURLToPath(new URL('../../../shared/data', import.meta.url));
const folder = process.env['KEYHOLE_DATA'] ?? (existsSync(beside) ? beside : undefined);

/** The environment in which `findSet` finds them. */
export const realEnv = { ...process.env, ...(folder === undefined ? {} : { KEYHOLE_DATA: folder }) };

/** Loads the set, or skips the test; under CI a set that is missing among others is a failure. */
export async function realSet(name: string, skip: (reason: string) => never): Promise<Dataset> {
  const source = await findSet(name, { env: realEnv });
  if (source) return loadSet(name, { source });
  const reason = `data set ${name} not found: set KEYHOLE_DATA`;
  if (process.env['CI'] === 'true' && folder !== undefined) throw new Error(reason);
  return skip(reason);
}
