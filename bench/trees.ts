/**
 * Boosted trees: milliseconds of a fit, and of judging as many rows, at the settings of the attack models (100 trees of depth 3)
 * and on the rows of the support vector machines' rows. One build: they run in plain TypeScript.
 */
import type { Build } from '../engine/index.ts';
import { fitBoostedTrees } from '../engine/learn/index.ts';
import type { Job, JobOptions } from './job.ts';
import { keyhole, millisecondsRow, type Row } from './row.ts';
import { clusters } from './svm.ts';
import { timesOf } from './timing.ts';

const FIT = { trees: 100, depth: 3, learningRate: 0.1 };

function treesJob(name: string, prepare: () => () => void): Job {
  return {
    name,
    work: { amount: 1, unit: 'ms' },
    milliseconds: 500,
    async run(build: Build, options: JobOptions): Promise<readonly Row[]> {
      return build === 'base' ? [millisecondsRow(name, keyhole(build), await timesOf(prepare(), options))] : [];
    },
  };
}

function fitJob(n: number, weak: boolean): Job {
  return treesJob(`trees/fit-${n}x10${weak ? '-weak' : ''}`, () => {
    const { x, y } = clusters(n, weak);
    return () => fitBoostedTrees(x, y, FIT);
  });
}

function judgeJob(n: number): Job {
  return treesJob(`trees/judge-${n}x10`, () => {
    const { x, y } = clusters(n, true);
    const { decisions } = fitBoostedTrees(x, y, FIT);
    return () => decisions(x);
  });
}

export const treesJobs = (): Job[] => [
  ...[2000, 10_000].flatMap((n) => [fitJob(n, false), fitJob(n, true)]),
  judgeJob(10_000),
];
