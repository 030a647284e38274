/** The benchmark: kernels, products, training steps and start-up on every build, beside other engines when asked. */
import { type Build, hasRelaxedSimd } from '../engine/index.ts';
import { accountingJobs } from './accounting.ts';
import { privateStepJobs } from './dp-steps.ts';
import { evasionJobs } from './evasion.ts';
import type { Job, JobOptions } from './job.ts';
import { kernelJobs } from './kernels.ts';
import { peakJob } from './peak.ts';
import { openPeers } from './peers.ts';
import { productJobs } from './products.ts';
import type { Row } from './row.ts';
import { scoringJobs } from './scoring.ts';
import { sizeJobs } from './size.ts';
import { startupJobs } from './startup.ts';
import { forwardJobs, stepJobs } from './steps.ts';
import { svmJobs } from './svm.ts';
import { treesJobs } from './trees.ts';

export { describeMachine, type Machine } from './machine.ts';
export { parseName, type Spec } from './names.ts';
export { benchmarksPage, checkoutRoot, saveBenchmarks, saveNodes } from './page/index.ts';
export { PEERS_INSTALL, type PeerVersion, peerVersions } from './peers.ts';
export { type BenchResult, benchSchema, type EngineName, engines, type Row, rowSchema } from './row.ts';
export { type Table, tableOf } from './table.ts';
export type { Clock } from './timing.ts';

export interface BenchOptions extends JobOptions {
  /** keeps the rows whose name matches; default: all */
  readonly filter?: RegExp;
  /** default: those that run here */
  readonly builds?: readonly Build[];
  /** measures the engines of bench/peers as well */
  readonly peers?: boolean;
  readonly onRow?: (row: Row) => void;
  /** something was left out; the text says what and why */
  readonly onNote?: (note: string) => void;
  readonly signal?: AbortSignal;
}

/** The builds that run on this machine. */
export function runnableBuilds(): Build[] {
  return hasRelaxedSimd() ? ['base', 'relaxed'] : ['base'];
}

function jobs(filter: RegExp | undefined): Job[] {
  const all = [
    peakJob(),
    ...sgemmFirst(kernelJobs()),
    ...productJobs(),
    ...stepJobs(),
    ...forwardJobs(),
    ...privateStepJobs(),
    ...accountingJobs(),
    ...svmJobs(),
    ...treesJobs(),
    ...scoringJobs(),
    ...evasionJobs(),
    ...startupJobs(),
    ...sizeJobs(),
  ];
  return filter ? all.filter((job) => filter.test(job.name)) : all;
}

// What people look for comes first: products, convolutions, then the rest in the families' order.
function sgemmFirst(all: readonly Job[]): Job[] {
  const place = ({ name }: Job) => (name.startsWith('sgemm/') ? 0 : name.startsWith('conv/') ? 1 : 2);
  return [...all].sort((a, b) => place(a) - place(b));
}

/** The names of the rows that a run would measure, in its order. */
export function benchNames(filter?: RegExp): string[] {
  return jobs(filter).map((job) => job.name);
}

/**
 * Measures row after row, each build and each peer in turn, so that rows of one name were taken within the same seconds.
 * @throws ConfigError when peers are asked for and not installed; the signal's reason when it is aborted
 */
export async function runBench(options: BenchOptions = {}): Promise<Row[]> {
  const {
    filter,
    builds = runnableBuilds(),
    onRow = () => {},
    onNote = () => {},
    samples,
    milliseconds,
    clock = 'wall',
    threads,
    signal,
  } = options;
  const peers = options.peers ? openPeers(onNote) : null;
  const rows: Row[] = [];
  try {
    for (const job of jobs(filter)) {
      const time = {
        ...(samples !== undefined && { samples }),
        milliseconds: milliseconds ?? job.milliseconds,
        clock,
        ...(threads !== undefined && { threads }),
      };
      const take = (row: Row) => {
        rows.push(row);
        onRow(row);
      };
      for (const build of builds) {
        await breathe(signal);
        for (const row of await job.run(build, time)) take(row);
      }
      if (peers) for (const row of await peers.measure(job, time)) take(row);
    }
  } catch (error) {
    signal?.throwIfAborted(); // Ctrl-C ends the peers as well: that is then not the error to report
    throw error;
  } finally {
    peers?.close();
  }
  return rows;
}

/** Measurements block the event loop; between them Ctrl-C gets its chance. */
async function breathe(signal: AbortSignal | undefined): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  signal?.throwIfAborted();
}
