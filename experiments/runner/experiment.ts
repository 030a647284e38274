/** Experiments as data: settings, the jobs that they make, and the report that the jobs' records make. */
import type * as v from 'valibot';
import { ConfigError } from '../../engine/errors.ts';
import type { DataFacts, DataRef, Job } from './job.ts';
import { canonicalJson, type Json } from './json.ts';
import type { Report } from './report-parts.ts';
import { parseBy } from './settings.ts';

/** Named settings. */
export interface Profile<Settings = Json> {
  /** data, models and how many of them; where they differ from the paper's, that too */
  readonly about: string;
  /** what differs from the defaults */
  readonly settings: Settings;
}

/**
 * How settings are completed by what the data are: the number of classes, say. A function of both, so that jobs and reports
 * are the same wherever they are made from a spec and the facts that it keeps.
 */
export interface Completion<Given, Complete> {
  /** the data sets whose facts are asked for */
  data(settings: Given): readonly DataRef[];
  /** @param facts in the order of `data` @throws ConfigError for settings that do not fit the data */
  complete(settings: Given, facts: readonly DataFacts[]): Complete;
}

/** The results there are. */
export interface Results {
  /** null: the job is not finished */
  of<Result>(job: Job<Result>): Result | null;
}

/** An experiment with the type of its settings erased, as the registry holds it. */
export interface Experiment {
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly paper: string;
  readonly schema: v.GenericSchema;
  /** by name, `quick` and `paper` among them */
  readonly profiles: Readonly<Record<string, Profile>>;
  /** Fills in defaults. @throws ConfigError */
  settings(given: unknown): Json;
  readonly completion: Completion<Json, Json>;
  /** @param settings complete */
  jobs(settings: Json): Job[];
  /** @param settings complete */
  report(results: Results, settings: Json): Report;
}

interface ExperimentSpec<Settings extends v.GenericSchema, Complete> {
  /** as `keyhole run NAME` takes it */
  readonly name: string;
  readonly title: string;
  readonly about: string;
  /** what it reproduces: authors, year, title, venue, section */
  readonly paper: string;
  /** every setting has a default */
  readonly settings: Settings;
  /** `quick` in a minute or two on a laptop, `paper` at the size that its result is told for, and others */
  readonly profiles: Readonly<
    Record<'quick' | 'paper', Profile<Partial<v.InferInput<Settings>>>> &
      Record<string, Profile<Partial<v.InferInput<Settings>>>>
  >;
  /** default: settings are complete as they are given */
  readonly completion?: Completion<v.InferOutput<Settings>, Complete>;
  /** the jobs whose results the report reads; those that they need come along */
  readonly jobs: (settings: Complete) => readonly Job[];
  /** a function of the records alone, also when some are missing: `results.of` finds a job by making it again */
  readonly report: (results: Results, settings: Complete) => Report;
}

/** Types an experiment's jobs and report against its settings. */
export function defineExperiment<Settings extends v.GenericSchema, Complete = v.InferOutput<Settings>>(
  spec: ExperimentSpec<Settings, Complete>,
): Experiment {
  const { name, title, about, paper, profiles, completion } = spec;
  return {
    name,
    title,
    about,
    paper,
    schema: spec.settings,
    profiles: profiles as Readonly<Record<string, Profile>>,
    settings: (given) => parseBy(spec.settings, given, name) as Json,
    completion: completion
      ? (completion as Completion<never, unknown> as Completion<Json, Json>)
      : { data: () => [], complete: (settings) => settings },
    jobs: (settings) => {
      const jobs = [...spec.jobs(settings as Complete)];
      if (jobs.length > 0) return jobs;
      throw new ConfigError(`${name}: expected at least one job, these settings make none. Give longer lists.`, name);
    },
    report: (results, settings) => spec.report(results, settings as Complete),
  };
}

/** An experiment's settings as its jobs and its report take them. @throws ConfigError for settings that do not fit the data */
export function completed({ completion }: Experiment, settings: Json, facts: (ref: DataRef) => DataFacts): Json {
  return completion.complete(settings, completion.data(settings).map(facts));
}

/** What a job is, as text: the same for two jobs that were made alike. */
export function sameness(job: Job): string {
  return canonicalJson(described(job));
}

function described({ kind, settings, data, needs }: Job): Json {
  return { kind: kind.name, settings, data, needs: needs.map(described) };
}
