/**
 * Projected gradient ascent, the loop that FGSM, BIM, PGD and momentum PGD share:
 *
 *   x_0 = x, or uniform in the ball;  g_t = mu g_{t-1} + grad L / |grad L|_1 (mu = 0: the gradient);
 *   x_{t+1} = project(x_t + alpha_t direction(g_t))
 *
 * A row that fools the target is done: the row is kept and climbed no further, unless `full` asks for the highest loss. Rows have random
 * streams of their own, so that what happens to one does not depend on which others there are.
 *
 * Source: Madry et al. 2018 (ICLR), equation of section 2.1; momentum: Dong et al. 2018 (CVPR), algorithm 1.
 */
import type { GradientTarget } from '../../target/index.ts';
import { type Box, boxAround, signStep } from '../box.ts';
import type { EvasionTask } from '../define-evasion.ts';
import type { AttackLoss } from '../losses.ts';
import { distance, drawFromBall, type Norm, stepAlong } from '../norms.ts';
import { gather } from '../rows.ts';
import { project } from '../space.ts';
import { asPresented, isFooled } from '../standing.ts';
import { pullBack } from './gradients.ts';

export interface Ascent {
  readonly loss: AttackLoss;
  readonly steps: number;
  /** in the units of the norm */
  readonly stepSize: number;
  readonly restarts: number;
  /** 'clean': the first restart begins at the row itself */
  readonly start: 'clean' | 'random' | 'always-clean';
  readonly momentum: number;
  /** what momentum sums: gradients divided by their l1 sizes, as they are, or the steepest directions of the norm; default 'sized' */
  readonly summed?: 'sized' | 'plain' | 'direction';
  /** climbs on where the target is fooled, and keeps the highest loss */
  readonly full: boolean;
}

export async function ascend(
  target: Pick<GradientTarget, 'classes' | 'logits' | 'inputGradients'>,
  task: EvasionTask,
  { loss, steps, stepSize, restarts, start, momentum, full, summed = 'sized' }: Ascent,
): Promise<void> {
  const { x, y, targets, space, norm, epsilon, best, rng, signal } = task;
  const { width } = space;
  const { classes } = target;
  const n = y.length;
  const fooled = new Uint8Array(n);
  const highest = new Float64Array(n).fill(-Infinity);
  const derivative = new Float64Array(classes);
  const box = norm === 'linf' ? boxAround(space, epsilon, x) : null;
  for (let restart = 0; restart < restarts; restart++) {
    let rows = Int32Array.from({ length: n }, (_, i) => i).filter((i) => full || !fooled[i]);
    if (rows.length === 0) return;
    const at = gather(x, rows, width);
    if (start === 'random' || (start === 'clean' && restart > 0)) {
      for (const [k, i] of rows.entries()) {
        const slice = { values: at, at: k * width };
        drawFromBall(norm, epsilon, slice, width, rng.split(`row ${i} restart ${restart}`));
        project(space, norm, epsilon, slice, { values: x, at: i * width });
      }
    }
    let points = at;
    const field = new Float32Array(at.length);
    let velocity = momentum > 0 ? new Float32Array(at.length) : null;
    for (let step = 0; step <= steps && rows.length > 0; step++) {
      signal?.throwIfAborted();
      const isLast = step === steps;
      const gradients = isLast ? null : field.subarray(0, points.length);
      const own = new Float64Array(rows.length);
      const done = new Uint8Array(rows.length);
      const judge = (logits: Float64Array, from: number, cotangent: Float64Array | null) => {
        for (let k = 0; k < logits.length / classes; k++) {
          const z = logits.subarray(k * classes, (k + 1) * classes);
          const i = rows[from + k]!;
          const goal = targets ? targets[i]! : null;
          own[from + k] = loss.of(z, y[i]!, goal, cotangent && derivative);
          cotangent?.set(derivative, k * classes);
          done[from + k] = isFooled(z, y[i]!, goal) ? 1 : 0;
        }
      };
      if (gradients) {
        await target.inputGradients(points, (logits, back, from) => {
          const cotangent = new Float64Array(logits.length);
          judge(logits, from, cotangent);
          pullBack(back, cotangent, gradients.subarray(from * width, (from + logits.length / classes) * width));
        });
      } else judge(await target.logits(points), 0, null);
      const climbed = mean(own);
      // what is climbed has categories in part; what counts is the row as the target will get it
      const shown = asPresented(task, epsilon, points, rows);
      if (shown !== points) judge(await target.logits(shown), 0, null);
      for (const [k, i] of rows.entries()) {
        // a row that fools beats all that do not; among equals the higher loss
        if (done[k]! < fooled[i]! || (done[k] === fooled[i] && !(own[k]! > highest[i]!))) continue;
        fooled[i] = done[k]!;
        highest[i] = own[k]!;
        best.set(shown.subarray(k * width, (k + 1) * width), i * width);
      }
      if (gradients) still(gradients, space.fixed);
      const { zero, broken } = faults(gradients, width);
      task.onStep?.({ restart, step, rows: rows.length, loss: climbed, zero, broken });
      task.onProgress?.((restart + step / (steps + 1)) / restarts);
      if (!gradients) break;
      if (!full && done.includes(1)) {
        const open = Int32Array.from(rows.keys()).filter((k) => !done[k]);
        points = gather(points, open, width);
        const kept = gather(gradients, open, width);
        gradients.set(kept);
        if (velocity) velocity = gather(velocity, open, width);
        rows = open.map((k) => rows[k]!);
      }
      if (broken > 0) mend(gradients);
      if (velocity)
        for (const k of rows.keys())
          accumulate(velocity, gradients, k * width, width, momentum, summed === 'direction' ? norm : summed);
      moveOn(task, stepSize, velocity ?? gradients, points, rows, box);
    }
  }
}

/** A step of all rows. */
function moveOn(
  { x, space, norm, epsilon }: EvasionTask,
  size: number,
  direction: Float32Array,
  points: Float32Array,
  rows: Int32Array,
  box: Box | null,
): void {
  const { width, low, high, fixed } = space;
  for (const [k, i] of rows.entries()) {
    const along = { values: direction, at: k * width };
    const place = { values: points, at: k * width };
    if (box) {
      signStep(size, along, place, box, i * width, width);
      continue;
    }
    const room = (j: number, rises: boolean) => {
      const value = points[place.at + j]!;
      return fixed[j] ? 0 : rises ? high[j]! - value : value - low[j]!;
    };
    stepAlong(norm, size, along, place, width, room);
    project(space, norm, epsilon, place, { values: x, at: i * width });
  }
}

/** @param by what gradients are divided by: their l1 sizes, nothing, or, of a norm, what makes them steps of length 1 in it */
function accumulate(
  velocity: Float32Array,
  gradients: Float32Array,
  at: number,
  width: number,
  momentum: number,
  by: 'sized' | 'plain' | Norm,
): void {
  const [place, none] = [
    { values: gradients, at },
    { values: new Float32Array(width), at: 0 },
  ];
  const size = by === 'plain' || by === 'linf' ? 1 : distance(by === 'l2' ? 'l2' : 'l1', place, none, width);
  const share = size > 0 ? 1 / size : 0;
  for (let j = at; j < at + width; j++) {
    const slope = by === 'linf' ? Math.sign(gradients[j]!) : share * gradients[j]!;
    velocity[j] = momentum * velocity[j]! + slope;
  }
}

export function mean(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** What cannot change must not take a part of the step's length. */
function still(gradients: Float32Array, fixed: Uint8Array): void {
  if (!fixed.includes(1)) return;
  for (const j of gradients.keys()) if (fixed[j % fixed.length]) gradients[j] = 0;
}

/** What is not a number says nothing, and must not spread. */
function mend(gradients: Float32Array): void {
  for (const [j, value] of gradients.entries()) if (!Number.isFinite(value)) gradients[j] = 0;
}

/** Gradients that say nothing. */
export function faults(gradients: Float32Array | null, width: number): { zero: number; broken: number } {
  let [zero, broken] = [0, 0];
  for (let at = 0; gradients && at < gradients.length; at += width) {
    let sum = 0;
    for (let j = at; j < at + width; j++) sum += Math.abs(gradients[j]!);
    if (sum === 0) zero++;
    if (!Number.isFinite(sum)) broken++;
  }
  return { zero, broken };
}
