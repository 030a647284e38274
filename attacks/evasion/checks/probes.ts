/** Questions that checks need answered beside the attacks: noise in the ball, gradients at clean rows, the same question twice. */
import { Pacer, type Rng } from '../../../engine/index.ts';
import {
  type AccessLevel,
  accessLevels,
  type GradientTarget,
  type LabelTarget,
  type LogitTarget,
} from '../../target/index.ts';
import { losses } from '../losses.ts';
import { drawFromBall, type Norm } from '../norms.ts';
import { gather } from '../rows.ts';
import { type InputSpace, settle } from '../space.ts';
import type { AnswerEvidence, GradientEvidence, NoiseEvidence } from './evidence.ts';

export interface ProbedRows {
  /** [n, width] */
  readonly x: Float32Array;
  readonly y: Int32Array;
}

/**
 * Uniform draws from the ball around each row, until one fools or all tries are used up.
 * @param rows which of the rows to try: 1 for those that are right without any noise [n]
 */
export async function noiseSearch(
  target: LabelTarget,
  { x, y }: ProbedRows,
  o: {
    readonly space: InputSpace;
    readonly norm: Norm;
    readonly epsilon: number;
    readonly tries: number;
    readonly rows: Uint8Array;
    /** classes to reach; null: any wrong one */
    readonly targets: Int32Array | null;
    readonly rng: Rng;
    readonly signal?: AbortSignal | undefined;
    readonly onProgress?: (done: number) => void;
  },
): Promise<NoiseEvidence> {
  const { width } = o.space;
  const fooled = new Uint8Array(y.length);
  const pacer = new Pacer(o.signal);
  let open = Int32Array.from(y.keys()).filter((i) => o.rows[i]);
  // a stream for each row: its draws are the same whatever other rows there are
  const streams = new Map(Array.from(open, (i) => [i, o.rng.split(`row ${i}`)]));
  for (let k = 0; k < o.tries && open.length > 0; k++) {
    const drawn = gather(x, open, width);
    for (const [place, i] of open.entries()) {
      const row = { values: drawn, at: place * width };
      drawFromBall(o.norm, o.epsilon, row, width, streams.get(i)!);
      settle(o.space, o.norm, o.epsilon, row, { values: x, at: i * width });
    }
    const labels = await target.labels(drawn);
    for (const [place, i] of open.entries())
      if (o.targets ? labels[place] === o.targets[i] : labels[place] !== y[i]) fooled[i] = 1;
    open = open.filter((i) => !fooled[i]);
    o.onProgress?.((k + 1) / o.tries);
    await pacer.breathe();
  }
  return { epsilon: o.epsilon, tries: o.tries, fooled };
}

/** L2 norms of the gradients of the cross-entropy of each row [n]. */
export async function gradientNorms(target: GradientTarget, { x, y }: ProbedRows): Promise<GradientEvidence> {
  const { classes } = target;
  const width = x.length / y.length;
  const norms = new Float64Array(y.length);
  const derivative = new Float64Array(classes);
  await target.inputGradients(x, (logits, back, from) => {
    const cotangent = new Float64Array(logits.length);
    for (let k = 0; k < logits.length / classes; k++) {
      const z = logits.subarray(k * classes, (k + 1) * classes);
      losses.crossEntropy.of(z, y[from + k]!, null, derivative);
      cotangent.set(derivative, k * classes);
    }
    const gradients = back(cotangent);
    for (let k = 0; k < gradients.length / width; k++) {
      let squares = 0;
      for (let j = k * width; j < (k + 1) * width; j++) squares += gradients[j]! * gradients[j]!;
      norms[from + k] = Math.sqrt(squares);
    }
  });
  return { norms };
}

/** rounding of sums in another order is less, in f32 */
const SAME = 1e-4;
const SUM_OF_ONE = 1e-3;

/** Asks about the same rows twice, for the most that the target says. */
export async function askTwice(target: LabelTarget, access: AccessLevel, x: Float32Array): Promise<AnswerEvidence> {
  const level = accessLevels.indexOf(access);
  const of =
    level >= accessLevels.indexOf('logits')
      ? 'logits'
      : level >= accessLevels.indexOf('probabilities')
        ? 'probabilities'
        : 'labels';
  const ask = () => (target as LogitTarget)[of](x.slice());
  const [first, second] = [await ask(), await ask()];
  const asked = x.length / target.inputShape.reduce((product, n) => product * n, 1);
  const columns = first.length / asked;
  let [differ, likeProbabilities] = [0, 0];
  for (let i = 0; i < asked; i++) {
    let [sum, most, inside, same] = [0, 0, true, true];
    for (let c = i * columns; c < (i + 1) * columns; c++) {
      sum += first[c]!;
      most = Math.max(most, Math.abs(first[c]!));
      if (!(first[c]! >= 0 && first[c]! <= 1)) inside = false;
    }
    for (let c = i * columns; c < (i + 1) * columns; c++)
      if (!(Math.abs(first[c]! - second[c]!) <= (of === 'labels' ? 0 : SAME * most))) same = false;
    if (!same) differ++;
    if (inside && Math.abs(sum - 1) <= SUM_OF_ONE) likeProbabilities++;
  }
  return { of, asked, differ, likeProbabilities: of === 'logits' ? likeProbabilities : null };
}
