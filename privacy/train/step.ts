/**
 * The parts of one private step, each a function of its own: sample, clip and sum, noise, divide. `fitPrivate` puts them
 * together; so do the audits, which leave one out on purpose.
 */
import { PrivacyError } from '../../engine/errors.ts';
import {
  type ClipPlan,
  type Clipping,
  clippedGrads,
  type Engine,
  type Examples,
  leaf,
  type Model,
  mapTree,
  type nn,
  ops,
  type Rng,
  type Shape,
  type Tensor,
  tensorsOf,
} from '../../engine/index.ts';
import { batchOf } from '../../engine/train/examples.ts';
import type { SecureRandom } from '../random/index.ts';

/** What a private step trains. */
export interface Subject {
  readonly engine: Engine;
  readonly model: Model;
  readonly params: unknown;
  /** of each row [n] */
  readonly loss: nn.Loss;
}

/** Each of `size` rows by a coin of its own (Abadi et al. 2016, section 3.1): amplification needs that nobody sees it fall. */
export const poissonRows = (random: SecureRandom, size: number, rate: number): Int32Array =>
  random.poissonSample(size, rate);

/**
 * The batches of one epoch over `places` public places, of which the first `size` hold records: a record more or less fills
 * or empties a place and moves no other.
 */
export function shuffledRows(random: SecureRandom, size: number, places: number, batchSize: number): Int32Array[] {
  const order = Int32Array.from({ length: places }, (_, i) => i);
  for (let i = places - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  const batches = Math.ceil(places / batchSize);
  return Array.from({ length: batches }, (_, b) =>
    order.slice(b * batchSize, (b + 1) * batchSize).filter((row) => row < size),
  );
}

export interface ClippedSum {
  /** of the clipped gradients, in the form of the parameters */
  readonly sum: unknown;
  /** of each row's gradient before it was clipped; private */
  readonly norms: Float64Array;
  /** of each row; private */
  readonly losses: Float64Array;
  /** null when there were no rows */
  readonly plan: (() => ClipPlan) | null;
}

/** Sums of zeros in the form of the parameters. */
export const zerosLike = (engine: Engine, params: unknown): unknown =>
  mapTree(params, (t: Tensor) => engine.zeros(t.shape, t.dtype));

/**
 * The sum over the rows of their clipped gradients, `chunk` rows through the engine at a time; zeros for no rows.
 * @param masks names the dropout masks; must be as secret as the sample: a public mask by place in the batch would make a
 * row's gradient depend on who stands before it
 */
export function clippedSum(
  { engine, model, params, loss }: Subject,
  data: Examples,
  rows: Int32Array,
  { clip, chunk, masks }: { readonly clip: Clipping; readonly chunk: number; readonly masks: Rng },
): ClippedSum {
  const sum = zerosLike(engine, params);
  const norms = new Float64Array(rows.length);
  const losses = new Float64Array(rows.length);
  let plan: (() => ClipPlan) | null = null;
  const dtype = tensorsOf(params)[0]!.dtype;
  for (let at = 0; at < rows.length; at += chunk) {
    const part = rows.subarray(at, at + chunk);
    engine.run('clipped gradients', () => {
      const { x, y } = batchOf(engine, data, part, model.inputShape, dtype);
      const samples = leaf(x); // so that rows mixed before the first parameter are found as well
      const context = { mode: 'train', rng: masks.split(`rows ${at}`) } as const;
      const result = clippedGrads((p: unknown) => loss(model.apply(p, samples, context), y), params, {
        clip,
        into: sum as never,
      });
      if (result.losses.length !== part.length) throw otherUnit(part.length, result.losses.length);
      norms.set(result.norms, at);
      losses.set(result.losses, at);
      plan ??= result.plan;
    });
  }
  return { sum, norms, losses, plan };
}

/** Records with one loss between them would be clipped together, a record with two as two. */
const otherUnit = (rows: number, losses: number) =>
  new PrivacyError(
    `private training: expected one loss for each record, got ${losses} for ${rows} rows: what is clipped is what is protected. ` +
      'Return a loss [n], the sum of what one record has (tokens, views).',
  );

/** sum += std N(0, 1), in place; std is sensitivity x noise multiplier, on the sum and not on the mean. */
export function addNoise(sum: unknown, std: number, random: SecureRandom): void {
  if (std > 0) for (const t of tensorsOf(sum)) random.addGaussian(t, std);
}

/** The noised sum by the expected batch size; by the real one it would tell how many rows there were. */
export const divide = (sum: unknown, expectedRows: number): unknown =>
  mapTree(sum, (t: Tensor) => ops.scale(t, 1 / expectedRows));

/** What the engine will do for each parameter, found on two rows of zeros: no private row is looked at. @throws PrivacyError for a model that mixes rows */
export function clippingPlan(subject: Subject, clip: Clipping, masks: Rng): ClipPlan {
  const { engine, model } = subject;
  return engine.run('clipping plan', () => {
    const plan = clippedSum(subject, blankRows(model.inputShape, model.classes), Int32Array.of(0, 1), {
      clip,
      chunk: 2,
      masks,
    }).plan!;
    return plan() as never;
  });
}

function blankRows(inputShape: Shape, classes: number): Examples {
  return {
    size: 2,
    inputShape,
    classes,
    take: (indices, into) => {
      const width = inputShape.reduce((a, b) => a * b, 1);
      const rows = into ?? { x: new Float32Array(indices.length * width), y: new Int32Array(indices.length) };
      rows.x.fill(0);
      rows.y.fill(0);
      return rows;
    },
  };
}
