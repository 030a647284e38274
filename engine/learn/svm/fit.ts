/** Fits a support vector machine (smo.ts), in one go, in slices, or without holding the thread. */
import { yieldToEventLoop } from '#platform';
import { Rng } from '../../random/rng.ts';
import { loadSvmKernels } from './kernels.ts';
import { loadSvm, type SvmModel, type SvmState } from './model.ts';
import { type AsyncOptions, checkOptions, checkRows, type SvmOptions, type SvmProgress } from './options.ts';
import { fitSigmoid, type Sigmoid } from './platt.ts';
import { computedRows, type KernelRows, plainWorkspace, range, rounded, type Workspace } from './rows.ts';
import { type SmoSolution, smo, workspaceNumbers } from './smo.ts';

// WebAssembly addresses 4 GiB, and there is more than the cache.
const MOST_BYTES = 3 * 2 ** 30;

/** Runs generated slices to their end. */
export function finish<T>(slices: Generator<unknown, T>): T {
  let next = slices.next();
  while (!next.done) next = slices.next();
  return next.value;
}

// As often as training (engine/train/pacer.ts).
const SLICE_MS = 16;

/** Runs generated slices to their end; the event loop has its turn in between. @throws the signal's reason */
export async function finishAsync<T>(slices: Generator<SvmProgress, T>, o: AsyncOptions): Promise<T> {
  let last = performance.now();
  for (;;) {
    o.signal?.throwIfAborted();
    const next = slices.next();
    if (next.done) return next.value;
    o.onProgress?.(next.value);
    if (performance.now() - last < SLICE_MS) continue;
    await yieldToEventLoop();
    last = performance.now();
  }
}

const cacheBytesOf = ({ cacheBytes = 200 << 20 }: Pick<SvmOptions, 'cacheBytes'>) => Math.min(cacheBytes, MOST_BYTES);

/** A workspace in which n rows of d features can be fitted. */
export function workspaceFor(n: number, d: number, o: Pick<SvmOptions, 'cacheBytes' | 'kernels'>): Workspace {
  if (!o.kernels) return plainWorkspace();
  return o.kernels.workspace(rounded(n) * (d + 1) + rounded(d), workspaceNumbers(n, cacheBytesOf(o)));
}

/** The dual problem that these options make of rows and labels; `done` of `fits` is for the progress. */
export function* solve(
  rows: KernelRows,
  workspace: Workspace,
  y: ArrayLike<number>,
  o: Omit<SvmOptions, 'kernel'>,
  at: Pick<SvmProgress, 'done' | 'fits'>,
): Generator<SvmProgress, SmoSolution> {
  const [w0, w1] = o.classWeights ?? [1, 1];
  const { n } = rows;
  const slices = smo({
    rows,
    workspace,
    sign: Float64Array.from({ length: n }, (_, i) => (y[i] ? 1 : -1)),
    bound: Float64Array.from({ length: n }, (_, i) => o.c * (y[i] ? w1 : w0)),
    tolerance: o.tolerance ?? 1e-3,
    iterations: o.iterations ?? Math.max(1e7, 100 * n),
    cacheBytes: cacheBytesOf(o),
    shrinking: o.shrinking ?? true,
  });
  for (;;) {
    const next = slices.next();
    if (next.done) return next.value;
    yield { ...at, ...next.value };
  }
}

/** Some rows of x and y. */
export function takeRows(x: Float64Array, y: ArrayLike<number>, d: number, ids: Int32Array) {
  const taken = new Float64Array(ids.length * d);
  for (const [t, i] of ids.entries()) taken.set(x.subarray(i * d, (i + 1) * d), t * d);
  return { x: taken, y: Uint8Array.from(ids, (i) => y[i]!) };
}

function* fitRows(
  x: Float64Array,
  y: ArrayLike<number>,
  d: number,
  o: SvmOptions,
  at: Pick<SvmProgress, 'done' | 'fits'>,
): Generator<SvmProgress, Omit<SvmState, 'platt'>> {
  const workspace = workspaceFor(y.length, d, o);
  const s = yield* solve(computedRows(o.kernel, x, d, workspace), workspace, y, o, at);
  const supportRows = range(y.length).filter((i) => s.alpha[i]! > 0);
  return {
    kernel: o.kernel,
    features: d,
    supportVectors: takeRows(x, y, d, supportRows).x,
    supportRows,
    coefficients: Float64Array.from(supportRows, (i) => (y[i] ? s.alpha[i]! : -s.alpha[i]!)),
    rho: s.rho,
    objective: s.objective,
    iterations: s.iterations,
    violation: s.violation,
    converged: s.violation < (o.tolerance ?? 1e-3),
  };
}

/** Decision values of each row by a machine that was not fitted on it, and Platt's sigmoid through them. */
function* calibrate(
  x: Float64Array,
  y: ArrayLike<number>,
  d: number,
  o: SvmOptions,
  at: { done: number; fits: number },
): Generator<SvmProgress, Sigmoid> {
  const { folds = 5, rng = Rng.from(0) } = o.probability === true ? {} : o.probability || {};
  const n = y.length;
  const order = rng.split('platt').permutation(n);
  const values = new Float64Array(n);
  for (let fold = 0; fold < folds; fold++, at.done++) {
    const [from, to] = [Math.floor((fold * n) / folds), Math.floor(((fold + 1) * n) / folds)];
    const out = order.slice(from, to).sort();
    const train = takeRows(x, y, d, Int32Array.of(...order.subarray(0, from), ...order.subarray(to)).sort());
    const ones = train.y.reduce((sum, v) => sum + v, 0);
    if (ones === 0 || ones === train.y.length) {
      // as libsvm: nothing but one class seen, so that is what it says
      for (const i of out) values[i] = Math.sign(ones - 0.5);
      continue;
    }
    const model = loadSvm({ ...(yield* fitRows(train.x, train.y, d, o, at)), platt: null }, o);
    for (const i of out) {
      values[i] = model.decision(x.subarray(i * d, (i + 1) * d));
      if (i % 64 === 63) yield { ...at, iterations: model.iterations, violation: model.violation };
    }
  }
  return fitSigmoid(values, y);
}

/** As `fitSvm`, in slices of a few milliseconds, for who has a loop and a pace of their own. */
export function* fitSvmSlices(
  x: Float64Array,
  y: ArrayLike<number>,
  o: SvmOptions,
  at?: { done: number; fits: number },
): Generator<SvmProgress, SvmModel> {
  checkOptions(o);
  const d = checkRows(x, y);
  const count = at ?? { done: 0, fits: fitsOf(o) };
  const platt = o.probability ? yield* calibrate(x, y, d, o, count) : null;
  const state = { ...(yield* fitRows(x, y, d, o, count)), platt };
  return loadSvm(state, o);
}

/** How many fits `fitSvm` makes with these options. */
export const fitsOf = ({ probability }: Pick<SvmOptions, 'probability'>): number =>
  probability ? 1 + ((probability === true ? undefined : probability.folds) ?? 5) : 1;

/**
 * Fits a support vector classifier, C-SVC as in libsvm, on features as they are: scale them first.
 * @param x row-major [n, features], finite
 * @param y 0 or 1 [n]
 * @throws ConfigError when an option, x or y is out of range, or a class is missing
 */
export function fitSvm(x: Float64Array, y: ArrayLike<number>, o: SvmOptions): SvmModel {
  return finish(fitSvmSlices(x, y, o));
}

/** As `fitSvm`, with SIMD kernels; the event loop has its turn every 16 ms. @throws the signal's reason once aborted */
export async function fitSvmAsync(
  x: Float64Array,
  y: ArrayLike<number>,
  o: SvmOptions & AsyncOptions,
): Promise<SvmModel> {
  return finishAsync(fitSvmSlices(x, y, { ...o, kernels: o.kernels ?? (await loadSvmKernels()) }), o);
}
