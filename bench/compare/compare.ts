/**
 * Both sides in one table, with the differences that the targets are about.
 *
 *   node … bench/compare/compare.ts ours.json theirs.json [plan.json] [--partial]
 *
 * Ends with 1 where a target is missed, where nothing was compared, where the models are not right on the same rows, and where planned
 * attacks are missing, unless `--partial` says that they may be.
 */
import { pathToFileURL } from 'node:url';
import { ConfigError } from '../../engine/index.ts';
import { nameOf, type Plan, type Result, type Results, readPlan, readResults } from './results.ts';

/** Points that robust accuracies of the same attack may lie apart. */
const APART = 1;
/** Points that ours may leave above theirs, of the ensemble. */
const ABOVE = 0.5;
/** Points that the same model's accuracy may differ by between two runtimes. */
const CLEAN_APART = 0.1;

export interface Line {
  readonly name: string;
  readonly epsilon: number;
  readonly ours: Result;
  readonly theirs: Result;
  /** ours less theirs, in points */
  readonly difference: number;
  /** null: the two do not count the same, so that nothing is held against anybody */
  readonly ok: boolean | null;
}

export interface Comparison {
  readonly lines: readonly Line[];
  /** planned and not on both sides */
  readonly missing: readonly string[];
}

/** @throws ConfigError for results of two models */
export function compare(ours: Results, theirs: Results, plan: Plan): Comparison {
  if (ours.model !== theirs.model) {
    throw new ConfigError(
      `compare: expected results of one model, got ${ours.model.slice(0, 12)}… and ${theirs.model.slice(0, 12)}…. Run both on the same files.`,
      'model',
    );
  }
  const lines: Line[] = [];
  const missing: string[] = [];
  for (const planned of plan.attacks) {
    for (const epsilon of plan.epsilons[planned.norm] ?? []) {
      const of = ({ results }: Results) => results.find((r) => nameOf(r) === nameOf(planned) && r.epsilon === epsilon);
      const [mine, yours] = [of(ours), of(theirs)];
      if (!mine || !yours || mine.rows !== yours.rows) {
        const why = !mine ? 'not run here' : !yours ? 'not run there' : `${mine.rows} rows here, ${yours.rows} there`;
        missing.push(`${nameOf(planned)} at ${epsilon}: ${why}`);
        continue;
      }
      const difference = 100 * (mine.robust - yours.robust);
      const most = planned.attack === 'autoattack' ? ABOVE : APART;
      const mayBeLower = planned.attack === 'autoattack' || planned.lower !== undefined;
      const within = (mayBeLower ? difference : Math.abs(difference)) <= most + 1e-9;
      const ok = planned.loosely === undefined ? within : null;
      lines.push({ name: nameOf(planned), epsilon, ours: mine, theirs: yours, difference, ok });
    }
  }
  return { lines, missing };
}

/** A Markdown table. */
export function tableOf(ours: Results, theirs: Results, { lines, missing }: Comparison): string {
  const percent = (x: number) => `${(100 * x).toFixed(1)} %`;
  const words = { true: 'yes', false: 'NO', null: 'counted otherwise' };
  const rows = lines.map(({ name, epsilon, ours: a, theirs: b, difference, ok }) =>
    [
      name,
      epsilon,
      a.rows,
      percent(a.robust),
      percent(b.robust),
      difference.toFixed(1),
      words[`${ok}`],
      `${a.seconds.toFixed(1)} s`,
      `${b.seconds.toFixed(1)} s`,
      b.by ?? theirs.by,
    ].join(' | '),
  );
  return [
    `Clean: ${percent(ours.clean)} of ${ours.rows} rows by ${ours.by}, ${percent(theirs.clean)} by the others.`,
    '',
    '| attack | epsilon | rows | ours | theirs | points | within the target | ours took | theirs took | theirs |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows.map((row) => `| ${row} |`),
    ...(missing.length > 0 ? ['', 'Not compared:', ...missing.map((line) => `- ${line}`)] : []),
  ].join('\n');
}

/** Why the comparison shows nothing, or shows that a target is missed. */
export function faultsOf(ours: Results, theirs: Results, { lines, missing }: Comparison, partial: boolean): string[] {
  const apart = 100 * Math.abs(ours.clean - theirs.clean);
  const missed = lines.filter(({ ok }) => ok === false).map(({ name, epsilon }) => `${name} at ${epsilon}`);
  return [
    ...(missed.length > 0 ? [`Beyond the target: ${missed.join(', ')}.`] : []),
    ...(lines.some(({ ok }) => ok !== null) ? [] : ['No attack was held against another.']),
    ...(apart > CLEAN_APART
      ? [`Unchanged rows: ${apart.toFixed(1)} points apart. These are not the same model and rows.`]
      : []),
    ...(missing.length > 0 && !partial ? ['Planned attacks are missing: run them, or say --partial.'] : []),
  ];
}

function main(): void {
  const given = process.argv.slice(2);
  const partial = given.includes('--partial');
  const [mine, yours, plan] = given.filter((word) => word !== '--partial');
  if (mine === undefined || yours === undefined)
    throw new ConfigError('compare: expected two files: ours.json theirs.json [plan.json].', 'files');
  const [ours, theirs] = [readResults(mine), readResults(yours)];
  const comparison = compare(ours, theirs, readPlan(plan));
  console.log(tableOf(ours, theirs, comparison));
  const faults = faultsOf(ours, theirs, comparison, partial);
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main();
