/**
 * Auto-PGD: ascent whose step is halved where it stops paying. With momentum a = 0.75 (1 in the first step) and steps eta,
 *
 *   z_{k+1} = project(x_k + eta direction(grad L(x_k)))
 *   x_{k+1} = project(x_k + a (z_{k+1} - x_k) + (1 - a) (x_k - x_{k-1})),   eta = 2 epsilon at first.
 *
 * At each checkpoint a row's eta is halved and the row goes back to its best point, where at most rho of the steps since the last
 * checkpoint climbed, or where neither the step nor the best loss changed since. (At most: the authors' code; the paper has fewer than.)
 *
 * Source: Croce & Hein 2020 (ICML), Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free
 * attacks, algorithm 1, section 3; targeted: section 4.
 */
import type { GradientTarget } from '../../target/index.ts';
import { ballStep } from '../ball.ts';
import { type Box, boxAround, momentumStep } from '../box.ts';
import type { EvasionTask } from '../define-evasion.ts';
import { type AttackLoss, losses } from '../losses.ts';
import { drawFromBall } from '../norms.ts';
import { gather } from '../rows.ts';
import { project } from '../space.ts';
import { asPresented, type Standing } from '../standing.ts';
import { mean } from './ascent.ts';
import { Climbers } from './climbers.ts';
import { pullBack, tidyGradients } from './gradients.ts';

export interface AutoPgd {
  readonly loss: AttackLoss;
  readonly steps: number;
  readonly restarts: number;
  readonly rho: number;
  /** other classes to aim at, the likeliest first, one after another; 0: at any at once */
  readonly classes: number;
  /** names the random streams: runs with different names start elsewhere */
  readonly name: string;
}

const MOMENTUM = 0.75;

/** Steps after which progress is looked at: ceil(p_j steps), p = 0, 0.22, then p_j + max(p_j - p_{j-1} - 0.03, 0.06). */
export function checkpoints(steps: number): number[] {
  const out: number[] = [];
  // in hundredths, which add up exactly
  for (let [p, gap] = [22, 22]; p <= 100; gap = Math.max(gap - 3, 6), p += gap) {
    const at = Math.ceil((p * steps) / 100);
    if (at !== out.at(-1)) out.push(at);
  }
  return out;
}

/** DLR where there are classes enough for it; else the margin, whose steps no scale of the logits changes either. */
export function dlrFor(classes: number, targeted: boolean): AttackLoss {
  const { dlr, margin } = losses;
  return classes >= dlr.classes[targeted ? 'targeted' : 'untargeted'] ? dlr : margin;
}

/** Classes of each row other than its own, the likeliest first [n][count]; ties go to the lower class. */
export async function likeliestOthers(
  target: GradientTarget,
  { x, y }: Pick<EvasionTask, 'x' | 'y'>,
  count: number,
): Promise<Int32Array[]> {
  const { classes } = target;
  const logits = await target.logits(x);
  return Array.from(y, (own, i) => {
    const z = logits.subarray(i * classes, (i + 1) * classes);
    const others = Int32Array.from(z.keys()).filter((c) => c !== own);
    return others.sort((a, b) => z[b]! - z[a]! || a - b).slice(0, count);
  });
}

/** Where the user named classes, those are aimed at and `classes` is not looked at. */
export async function climbAdaptively(
  target: GradientTarget,
  task: EvasionTask,
  standing: Standing,
  { classes, restarts, ...how }: AutoPgd,
): Promise<void> {
  const { targets, onProgress } = task;
  const aimed = targets || classes === 0 ? null : await likeliestOthers(target, task, classes);
  const rounds = aimed ? Math.min(classes, target.classes - 1) : 1;
  for (let round = 0; round < rounds; round++) {
    for (let restart = 0; restart < restarts; restart++) {
      const climb = round * restarts + restart;
      const rows = standing.open();
      if (rows.length === 0) return;
      const aims = aimed ? rows.map((i) => aimed[i]![round]!) : targets && rows.map((i) => targets[i]!);
      const share = (done: number) => onProgress?.((climb + done) / (rounds * restarts));
      await climbOnce(target, { ...task, onProgress: share }, standing, rows, aims, climb, how);
    }
  }
}

/** @param aims class that the loss pulls to, of each of the rows; null: any other */
async function climbOnce(
  target: GradientTarget,
  task: EvasionTask,
  standing: Standing,
  rows: Int32Array,
  aims: Int32Array | null,
  climb: number,
  { loss, steps, rho, name }: Pick<AutoPgd, 'loss' | 'steps' | 'rho' | 'name'>,
): Promise<void> {
  const { x, y, space, norm, epsilon, rng } = task;
  const { width } = space;
  const { classes } = target;
  const start = gather(x, rows, width);
  for (const [k, i] of rows.entries()) {
    const place = { values: start, at: k * width };
    drawFromBall(norm, epsilon, place, width, rng.split(`row ${i} ${name} ${climb}`));
    project(space, norm, epsilon, place, { values: x, at: i * width });
  }
  const box: Box | null = norm === 'linf' ? boxAround(space, epsilon, x) : null;
  const live = new Climbers(rows, aims, start, 2 * epsilon);
  const { sizes, last, highest, highestThen, rises, halved } = live;
  const looks = checkpoints(steps);
  let looked = 0;
  const derivative = new Float64Array(classes);

  for (let step = 0; step <= steps; step++) {
    task.signal?.throwIfAborted();
    const isLast = step === steps;
    const { points, gradients, squares } = live;
    const asked = points.subarray(0, live.count * width);
    const own = new Float64Array(live.count);
    const judge = (logits: Float64Array, from: number, cotangent: Float64Array | null) => {
      for (let a = 0; a < logits.length / classes; a++) {
        const z = logits.subarray(a * classes, (a + 1) * classes);
        const k = from + a;
        own[k] = loss.of(z, y[live.rows[k]!]!, live.aims && live.aims[k]!, cotangent && derivative);
        cotangent?.set(derivative, a * classes);
      }
    };
    let logits: Float64Array;
    const silent = { zero: 0, broken: 0 };
    if (isLast) {
      logits = await target.logits(asked);
      judge(logits, 0, null);
    } else {
      logits = await target.inputGradients(asked, (some, back, from) => {
        const cotangent = new Float64Array(some.length);
        judge(some, from, cotangent);
        const to = from + some.length / classes;
        const pulled = pullBack(back, cotangent, gradients.subarray(from * width, to * width));
        tidyGradients(pulled, squares.subarray(from, to), space.fixed, silent);
      });
    }
    const shown = asPresented(task, epsilon, asked, live.rows.subarray(0, live.count));
    if (shown !== asked) logits = await target.logits(shown);
    const open: number[] = [];
    for (let k = 0; k < live.count; k++) {
      const z = logits.subarray(k * classes, (k + 1) * classes);
      if (!standing.offer(live.rows[k]!, z, shown, k * width)) open.push(k);
      if (step > 0 && own[k]! > last[k]!) rises[k]!++;
      last[k] = own[k]!;
      const leads = own[k]! > highest[k]!;
      if (leads) highest[k] = own[k]!;
      live.judge(k, leads);
    }
    task.onStep?.({ restart: climb, step, rows: live.count, loss: mean(own), ...silent });
    task.onProgress?.((step + 1) / (steps + 1));
    live.closeUp(open);
    if (isLast || live.count === 0) return;
    if (step > 0 && looks.includes(step)) {
      for (let k = 0; k < live.count; k++) {
        const pays = rises[k]! > rho * (step - looked);
        const stuck = !halved[k] && !(highest[k]! > highestThen[k]!);
        halved[k] = !pays || stuck ? 1 : 0;
        if (halved[k]) {
          sizes[k]! /= 2;
          live.recall(k);
        }
        highestThen[k] = highest[k]!;
        rises[k] = 0;
      }
      looked = step;
    }
    moveOn(live, task, box, step === 0 ? 1 : MOMENTUM);
  }
}

/** A step of all climbers. */
function moveOn(live: Climbers, { x, space, epsilon }: EvasionTask, box: Box | null, keep: number): void {
  const { count, rows, points, before, gradients, squares, sizes } = live;
  const { width } = space;
  const ahead = new Float64Array(width);
  for (let k = 0; k < count; k++) {
    const size = sizes[k]!;
    const gradient = { values: gradients, at: k * width };
    const place = { values: points, at: k * width };
    const origin = { values: x, at: rows[k]! * width };
    if (box) momentumStep(size, keep, gradients, place, before, box, origin.at, width);
    else ballStep({ size, keep, epsilon, squares: squares[k]! }, gradient, place, before, origin, space, ahead);
  }
  live.advance();
}
