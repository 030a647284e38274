/**
 * The process of a worker: one job after another, each with an engine of its own, each recorded by the process that ran
 * it. It ends when the run that started it is gone.
 */
import { sha256 } from '../../data/index.ts';
import {
  ConfigError,
  createEngine,
  type Engine,
  FormatError,
  KeyholeError,
  OutOfMemoryError,
} from '../../engine/index.ts';
import type { DataRef, JobContext, JobKind, JobRecord, Needed, PlannedJob } from '../../experiments/runner/index.ts';
import { VERSION } from '../../experiments/version.ts';
import { type CheckpointFile, checkpointFile } from '../checkpoints.ts';
import { loadData } from '../datasets.ts';
import { stackOf, systemFault } from '../errors.ts';
import { featureFolder } from '../files.ts';
import { makeFolder } from '../output-folder.ts';
import { folderShards } from '../shard-files.ts';
import { findExperiment, kindsOf } from './find.ts';
import { type JobFolder, jobFolder } from './job-folder.ts';
import type { FromWorker, ToWorker, WorkerSettings } from './messages.ts';

const PROGRESS_EVERY_MS = 100;

// A terminal sends Ctrl-C to everybody: the run decides, and says so.
process.on('SIGINT', () => {});
// Nothing may be written for a run that is gone: another one may have the folder by now.
process.on('disconnect', () => process.exit(1));

const say = (message: FromWorker) => void process.send?.(message);
const stop = new AbortController();
let settings: WorkerSettings;
/** the same for all jobs of a run */
let kinds: Promise<Map<string, JobKind>> | null = null;
/** the last one: jobs of a grid mostly share theirs, and two large ones may not fit */
let loaded: { readonly key: string; readonly dataset: ReturnType<typeof load> } | null = null;

process.on('message', (message) => {
  const told = message as ToWorker;
  if (told.kind === 'start') settings = told;
  else if (told.kind === 'stop') stop.abort(new Error('stopped'));
  else void answer(told.kind === 'facts' ? () => facts(told.ref) : () => work(told));
});

async function answer(make: () => Promise<FromWorker>): Promise<void> {
  try {
    say(await make());
  } catch (error) {
    say({
      kind: 'failed',
      error: { message: inWords(error), stack: stackOf(error), isWrongUse: error instanceof ConfigError },
    });
  }
}

function inWords(error: unknown): string {
  if (error instanceof OutOfMemoryError) return `${error.message} (On the command line: --max-memory.)`;
  if (error instanceof KeyholeError) return error.message;
  const fault = systemFault(error);
  if (fault !== null) return `${fault}.`;
  return `${error instanceof Error ? `${error.name}: ${error.message}` : error} (run.log has the stack)`;
}

async function load(ref: DataRef) {
  return (await loadData(ref, { env: process.env, signal: stop.signal })).dataset;
}

function datasetOf(ref: DataRef) {
  const key = JSON.stringify(ref);
  if (loaded?.key !== key) loaded = { key, dataset: load(ref) };
  return loaded.dataset;
}

async function facts(ref: DataRef): Promise<FromWorker> {
  const { name, sha256, size, inputShape, classes } = await datasetOf(ref);
  return { kind: 'facts', facts: { name, sha256, size, inputShape: [...inputShape], classes } };
}

async function work({ job, settings: ofExperiment }: ToWorker & { kind: 'job' }): Promise<FromWorker> {
  const began = performance.now();
  kinds ??= findExperiment(settings.experiment).then(({ experiment }) => kindsOf(experiment.jobs(ofExperiment)));
  const kind = (await kinds).get(job.kind);
  if (!kind) throw new KeyholeError(`internal: no job of the experiment is of kind '${job.kind}'`);
  const folder = jobFolder(settings.folder, job.id);
  await makeFolder(folder.path);
  const checkpoints: CheckpointFile[] = [];
  const files: JobRecord['files'] = [];
  const neededJobs: Needed[] = [];
  for (const id of job.needs) neededJobs.push(await needed(id));
  let engine: Promise<Engine> | null = null;
  let saidAt = 0;
  const context: JobContext<PlannedJob['settings']> = {
    settings: job.settings,
    signal: stop.signal,
    needs: neededJobs,
    engine: () => {
      engine ??= createEngine({ build: settings.build, maxBytes: settings.maxBytes });
      return engine;
    },
    dataset: (index = 0) => dataOf(job, index),
    async write(name, content) {
      const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
      await folder.write(name, bytes);
      const at = files.findIndex((file) => file.name === name);
      files.splice(at < 0 ? files.length : at, 1, { name, bytes: bytes.length, sha256: await sha256(bytes) });
    },
    checkpoint(name = 'training') {
      const file = tolerant(folder, name, job);
      checkpoints.push(file);
      return file;
    },
    shards: () => folderShards(featureFolder()),
    progress(fraction) {
      const now = performance.now();
      if (now - saidAt < PROGRESS_EVERY_MS) return;
      saidAt = now;
      say({ kind: 'progress', fraction });
    },
  };
  try {
    const result = kind.parseResult(await kind.run(context));
    stop.signal.throwIfAborted();
    const seconds = (performance.now() - began) / 1000;
    const { id, kindVersion, settings: jobSettings, needs, digests } = job;
    await folder.seal({
      schema: 'keyhole.record/1',
      id,
      kind: job.kind,
      kindVersion,
      settings: jobSettings,
      data: digests.map((digest) => ({ ...digest })),
      needs: [...needs],
      build: settings.build,
      version: VERSION,
      result: result as JobRecord['result'],
      files: files.sort((a, b) => (a.name < b.name ? -1 : 1)),
      timing: { seconds, finished: new Date().toISOString() },
    });
    for (const file of checkpoints) await file.remove();
    return { kind: 'done', seconds };
  } finally {
    (await (engine as Promise<Engine> | null)?.catch(() => null))?.dispose();
  }
}

async function needed(id: string): Promise<Needed> {
  const folder = jobFolder(settings.folder, id);
  const record = await folder.record();
  if (!record) throw new FormatError(`${folder.path}: expected the record of a finished job, got none.`, folder.path);
  return {
    result: (kind) => kind.parseResult(record.result),
    file: (name) => folder.file(record, name),
  };
}

async function dataOf({ name, data, digests }: PlannedJob, index: number) {
  const ref = data[index];
  if (!ref) throw new ConfigError(`${name}: expected data set ${index}, the job has ${data.length}.`, 'data');
  const dataset = await datasetOf(ref);
  const { sha256: expected } = digests[index]!;
  if (dataset.sha256 === expected) return dataset;
  throw new ConfigError(
    `${ref.data}: expected the rows that the run began with (SHA-256 ${expected}), got others (${dataset.sha256}). ` +
      'Put them back, or start another run.',
    'data',
  );
}

/** A checkpoint of this job; a damaged one costs the training so far, not the job. */
function tolerant(folder: JobFolder, name: string, job: PlannedJob): CheckpointFile {
  const file = checkpointFile(`${folder.path}/${name}.checkpoint`, {
    run: { job: job.id },
    everySeconds: settings.checkpointEvery,
    onResume: () => say({ kind: 'note', text: `${job.name}: going on from its checkpoint.` }),
    onFault: (message) => say({ kind: 'note', text: `${message} Training goes on without checkpoints.` }),
  });
  return {
    ...file,
    get kept() {
      return file.kept;
    },
    async load() {
      try {
        return await file.load();
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        say({ kind: 'note', text: `${job.name}: its checkpoint is damaged: training starts over.` });
        return null;
      }
    },
  };
}
