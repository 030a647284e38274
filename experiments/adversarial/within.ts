/**
 * PGD in balls of different sizes at once: row i is x_i + r_i u_i, and u is climbed in the unit ball of L2.
 *
 *   d L / d u_i = r_i dL / dx
 *
 * Beyond the bounds of pixels too: a certificate is about the whole ball. L is the margin of the log of mean probabilities: what counts is
 * that another class gets most votes, not how little is left for the first. Source: Madry et al. 2018 (ICLR), section 2.1; of a
 * smoothed model, with the same noise at each step: Salman et al. 2019 (NeurIPS), section 2.2.
 */
import { ascend, type InputSpace, losses, projectBall } from '../../attacks/evasion/index.ts';
import { GRADIENT_ROWS, type Samples } from '../../attacks/index.ts';
import { type SmoothedTarget, smoothedGradients } from '../../defenses/index.ts';
import { type Engine, KeyholeError, type Rng, sizeOf } from '../../engine/index.ts';

export interface WithinOptions {
  /** the model itself */
  readonly target: SmoothedTarget;
  /** [n, width] */
  readonly x: Float32Array;
  /** classes to leave [n] */
  readonly y: Int32Array;
  /** of the ball of each row, L2 [n] */
  readonly radii: Float64Array;
  readonly sigma: number;
  /** noisy copies that a gradient is the mean of */
  readonly draws: number;
  readonly steps: number;
  /** random starts; the point with the highest loss is kept */
  readonly restarts: number;
  readonly rng: Rng;
  readonly engine: Engine;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (done: number) => void;
}

/** PGD's default, in radii: steps may cross the ball, and turn round in it */
const stepSize = (steps: number) => 2.5 / steps;

/** Points [n, width] in the balls of their rows, where the smoothed model is least sure of the class. */
export async function climbWithin(o: WithinOptions): Promise<Float32Array> {
  const { target, x, y, radii, sigma, draws, steps, restarts, rng, engine, signal, onProgress } = o;
  const width = sizeOf(target.inputShape);
  const out = x.slice();
  const atOnce = Math.max(1, Math.floor(GRADIENT_ROWS / draws));
  for (let from = 0; from < y.length; from += atOnce) {
    const [origin, r] = [x.subarray(from * width, (from + atOnce) * width), radii.subarray(from, from + atOnce)];
    const u = new Float32Array(origin.length);
    const own = rng.split(`rows from ${from}`);
    const smooth = smoothedGradients(target, { sigma, draws, rng: own.split('noise'), engine });
    await ascend(
      inUnitBalls(smooth, origin, r),
      {
        x: new Float32Array(origin.length),
        y: y.subarray(from, from + atOnce),
        targets: null,
        space: wholeSpace(width),
        norm: 'l2',
        epsilon: 1,
        best: u,
        rng: own,
        signal,
      },
      // full: all rows are climbed to the end, so that each question is about all of them
      {
        loss: losses.margin,
        steps,
        stepSize: stepSize(steps),
        restarts,
        start: 'random',
        momentum: 0,
        full: true,
      },
    );
    out.set(placed(u, origin, r), from * width);
    for (const [k, radius] of r.entries())
      projectBall('l2', radius, { values: out, at: (from + k) * width }, { values: origin, at: k * width }, width);
    onProgress?.(Math.min(1, (from + atOnce) / y.length));
  }
  return out;
}

function placed(u: Samples, origin: Float32Array, radii: Float64Array): Float32Array {
  const width = origin.length / radii.length;
  if (u.length !== origin.length)
    throw new KeyholeError(`within: expected ${origin.length} numbers, all rows at once, got ${u.length}.`);
  return origin.map((value, j) => value + radii[Math.floor(j / width)]! * u[j]!);
}

function inUnitBalls(target: SmoothedTarget, origin: Float32Array, radii: Float64Array): SmoothedTarget {
  const width = origin.length / radii.length;
  return {
    ...target,
    logits: (u) => target.logits(placed(u, origin, radii)),
    inputGradients: (u, use) =>
      target.inputGradients(placed(u, origin, radii), (logits, back, from) =>
        use(logits, (c) => back(c).map((value, j) => value * radii[from + Math.floor(j / width)]!), from),
      ),
  };
}

const wholeSpace = (width: number): InputSpace => ({
  width,
  low: new Float32Array(width).fill(-Infinity),
  high: new Float32Array(width).fill(Infinity),
  fixed: new Uint8Array(width),
  groups: [],
  discrete: new Uint8Array(width),
  levels: null,
});
