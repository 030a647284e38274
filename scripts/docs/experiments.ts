/**
 * docs/NAME.md of an experiment, and docs/NAME-PROFILE.md of its other profiles, from the spec and the records that
 * docs/NAME.json keeps: what came out here, once.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { experimentRun, findExperiment, nearestProfile, planOf, RECORDS } from '../../cli/runs/index.ts';
import type { Spec } from '../../cli/runs/spec.ts';
import { experiments } from '../../experiments/registry/index.ts';
import { renderExperimentMarkdown } from '../../experiments/report/index.ts';
import { type JobRecord, parseRecord } from '../../experiments/runner/index.ts';

interface Kept {
  readonly spec: Spec;
  readonly records: readonly JobRecord[];
}

/** The names of the pages that experiments can have, of which some have no run yet. */
export const keptPages = Object.entries(experiments).flatMap(([name, { profiles }]) =>
  Object.keys(profiles).map((profile) => pageOf(name, profile)),
);

function pageOf(name: string, profile: string): string {
  return profile === 'paper' ? name : `${name}-${profile}`;
}

const keptFile = (root: string, name: string) => join(root, 'docs', `${name}.json`);

/** null: no run was kept */
export async function experimentPage(root: string, name: string): Promise<string | null> {
  const file = keptFile(root, name);
  if (!existsSync(file)) return null;
  const { spec, records } = JSON.parse(readFileSync(file, 'utf8')) as Kept;
  const { experiment } = await findExperiment(spec.experiment);
  const plan = await planOf(experiment, spec);
  // a record that was changed by hand is refused by its own seal
  const whole = await Promise.all(records.map((record) => parseRecord(JSON.stringify(record), file)));
  const run = experimentRun({ experiment, spec, plan, records: new Map(whole.map((record) => [record.id, record])) });
  return renderExperimentMarkdown(run);
}

/** Keeps the spec and the records of a finished or unfinished run, of a profile: `npm run docs -- --keep FOLDER`. */
export async function keepRun(root: string, folder: string): Promise<string> {
  const spec = JSON.parse(readFileSync(join(folder, 'spec.json'), 'utf8')) as Spec;
  const lines = readFileSync(join(folder, RECORDS), 'utf8').split('\n');
  const records = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as JobRecord);
  const { experiment } = await findExperiment(spec.experiment);
  const { profile, changes } = nearestProfile(experiment, spec);
  if (changes.length > 0)
    throw new Error(
      `${folder}: expected a run of a profile (pages: ${keptPages.join(', ')}), got '${profile}' with ${changes.join(', ')}.`,
    );
  const file = keptFile(root, pageOf(spec.experiment, profile));
  writeFileSync(file, `${JSON.stringify({ spec, records }, null, 1)}\n`);
  return file;
}
