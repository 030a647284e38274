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
import { type Box, boxAround, momentumStep } from '../box.ts';
import type { EvasionTask } from '../define-evasion.ts';
import { type AttackLoss, losses } from '../losses.ts';
import { drawFromBall, type Row } from '../norms.ts';
import { gather } from '../rows.ts';
import { project } from '../space.ts';
import { asPresented, type Standing } from '../standing.ts';
import { faults, mean } from './ascent.ts';
import { usable } from './gradients.ts';

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
  const n = rows.length;
  const points = gather(x, rows, width);
  for (const [k, i] of rows.entries()) {
    const place = { values: points, at: k * width };
    drawFromBall(norm, epsilon, place, width, rng.split(`row ${i} ${name} ${climb}`));
    project(space, norm, epsilon, place, { values: x, at: i * width });
  }
  const before = points.slice();
  const box: Box | null = norm === 'linf' ? boxAround(space, epsilon, x) : null;
  const gradients = new Float32Array(points.length);
  const bestPoints = points.slice();
  const bestGradients = new Float32Array(points.length);
  const sizes = new Float64Array(n).fill(2 * epsilon);
  const last = new Float64Array(n).fill(-Infinity);
  const highest = new Float64Array(n).fill(-Infinity);
  const highestThen = new Float64Array(n).fill(-Infinity);
  const rises = new Int32Array(n);
  // as if it had been halved before: the first checkpoint looks at the climbing steps only
  const halved = new Uint8Array(n).fill(1);
  const looks = checkpoints(steps);
  let looked = 0;
  const derivative = new Float64Array(classes);
  let live = Int32Array.from(rows.keys());

  for (let step = 0; step <= steps; step++) {
    task.signal?.throwIfAborted();
    const isLast = step === steps;
    const whole = live.length === n;
    const asked = whole ? points : gather(points, live, width);
    const found = isLast ? null : whole ? gradients : new Float32Array(asked.length);
    const own = new Float64Array(live.length);
    const judge = (logits: Float64Array, from: number, cotangent: Float64Array | null) => {
      for (let a = 0; a < logits.length / classes; a++) {
        const k = live[from + a]!;
        const z = logits.subarray(a * classes, (a + 1) * classes);
        own[from + a] = loss.of(z, y[rows[k]!]!, aims && aims[k]!, cotangent && derivative);
        cotangent?.set(derivative, a * classes);
      }
    };
    let logits: Float64Array;
    if (found) {
      logits = await target.inputGradients(asked, (some, back, from) => {
        const cotangent = new Float64Array(some.length);
        judge(some, from, cotangent);
        found.set(back(cotangent), from * width);
      });
    } else {
      logits = await target.logits(asked);
      judge(logits, 0, null);
    }
    const whose = live.map((k) => rows[k]!);
    const shown = asPresented(task, epsilon, asked, whose);
    if (shown !== asked) logits = await target.logits(shown);
    const { zero, broken } = faults(found, width);
    const plain = broken === 0 && !space.fixed.includes(1);
    const open: number[] = [];
    for (const [a, k] of live.entries()) {
      const z = logits.subarray(a * classes, (a + 1) * classes);
      if (!standing.offer(rows[k]!, z, shown, a * width)) open.push(k);
      if (found && !plain) usable(found, a * width, space.fixed, gradients, k * width);
      else if (found && !whole) gradients.set(found.subarray(a * width, (a + 1) * width), k * width);
      if (step > 0 && own[a]! > last[k]!) rises[k]!++;
      last[k] = own[a]!;
      if (!(own[a]! > highest[k]!)) continue;
      highest[k] = own[a]!;
      bestPoints.set(asked.subarray(a * width, (a + 1) * width), k * width);
      bestGradients.set(gradients.subarray(k * width, (k + 1) * width), k * width);
    }
    task.onStep?.({ restart: climb, step, rows: live.length, loss: mean(own), zero, broken });
    task.onProgress?.((step + 1) / (steps + 1));
    live = Int32Array.from(open);
    if (isLast || live.length === 0) return;
    if (step > 0 && looks.includes(step)) {
      for (const k of live) {
        const pays = rises[k]! > rho * (step - looked);
        const stuck = !halved[k] && !(highest[k]! > highestThen[k]!);
        halved[k] = !pays || stuck ? 1 : 0;
        if (halved[k]) {
          sizes[k]! /= 2;
          points.set(bestPoints.subarray(k * width, (k + 1) * width), k * width);
          gradients.set(bestGradients.subarray(k * width, (k + 1) * width), k * width);
        }
        highestThen[k] = highest[k]!;
        rises[k] = 0;
      }
      looked = step;
    }
    const keep = step === 0 ? 1 : MOMENTUM;
    for (const k of live) {
      const at = k * width;
      const gradient = { values: gradients, at };
      const place = { values: points, at };
      const origin = { values: x, at: rows[k]! * width };
      if (box) {
        momentumStep(sizes[k]!, keep, gradient, place, before, box, origin.at, width);
        continue;
      }
      stepInBall(sizes[k]!, keep, gradient, place, before, origin, task);
      project(space, norm, epsilon, place, origin);
    }
  }
}

/** A step in l2; the point ahead need not be inside to the last bit, as the one that is asked about must. */
function stepInBall(
  size: number,
  keep: number,
  gradient: Row,
  { values, at }: Row,
  before: Float32Array,
  origin: Row,
  { space, epsilon }: EvasionTask,
): void {
  const { width, low, high } = space;
  const [g, x] = [gradient.values, origin.values];
  const ahead = new Float64Array(width);
  let squares = 0;
  for (let j = 0, a = gradient.at; j < width; j++, a++) squares += g[a]! * g[a]!;
  const by = squares > 0 ? size / Math.sqrt(squares) : 0;
  squares = 0;
  for (let j = 0; j < width; j++) {
    const delta = values[at + j]! + by * g[gradient.at + j]! - x[origin.at + j]!;
    ahead[j] = delta;
    squares += delta * delta;
  }
  const back = Math.min(1, epsilon / Math.sqrt(squares));
  for (let j = 0; j < width; j++) {
    const here = values[at + j]!;
    const z = Math.min(high[j]!, Math.max(low[j]!, x[origin.at + j]! + back * ahead[j]!));
    values[at + j] = here + keep * (z - here) + (1 - keep) * (here - before[at + j]!);
    before[at + j] = here;
  }
}
