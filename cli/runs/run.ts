/** A run from its spec to its records: the folder, the lock, the plan, what is there already, the crew. */
import { join } from 'node:path';
import { type Build, ConfigError } from '../../engine/index.ts';
import {
  canonicalJson,
  type DataRef,
  dataOf,
  type Estimate,
  type Experiment,
  estimateOf,
  type JobRecord,
  type Json,
  type Lane,
  type Outcome,
  type Plan,
  type PlannedJob,
  planJobs,
  runSchedule,
} from '../../experiments/runner/index.ts';
import { VERSION } from '../../experiments/version.ts';
import { type OutputFolder, openOutputFolder } from '../output-folder.ts';
import type { ProgressMeter } from '../progress.ts';
import type { Terminal } from '../terminal.ts';
import { type Crew, startCrew } from './crew.ts';
import { jobFolder } from './job-folder.ts';
import { type Lock, lockFolder } from './lock.ts';
import { log, requireSame, reuseJobs, scanJobs, specIn, writeRecords, writeSpec } from './run-folder.ts';
import { completeIfKnown, completeSettings, type DataEntry, factsIn, type Spec, type Wanted } from './spec.ts';

export interface RunOptions {
  readonly wanted: Wanted;
  readonly out: string;
  readonly build: Build;
  /** processes at most */
  readonly workers: number;
  /** folders of other runs, whose finished jobs are taken */
  readonly reuse: readonly string[];
  /** bytes of the tensors of each worker */
  readonly maxBytes: number;
  readonly checkpointEvery: number;
  readonly terminal: Pick<Terminal, 'env' | 'signal'>;
  readonly meter: ProgressMeter;
  note(text: string): void;
}

export interface RunOutcome {
  readonly folder: OutputFolder;
  readonly spec: Spec;
  readonly plan: Plan;
  readonly records: ReadonlyMap<string, JobRecord>;
  /** ids of jobs that were done before */
  readonly before: number;
  /** of them, those taken from other runs */
  readonly reused: number;
  readonly outcome: Outcome;
}

/**
 * Runs what is not done yet.
 * @throws ConfigError for wrong settings, another run's folder or changed data, before anything runs; the signal's reason
 */
export async function runExperiment(options: RunOptions): Promise<RunOutcome> {
  const { wanted, build, terminal, note } = options;
  const here = { experiment: wanted.name, settings: wanted.settings, build, version: VERSION };
  const there = await specIn(options.out);
  if (there) {
    const { data } = there;
    // another experiment's settings are not for this one to read
    const complete = (settings: Json) =>
      there.experiment === wanted.name ? completeIfKnown(wanted.experiment, { settings, data }) : settings;
    requireSame(
      { ...there, settings: complete(there.settings) },
      { ...here, settings: complete(here.settings) },
      options.out,
    );
  }
  const folder = await openOutputFolder(options.out);
  let lock: Lock | null = null;
  try {
    lock = await lockFolder(folder.file('lock'), note);
    const held = lock;
    const crew = startCrew({
      workers: options.workers,
      settings: {
        kind: 'start',
        folder: folder.path,
        build,
        maxBytes: options.maxBytes,
        checkpointEvery: options.checkpointEvery,
        experiment: wanted.name,
      },
      env: terminal.env,
      signal: terminal.signal,
      onNote: note,
      onProcesses: (pids) => void held.name(pids),
    });
    try {
      const data = there && (await isFinished(folder.path, wanted, there)) ? there.data : await dataFor(crew, wanted);
      if (there) requireSameData(there.data, data, folder.file('spec.json'));
      const spec: Spec = { schema: 'keyhole.spec/1', ...(there ?? here), data };
      const plan = await planOf(wanted.experiment, spec);
      if (!there) await writeSpec(folder, spec);
      return await runPlan({
        ...options,
        folder,
        spec,
        plan,
        lanes: crew.lanes(completeSettings(wanted.experiment, spec)),
      });
    } finally {
      await crew.end();
    }
  } finally {
    await lock?.release();
    await folder.abandon();
  }
}

async function dataFor(crew: Crew, { experiment, settings, file }: Wanted): Promise<DataEntry[]> {
  const data: DataEntry[] = [];
  const ask = async (refs: readonly DataRef[]) => {
    for (const ref of refs) {
      if (data.some((entry) => canonicalJson(entry.ref) === canonicalJson(ref))) continue;
      data.push({ ref, facts: await crew.facts(ref) });
    }
  };
  await ask(experiment.completion.data(settings));
  await ask(dataOf(experiment.jobs(completeSettings(experiment, { settings, data }))));
  if (file?.data) requireSameData(file.data as DataEntry[], data, 'the spec');
  return data;
}

/** A run that has nothing to do needs no data, and no process either. */
async function isFinished(root: string, { experiment }: Wanted, spec: Spec): Promise<boolean> {
  const plan = await planOf(experiment, spec);
  return (await scanJobs(root, plan)).records.size === plan.jobs.length;
}

/** The plan of a spec: the same from the spec alone, whether the data are at hand or not. */
export function planOf(experiment: Experiment, spec: Spec): Promise<Plan> {
  const { build, version } = spec;
  return planJobs(experiment.jobs(completeSettings(experiment, spec)), { build, version, facts: factsIn(spec) });
}

function requireSameData(there: readonly DataEntry[], here: readonly DataEntry[], place: string): void {
  for (const { ref, facts } of here) {
    const before = there.find((entry) => canonicalJson(entry.ref) === canonicalJson(ref));
    if (!before || before.facts.sha256 === facts.sha256) continue;
    throw new ConfigError(
      `${ref.data}: expected the rows of ${place} (SHA-256 ${before.facts.sha256}), got others (${facts.sha256}). ` +
        'Put them back, or take another --out.',
      'data',
    );
  }
}

interface PlanRun extends RunOptions {
  readonly folder: OutputFolder;
  readonly spec: Spec;
  readonly plan: Plan;
  readonly lanes: readonly Lane[];
}

async function runPlan(o: PlanRun): Promise<RunOutcome> {
  const { folder, plan, spec, workers, note, meter } = o;
  const root = folder.path;
  const scan = await scanJobs(root, plan);
  for (const fault of scan.faults) note(fault);
  const taken = await reuseJobs(root, o.reuse, plan, scan.records);
  const before = new Map([...scan.records, ...taken]);
  for (const [id, record] of before) await jobFolder(root, id).tidy(record);
  const estimate = estimateOf(plan.jobs, workers);
  for (const job of plan.jobs) {
    const record = before.get(job.id);
    if (record) estimate.done(job, record.timing.seconds);
  }
  const say = (text: string) => void log(root, text);
  say(`run of ${spec.experiment}: ${plan.jobs.length} jobs, ${before.size} done before, ${workers} workers`);
  const fresh = new Set<string>();
  let outcome: Outcome;
  const ticking = setInterval(() => show(meter, estimate), 1000);
  ticking.unref();
  try {
    outcome = await runSchedule(plan.jobs, {
      finished: new Set(before.keys()),
      lanes: o.lanes,
      signal: o.terminal.signal,
      onStart(job) {
        estimate.start(job);
        say(`began ${described(job)}`);
        show(meter, estimate);
      },
      onProgress(job, fraction) {
        estimate.progress(job, fraction);
        show(meter, estimate);
      },
      onDone(job, seconds) {
        fresh.add(job.id);
        estimate.done(job, seconds);
        say(`did ${described(job)} in ${seconds.toFixed(1)} s`);
        show(meter, estimate);
      },
      onRetry(job, error) {
        note(`${job.name}: ${error.message}\nIt is tried once more.`);
        say(`lost ${described(job)}: ${error.message}`);
      },
      onFailed(job, error) {
        estimate.drop(job);
        note(`${job.name}: ${error.message}`);
        say(`failed ${described(job)}: ${error.stack ?? error.message}`);
      },
    });
  } finally {
    clearInterval(ticking);
    meter.stop();
    const { records } = await scanJobs(root, plan, false);
    await writeRecords(root, plan, records);
  }
  const { records } = await scanJobs(root, plan, false);
  return { folder, spec, plan, records, before: before.size, reused: taken.size, outcome };
}

const described = ({ id, name }: PlannedJob) => `${id.slice(0, 8)} ${name}`;

function show(meter: ProgressMeter, estimate: Estimate): void {
  const { jobs, finished, running, share, left } = estimate.standing();
  const note = `${finished}/${jobs} done, ${running} running`;
  meter.update({ phase: 'jobs', done: share, total: 1, unit: 'jobs', note, left });
}

/** The report and records of a folder can be made again from its spec. */
export async function openRun(path: string): Promise<Spec> {
  const spec = await specIn(path);
  if (spec) return spec;
  throw new ConfigError(
    `${path}: expected the folder of a run, with ${join(path, 'spec.json')} in it. Name one.`,
    'folder',
  );
}
