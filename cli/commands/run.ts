/** keyhole run: an experiment from its spec to its report, over as many processes as there are cores. */
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { ConfigError, KeyholeError } from '../../engine/index.ts';
import { digestOf } from '../../experiments/runner/index.ts';
import { VERSION } from '../../experiments/version.ts';
import { type CommonOptions, outputOptions, withCommonOptions } from '../common-options.ts';
import { relaxedByEnvironment, requireRelaxed } from '../engine.ts';
import { columns, type Output, outputTo } from '../output.ts';
import { writeProducts } from '../output-folder.ts';
import { progressOn } from '../progress.ts';
import { requireWritten } from '../resumable.ts';
import {
  commandOf,
  experimentRun,
  RECORDS,
  REPORT,
  type RunOutcome,
  runExperiment,
  siblings,
  specIn,
  type Wanted,
  wantedRun,
} from '../runs/index.ts';
import type { RunResult } from '../schemas.ts';
import { Interrupted, type Terminal } from '../terminal.ts';
import { collect, real, whole } from '../values.ts';

interface Options extends CommonOptions {
  readonly profile?: string;
  readonly set?: readonly string[];
  readonly workers?: number;
  readonly resume?: boolean;
  readonly reuse?: readonly string[];
  readonly out?: string;
  readonly relaxed?: boolean;
  readonly maxMemory?: number;
  readonly checkpointEvery: number;
}

const MEBIBYTE = 2 ** 20;
/** share of the machine's memory that the tensors of all workers may take */
const MEMORY_SHARE = 0.75;
const MOST_MEBIBYTES = 4096;
/** where runs go that were given no folder */
const HOME = 'keyhole-runs';

export function runCommand(command: Command, terminal: Terminal): Command {
  command.hook('preAction', (_, acting) => {
    if (relaxedByEnvironment(terminal.env)) acting.setOptionValueWithSource('relaxed', true, 'env');
  });
  command
    .argument('[experiment]', 'a name (see `keyhole list experiments`), a .json spec, or a .js module')
    .option(
      '--profile <name>',
      'named settings: quick (default), paper, or what else `keyhole list experiments` shows of the experiment',
    )
    .option('--set <path=value>', 'change a setting; value as JSON or a word; may be given again', assignments)
    .option('--workers <n>', 'processes, a job each; the results are the same (default: one a core)', whole(1, 256))
    .option('--out <folder>', `receives jobs, records and the report (default: ${HOME}/NAME-HASH)`)
    .option('--resume', 'go on with the run in --out, whose experiment need not be named again')
    .option('--reuse <folder>', 'take the finished jobs that another run has in common; may be given again', collect)
    .option('--relaxed', 'kernels with fused multiply-add: faster, last bits differ between machines')
    .option('--max-memory <MiB>', 'limit of the memory for tensors, of each worker', whole(1, MOST_MEBIBYTES))
    .option(
      '--checkpoint-every <seconds>',
      'between two checkpoints',
      real('of at least 0', (x) => x >= 0),
      30,
    );
  return withCommonOptions(command).action((name: string | undefined, options: Options) =>
    run(terminal, name, options),
  );
}

function assignments(text: string, before: readonly string[] = []): string[] {
  if (text.indexOf('=') < 1) throw new InvalidArgumentError('Expected PATH=VALUE, such as epochs=[5,20].');
  return collect(text, before);
}

async function run(terminal: Terminal, name: string | undefined, options: Options): Promise<void> {
  const started = performance.now();
  const output = outputTo(terminal, outputOptions(options));
  const { wanted, out, reuse } = await request(name, options);
  const build = options.relaxed || wanted.file?.build === 'relaxed' ? 'relaxed' : 'base';
  if (build === 'relaxed') requireRelaxed();
  if (wanted.file?.version !== undefined && wanted.file.version !== VERSION)
    output.note(`${name}: it is of keyhole ${wanted.file.version}; this is ${VERSION}, whose results may differ.`);
  const workers = options.workers ?? availableParallelism();
  const meter = progressOn(terminal.stderr, { quiet: output.quiet });
  let finished: RunOutcome;
  try {
    finished = await runExperiment({
      wanted,
      out,
      build,
      workers,
      reuse,
      maxBytes: memoryOf(options, workers),
      checkpointEvery: options.checkpointEvery,
      terminal,
      meter,
      note: (text) => output.note(text),
    });
  } catch (error) {
    if (error instanceof Interrupted) {
      throw new Interrupted(error.exitCode, ` What is done is kept in ${out}: the same command goes on from there.`);
    }
    throw error;
  }
  const { folder, spec, plan, records, outcome } = finished;
  const faults = await writeProducts(folder, [
    {
      name: REPORT,
      make: async () =>
        (await report()).renderExperimentReport(experimentRun({ experiment: wanted.experiment, spec, plan, records })),
    },
  ]);
  const result: RunResult = {
    schema: 'keyhole.run/1',
    experiment: wanted.experiment.name,
    settings: spec.settings as RunResult['settings'],
    folder: folder.path,
    jobs: {
      total: plan.jobs.length,
      done: records.size,
      before: finished.before,
      reused: finished.reused,
      failed: outcome.failed.length,
      notStarted: outcome.notStarted.length,
    },
    failures: outcome.failed.map(({ job, error }) => ({ id: job.id, name: job.name, message: error.message })),
    headline: experimentRun({ experiment: wanted.experiment, spec, plan, records }).report.headline,
    records: folder.file(RECORDS),
    report: folder.file(REPORT),
    build,
    workers,
    seconds: (performance.now() - started) / 1000,
    command: commandOf(wanted.experiment, spec),
    date: new Date().toISOString(),
    version: VERSION,
  };
  output.printJson(result);
  output.print(resultText(result, output));
  requireWritten(faults);
  if (outcome.failed.length > 0) throw new KeyholeError(failureText(finished));
}

/** What is to be run, and where. */
async function request(
  name: string | undefined,
  options: Options,
): Promise<{ wanted: Wanted; out: string; reuse: readonly string[] }> {
  const { out, resume, reuse = [] } = options;
  const there = out === undefined ? null : await specIn(out);
  if (resume && !there) {
    throw new ConfigError(
      `--resume: expected --out FOLDER with a run in it, got ${out === undefined ? 'no folder' : out}. ` +
        'Leave --resume out to start one: finished jobs are never done twice anyway.',
      'resume',
    );
  }
  if (name === undefined) {
    if (!resume || !there) {
      throw new ConfigError(
        'run: expected the name of an experiment or a file. `keyhole list experiments` has the names.',
        'experiment',
      );
    }
    if (options.profile !== undefined || options.set !== undefined)
      throw new ConfigError('--resume: expected no --profile and no --set, since the run has its settings.', 'resume');
    return { wanted: await wantedRun(join(out!, 'spec.json'), {}), out: out!, reuse };
  }
  const wanted = await wantedRun(name, options);
  if (out !== undefined) return { wanted, out, reuse };
  const { settings } = wanted;
  const hash = await digestOf({
    experiment: wanted.name,
    settings,
    relaxed: options.relaxed ?? false,
    version: VERSION,
  });
  const folder = `${wanted.experiment.name}-${hash.slice(0, 8)}`;
  return { wanted, out: join(HOME, folder), reuse: [...reuse, ...(await siblings(HOME, folder))] };
}

function memoryOf({ maxMemory }: Options, workers: number): number {
  if (maxMemory !== undefined) return maxMemory * MEBIBYTE;
  return Math.min(MOST_MEBIBYTES * MEBIBYTE, Math.floor((totalmem() * MEMORY_SHARE) / workers));
}

// The plots are a large import that nobody else should wait for.
const report = () => import('../../experiments/report/index.ts');

function resultText(r: RunResult, { width }: Output): string {
  const { total, done, before, reused, failed, notStarted } = r.jobs;
  const jobs = [
    `${done} of ${total} done`,
    ...(before > 0 ? [`${before} of them before${reused > 0 ? ` (${reused} taken from other runs)` : ''}`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(notStarted > 0 ? [`${notStarted} not started, since they need those`] : []),
  ];
  const rows = [
    ['Jobs', jobs.join(', ')],
    ['Records', r.records],
    ['Report', r.report],
  ];
  return `${r.headline}\n\n${columns(rows, width)}`;
}

function failureText({ outcome, plan }: RunOutcome): string {
  const { failed } = outcome;
  const list = failed.map(({ job, error }) => `  ${job.name}: ${error.message.replaceAll('\n', ' ')}`);
  return (
    `${failed.length} of ${plan.jobs.length} jobs failed:\n${list.join('\n')}\n` +
    'The others are kept: once the cause is gone, the same command does the rest.'
  );
}
