/**
 * Support vector machines: milliseconds of a fit with an RBF kernel, and of a search over a grid, at the settings of
 * scikit-learn's table (docs/decisions/svm.md). SIMD rows; one build, since nothing in them is fused.
 */
import type { Build } from '../engine/index.ts';
import { Rng } from '../engine/index.ts';
import { chooseSvm, fitSvm, loadSvmKernels, type SvmKernels } from '../engine/learn/index.ts';
import type { Job, JobOptions } from './job.ts';
import { keyhole, millisecondsRow, type Row } from './row.ts';
import { timesOf } from './timing.ts';

const FEATURES = 10;
const INFORMATIVE = 5;

/**
 * Clusters at corners of a cube, two for each class, in half of the features and noise in the others; standardised. Weak:
 * the cube half as large, three labels in ten drawn anew.
 */
export function clusters(n: number, weak: boolean): { x: Float64Array; y: Uint8Array } {
  const rng = Rng.from(1);
  const side = weak ? 0.5 : 1;
  const corners = Array.from({ length: 4 }, () =>
    Array.from({ length: INFORMATIVE }, () => (rng.below(2) ? side : -side)),
  );
  const x = new Float64Array(n * FEATURES);
  const y = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    const corner = rng.below(4);
    y[i] = rng.uniform() < (weak ? 0.3 : 0.01) ? rng.below(2) : corner & 1;
    for (let f = 0; f < FEATURES; f++) x[i * FEATURES + f] = rng.normal() + (corners[corner]![f] ?? 0);
  }
  for (let f = 0; f < FEATURES; f++) {
    let [mean, square] = [0, 0];
    for (let i = f; i < x.length; i += FEATURES) mean += x[i]! / n;
    for (let i = f; i < x.length; i += FEATURES) square += (x[i]! - mean) ** 2 / n;
    for (let i = f; i < x.length; i += FEATURES) x[i] = (x[i]! - mean) / Math.sqrt(square);
  }
  return { x, y };
}

function svmJob(name: string, prepare: () => (kernels: SvmKernels) => void): Job {
  return {
    name,
    work: { amount: 1, unit: 'ms' },
    milliseconds: 500,
    async run(build: Build, options: JobOptions): Promise<readonly Row[]> {
      if (build !== 'base') return [];
      const kernels = await loadSvmKernels();
      const work = prepare();
      const times = await timesOf(() => work(kernels), options);
      return [millisecondsRow(name, keyhole(build), times)];
    },
  };
}

function fitJob(n: number, weak: boolean): Job {
  return svmJob(`svm/fit-${n}x${FEATURES}${weak ? '-weak' : ''}`, () => {
    const { x, y } = clusters(n, weak);
    return (kernels) => fitSvm(x, y, { kernel: { kind: 'rbf', gamma: 0.1 }, c: 1, kernels });
  });
}

function gridJob(n: number): Job {
  return svmJob(`svm/grid-4x4-5-folds-${n}x${FEATURES}`, () => {
    const { x, y } = clusters(n, true);
    const folds = Int32Array.from(y, (_, i) => i % 5);
    return (kernels) => chooseSvm(x, y, { folds, cs: [0.1, 1, 10, 100], gammas: [0.01, 0.1, 1, 10], kernels });
  });
}

export const svmJobs = (): Job[] => [
  ...[2000, 10_000].flatMap((n) => [fitJob(n, false), fitJob(n, true)]),
  gridJob(2000),
];
