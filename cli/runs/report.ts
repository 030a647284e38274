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
    title: experiment.title,
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

/** The shortest command that gives this spec: the nearest profile, and what differs from it. */
export function commandOf(experiment: Experiment, spec: Spec): string {
  const { experiment: name, settings, build, data } = spec;
  const wanted = settings as Tree;
  const complete = completeIfKnown(experiment, spec) as Tree;
  const ways = Object.entries(experiment.profiles).map(([profile, { settings: given }]) => {
    const there = experiment.settings(given);
    const completeThere = completeIfKnown(experiment, { settings: there, data }) as Tree;
    // a number that was given, and that the data would have given too, is no difference
    const changed = Object.keys(wanted).filter(
      (key) => differ(wanted[key], (there as Tree)[key]) && differ(complete[key], completeThere[key]),
    );
    const text = (value: Json) => (typeof value === 'string' ? value : canonicalJson(value));
    const sets = changed.flatMap((key) => ['--set', quoted(`${key}=${text(wanted[key]!)}`)]);
    return [...(profile === 'quick' ? [] : ['--profile', profile]), ...sets];
  });
  const [first, ...others] = ways;
  const words = others.reduce((a, b) => (b.length < a.length ? b : a), first!);
  return ['keyhole run', quoted(name), ...words, ...(build === 'relaxed' ? ['--relaxed'] : [])].join(' ');
}

type Tree = Readonly<Record<string, Json>>;

const differ = (a: Json = null, b: Json = null) => canonicalJson(a) !== canonicalJson(b);
