/** The report of a run, from its folder alone. */

import type { ExperimentRun } from '../../experiments/report/index.ts';
import type { JobRecord, Json, Plan } from '../../experiments/runner/index.ts';
import { canonicalJson, type Experiment, resultsOf } from '../../experiments/runner/index.ts';
import { quoted } from '../command-line.ts';
import { completeIfKnown, completeSettings, type Spec } from './spec.ts';

export interface ReportSource {
  readonly experiment: Experiment;
  readonly spec: Spec;
  readonly plan: Plan;
  readonly records: ReadonlyMap<string, JobRecord>;
}

/** What the report is made of: nothing but the spec and the records. */
export function experimentRun({ experiment, spec, plan, records }: ReportSource): ExperimentRun {
  const settings = completeSettings(experiment, spec);
  const done = plan.jobs.filter(({ id }) => records.has(id));
  const dates = done.map(({ id }) => records.get(id)!.timing.finished).sort();
  const last = dates.at(-1);
  return {
    name: experiment.name,
    ...profileWords(experiment, spec),
    paper: experiment.paper,
    report: experiment.report(resultsOf(plan, records), settings),
    jobs: plan.jobs.length,
    missing: plan.jobs.filter(({ id }) => !records.has(id)).map(({ name }) => name),
    settings,
    data: spec.data.map(({ facts: { name, sha256 } }) => ({ name, sha256 })),
    build: spec.build,
    version: spec.version,
    seconds: done.reduce((sum, { id }) => sum + records.get(id)!.timing.seconds, 0),
    command: commandOf(experiment, spec),
    ...(last !== undefined && { date: last.slice(0, 10) }),
  };
}

/** Of a run whose settings are those of a profile: what its author says of it, and its name in the title where there are others beside `paper`. */
function profileWords(experiment: Experiment, spec: Spec): Pick<ExperimentRun, 'title' | 'profile'> {
  const { title, profiles } = experiment;
  const { profile, changes } = nearestProfile(experiment, spec);
  if (changes.length > 0) return { title };
  const isOwn = profile !== 'quick' && profile !== 'paper';
  return { title: isOwn ? `${title}: ${profile}` : title, profile: profiles[profile]!.about };
}

/** The shortest command that gives this spec: the nearest profile, and what differs from it. */
export function commandOf(experiment: Experiment, spec: Spec): string {
  const { profile, changes } = nearestProfile(experiment, spec);
  const words = [
    ...(profile === 'quick' ? [] : ['--profile', profile]),
    ...changes.flatMap((change) => ['--set', quoted(change)]),
    ...(spec.build === 'relaxed' ? ['--relaxed'] : []),
  ];
  return ['keyhole run', quoted(spec.experiment), ...words].join(' ');
}

/** The profile from which the fewest settings differ, the first of equals, and what differs as `path=value`. */
export function nearestProfile(experiment: Experiment, { settings, data }: Pick<Spec, 'settings' | 'data'>) {
  const wanted = experiment.settings(settings) as Tree;
  const complete = completeIfKnown(experiment, { settings, data }) as Tree;
  const ways = Object.entries(experiment.profiles).map(([profile, { settings: given }]) => {
    const there = experiment.settings(given);
    const completeThere = completeIfKnown(experiment, { settings: there, data }) as Tree;
    // a number that was given, and that the data would have given too, is no difference
    const changed = Object.keys(wanted).filter(
      (key) => differ(wanted[key], (there as Tree)[key]) && differ(complete[key], completeThere[key]),
    );
    const text = (value: Json) => (typeof value === 'string' ? value : canonicalJson(value));
    return { profile, changes: changed.map((key) => `${key}=${text(wanted[key]!)}`) };
  });
  return ways.reduce((best, way) => (way.changes.length < best.changes.length ? way : best));
}

type Tree = Readonly<Record<string, Json>>;

const differ = (a: Json = null, b: Json = null) => canonicalJson(a) !== canonicalJson(b);
