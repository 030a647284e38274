/**
 * Sums of clipped per-sample gradients by one forward and one backward pass: sum over i of f_i g_i with g_i = dL_i/dparams
 * and f_i = min(1, C / |g_i|), |g_i| over all parameters together (Abadi et al. 2016, algorithm 1).
 *
 * The backward pass runs over the tensors that hold rows of samples. Where a shared tensor meets them, the op's per-sample
 * rule (rules/) says what the norms are and keeps what the weighted sum needs. When all norms are known, so are the
 * factors, and the sums are taken. A parameter that is used at several places, or reached through other ops (transposed,
 * scaled, standardised), has its gradient materialised for one sample at a time: shared.ts.
 */
import { KeyholeError, PrivacyError, ShapeError } from '../errors.ts';
import { leaf } from '../grad/index.ts';
import { namedTensors, rebuildTree, sameShape, type Tensor, type TreeMap, tensorsOf } from '../tensor/index.ts';
import { backwardOf } from './backward.ts';
import { factorsOf } from './factors.ts';
import { type Clipping, checkClipping, groupsOf } from './options.ts';
import { addSquaresOf, type Part, type Weights } from './part.ts';
import { type ClipPlan, type NamedTensors, planOf } from './plan.ts';
import type { ParamPart } from './shared.ts';

export interface ClipOptions<P = unknown> {
  readonly clip: Clipping;
  /**
   * adds to these sums in place and returns them: a batch in chunks, each but the last of a multiple of 256 samples, gives
   * the bits of the whole
   */
  readonly into?: TreeMap<P, Tensor>;
  /** bytes that kept per-sample gradients of one tensor may take; beyond, they are computed twice. Default 256 MiB */
  readonly keepBytes?: number;
}

export interface ClippedGrads<P> {
  readonly sum: TreeMap<P, Tensor>;
  /**
   * [n], before clipping; NaN or Infinity for a sample whose gradient is not finite, and which adds nothing to the sum.
   * These are private: no budget covers what is made of them without noise
   */
  readonly norms: Float64Array;
  /** [n] for each group of per-layer clipping, as `groupsOf` has them; one of all parameters together for other kinds */
  groupNorms(): Float64Array[];
  /** [n], as private as the norms */
  readonly losses: Float64Array;
  /** how each parameter's gradients were found */
  plan(): ClipPlan;
}

const KEEP_BYTES = 2 ** 28;

/**
 * The sum over samples of clipped gradients.
 * @param loss one loss for each sample [n], neither averaged nor summed, by ops that keep the rows of samples apart. Pass
 * the batch to the model as `leaf(x)`, and mixing of rows before the first parameter is found too
 * @param params each tensor at one place of the tree; one that the loss does not use gets zeros
 * f32 needs the kernels of `await addKernels(engine, 'privacy')`.
 * @throws PrivacyError for a model that mixes the rows of a batch, and for bounds that bound nothing; ShapeError for a
 * loss that is not [n]
 */
export function clippedGrads<P>(loss: (params: P) => Tensor, params: P, options: ClipOptions<P>): ClippedGrads<P> {
  const named = namedTensors(params);
  const tensors = named.map(([, t]) => t);
  const { engine } = tensors[0] ?? {};
  if (!engine) throw new KeyholeError('clippedGrads: expected a tree with at least one tensor, got none.');
  checkPlaces(named);
  const layers = options.clip.kind === 'per-layer' ? groupsOf(params) : null;
  checkClipping(options.clip, layers?.names.length ?? 1);
  const given = options.into === undefined ? null : sumsFor(tensors, options.into);
  const { recording } = engine;
  try {
    return engine.run('clippedGrads', () => {
      engine.recording = true;
      const leaves = tensors.map(leaf);
      const value = loss(rebuildTree(params, leaves) as P);
      engine.recording = false;
      if (value.rank !== 1) throw notPerSample(value);
      const n = value.size;
      const losses = new Float64Array(value.view());
      const parts = n === 0 ? [] : backwardOf(value, leaves, options.keepBytes ?? KEEP_BYTES);
      const sums = given ?? tensors.map((t, param) => roomFor(t, parts.find((p) => p.param === param)?.part));
      const groups = layers?.of ?? tensors.map(() => 0);
      const { norms, squares } = addClipped(parts, sums, { n, clip: options.clip, groups, fresh: given === null });
      for (const t of sums) t.storage.version++;
      const groupNorms = () => squares.map((of) => of.map(Math.sqrt));
      return { sum: rebuildTree(params, sums), norms, groupNorms, losses, plan: () => planOf(named, parts) };
    });
  } finally {
    engine.recording = recording;
  }
}

interface Setting {
  readonly n: number;
  readonly clip: Clipping;
  /** of each parameter */
  readonly groups: readonly number[];
  /** whether the sums hold nothing yet */
  readonly fresh: boolean;
}

/** Adds each part's weighted sum to its parameter's; returns the norms of the samples, and their squares in each group. */
function addClipped(parts: readonly ParamPart[], sums: readonly Tensor[], { n, clip, groups, fresh }: Setting) {
  const squares = Array.from({ length: Math.max(0, ...groups) + 1 }, () => new Float64Array(n));
  const factors = factorsOf(squares, n, clip);
  const weightsOf = (group: number): Weights => {
    const values = factors.of[group]!;
    const { engine, dtype } = sums[0]!;
    return { values, tensor: engine.tensor(values, [n], { dtype }), drops: values.includes(0) };
  };
  const last = parts.find(({ part }) => part.inChunks);
  for (const p of parts) if (p !== last) p.part.addSquares(squares[groups[p.param]!]!);
  if (last) {
    const [group, target] = [groups[last.param]!, sums[last.param]!];
    last.part.inChunks!(target, (norms, from) => {
      addSquaresOf(norms, squares[group]!.subarray(from));
      factors.settle(from, from + norms.length);
      return factors.of[group]!.subarray(from, from + norms.length);
    });
  } else factors.settle(0, n);
  const weights = squares.map((_, group) => weightsOf(group));
  for (const p of parts) if (p !== last) p.part.addWeighted(weights[groups[p.param]!]!, sums[p.param]!, fresh);
  return { norms: factors.norms, squares };
}

/** A tensor at two places of the tree would be clipped as two parameters, and stepped twice. */
function checkPlaces(named: NamedTensors): void {
  const seen = new Map<unknown, string>();
  for (const [path, { storage }] of named) {
    const before = seen.get(storage);
    if (before !== undefined) {
      throw new PrivacyError(
        `clippedGrads: expected each parameter once in the tree, got one tensor at '${before}' and at '${path}'. ` +
          'Leave it at one place, and let the model use it twice: its two gradients are then added before they are clipped.',
      );
    }
    seen.set(storage, path);
  }
}

const roomFor = ({ engine, shape, dtype }: Tensor, part: Part | undefined): Tensor =>
  part?.writes ? engine.alloc(shape, dtype, 'clippedGrads') : engine.zeros(shape, dtype);

function sumsFor(tensors: readonly Tensor[], into: unknown): Tensor[] {
  const sums = tensorsOf(into);
  const fits = sums.length === tensors.length && sums.every((t, i) => sameShape(t.shape, tensors[i]!.shape));
  if (!fits) throw new ShapeError("clippedGrads: expected `into` to be a tree of the parameters' form and shapes.");
  return sums;
}

function notPerSample({ shape }: Tensor): ShapeError {
  return new ShapeError(
    `clippedGrads: expected one loss for each sample [n], got [${shape}]. Return the losses as they are, without mean or ` +
      'sum: the gradient of each sample is clipped before they are added up.',
  );
}
