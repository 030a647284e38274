/**
 * The fast adaptive boundary attack: looks for the nearest point of another class. The model is taken as linear at x_k; of the classes
 * s other than y the one whose boundary is nearest gives a hyperplane, onto which x_k and the row x are projected within the bounds:
 *
 *   s = argmin |z_s - z_y| / |grad (z_s - z_y)|_dual;   d_1, d_2 the moves from x_k, and from x, to that hyperplane
 *   a = min(|d_1| / (|d_1| + |d_2|), alpha_max)
 *   x_{k+1} = clip((1 - a) (x_k + eta d_1) + a (x + eta d_2))
 *
 * What fools and is nearer than any before is kept, and the walk goes back to x + beta (x_{k+1} - x). At the end the line from the row
 * to the nearest one is searched. Random starts are halfway in the ball of the nearest so far, or of epsilon where that is smaller.
 *
 * Source: Croce & Hein 2020 (ICML), Minimally distorted adversarial examples with a fast adaptive boundary attack, algorithm 1;
 * targeted: Croce & Hein 2020 (ICML), Reliable evaluation of adversarial robustness, section 5.
 */
import type { GradientTarget } from '../../target/index.ts';
import type { EvasionTask } from '../define-evasion.ts';
import { largestBut, losses } from '../losses.ts';
import { distance, drawFromBall, type Row } from '../norms.ts';
import { gather } from '../rows.ts';
import { largestDistance, project } from '../space.ts';
import { asPresented, isFooled } from '../standing.ts';
import { likeliestOthers } from './apgd.ts';
import { usable } from './gradients.ts';
import { dualSize, type HyperplaneNorm, sizeOfMove, toHyperplane } from './hyperplane.ts';
import { type LineEnd, searchLines } from './line-search.ts';

export interface BoundaryWalk {
  readonly steps: number;
  readonly restarts: number;
  /** largest share of the move towards the row (alpha_max) */
  readonly alpha: number;
  /** overshoot */
  readonly eta: number;
  /** what is left of a perturbation that fools, before the walk goes on */
  readonly beta: number;
  /** steps of the search on the line at the end */
  readonly search: number;
  /** other classes to aim at, the likeliest first, one after another; 0: at the nearest of all in every step */
  readonly classes: number;
  /** names the random streams */
  readonly name: string;
}

export interface BoundaryGoal {
  /** rows to attack; asked before every walk */
  readonly rows: () => Int32Array;
  /** rows that are fooled this near are left alone; 0: looks for the nearest */
  readonly enough: number;
  /** gets each point that fools and is nearer to its row than all before */
  readonly found: (i: number, point: Row, size: number) => void;
}

/** Every row, its nearest kept. */
export function nearestOf({ y, best, space: { width } }: EvasionTask): BoundaryGoal {
  return {
    rows: () => Int32Array.from(y.keys()),
    enough: 0,
    found: (i, { values, at }) => best.set(values.subarray(at, at + width), i * width),
  };
}

export async function walkTheBoundary(
  target: GradientTarget,
  task: EvasionTask,
  goal: BoundaryGoal,
  { restarts, classes, name, ...how }: BoundaryWalk,
): Promise<void> {
  const { targets, y } = task;
  const nearest = new Float64Array(y.length).fill(Infinity);
  const aimed = targets || classes === 0 ? null : await likeliestOthers(target, task, classes);
  const rounds = aimed ? Math.min(classes, target.classes - 1) : 1;
  for (let round = 0; round < rounds; round++) {
    for (let restart = 0; restart < restarts; restart++) {
      const rows = goal.rows();
      if (rows.length === 0) return;
      const walk = round * restarts + restart;
      const aims = aimed && rows.map((i) => aimed[i]![round]!);
      const share = (done: number) => task.onProgress?.((walk + done) / (rounds * restarts));
      const stream = restart > 0 ? `${name} ${walk}` : null;
      await walkOnce(target, { ...task, onProgress: share }, rows, aims, nearest, stream, goal, how);
    }
  }
}

/** @param stream of the random starts; null: the walk starts at the row itself */
async function walkOnce(
  target: GradientTarget,
  task: EvasionTask,
  rows: Int32Array,
  aims: Int32Array | null,
  nearest: Float64Array,
  stream: string | null,
  { enough, found }: BoundaryGoal,
  { steps, alpha, eta, beta, search }: Omit<BoundaryWalk, 'restarts' | 'classes' | 'name'>,
): Promise<void> {
  const { x, y, targets, space, epsilon, rng } = task;
  const norm = task.norm as HyperplaneNorm;
  const { width } = space;
  const { classes } = target;
  const points = gather(x, rows, width);
  if (stream !== null) {
    for (const [k, i] of rows.entries()) {
      const [place, origin] = [
        { values: points, at: k * width },
        { values: x, at: i * width },
      ];
      const room = Math.min(nearest[i]!, epsilon, largestDistance(space, norm) / 2) / 2;
      drawFromBall(norm, room, place, width, rng.split(`row ${i} ${stream}`));
      project(space, norm, Infinity, place, origin);
    }
  }
  const wanted = (k: number) => (targets ? targets[rows[k]!]! : null);
  /** the nearest of this walk, which the search may bring nearer than the nearest of all */
  const ends = new Map<number, LineEnd & { readonly size: number }>();
  const keep = (i: number, point: Row, lead: number) => {
    const size = distance(norm, point, { values: x, at: i * width }, width);
    if (size < (ends.get(i)?.size ?? Infinity))
      ends.set(i, { i, point: point.values.slice(point.at, point.at + width), lead, size });
    if (!(size < nearest[i]!)) return;
    nearest[i] = size;
    found(i, point, size);
  };
  let live = Int32Array.from(rows.keys());

  for (let step = 0; step < steps && live.length > 0; step++) {
    task.signal?.throwIfAborted();
    await target.inputGradients(gather(points, live, width), (logits, back, from) => {
      const some = live.subarray(from, from + logits.length / classes);
      const pairs = Array.from(some, (k, a) => {
        const z = logits.subarray(a * classes, (a + 1) * classes);
        return pairsOf(z, y[rows[k]!]!, aims && aims[k]!, wanted(k));
      });
      for (const [a, plane] of nearestPlanes(norm, logits, back, pairs, space.fixed, classes).entries()) {
        const k = some[a]!;
        const here = { values: points, at: k * width };
        const origin = { values: x, at: rows[k]! * width };
        stepTowards(plane, here, origin);
        project(space, norm, Infinity, here, origin);
      }
    });
    const shown = asPresented(
      task,
      Infinity,
      gather(points, live, width),
      live.map((k) => rows[k]!),
    );
    const logits = await target.logits(shown);
    for (const [a, k] of live.entries()) {
      const i = rows[k]!;
      const z = logits.subarray(a * classes, (a + 1) * classes);
      if (!isFooled(z, y[i]!, wanted(k))) continue;
      keep(i, { values: shown, at: a * width }, losses.margin.of(z, y[i]!, wanted(k), null));
      for (let j = 0; j < width; j++) {
        const own = x[i * width + j]!;
        points[k * width + j] = own + beta * (points[k * width + j]! - own);
      }
    }
    live = live.filter((k) => !(nearest[rows[k]!]! <= enough));
    task.onProgress?.((step + 1) / (steps + 1));
  }
  const lines = [...ends.values()].filter(({ i }) => !(nearest[i]! <= enough));
  // one lead is as good as another: the search is over after it
  await searchLines(target, task, lines, search, (i, point) => keep(i, point, 0));

  function stepTowards({ w, c }: Plane, here: Row, origin: Row): void {
    let cOfOrigin = c;
    for (let j = 0; j < width; j++) cOfOrigin += w[j]! * (here.values[here.at + j]! - origin.values[origin.at + j]!);
    const d1 = toHyperplane(norm, w, c, here, space);
    const d2 = toHyperplane(norm, w, cOfOrigin, origin, space);
    const [size1, size2] = [Math.max(sizeOfMove(norm, d1), 1e-8), Math.max(sizeOfMove(norm, d2), 1e-8)];
    const a = Math.min(size1 / (size1 + size2), alpha);
    for (let j = 0; j < width; j++) {
      const [on, near] = [here.values[here.at + j]! + eta * d1[j]!, origin.values[origin.at + j]! + eta * d2[j]!];
      here.values[here.at + j] = (1 - a) * on + a * near;
    }
  }
}

/** Where two classes have the same logit in the linear model: w . d = c. */
interface Plane {
  readonly w: Float64Array;
  c: number;
}

/** Classes that a boundary parts: the one to reach, and the one to leave. */
type Pair = readonly [up: number, down: number];

function pairsOf(z: Float64Array, y: number, aim: number | null, wanted: number | null): Pair[] {
  if (wanted !== null) return [[wanted, largestBut(z, wanted)]];
  if (aim !== null) return [[aim, y]];
  return Array.from(z.keys())
    .filter((c) => c !== y)
    .map((c) => [c, y]);
}

/** Of the boundaries of each row's pairs the nearest. Rows have equally many pairs. */
function nearestPlanes(
  norm: HyperplaneNorm,
  logits: Float64Array,
  back: (cotangent: Float64Array) => Float32Array,
  pairs: readonly (readonly Pair[])[],
  fixed: Uint8Array,
  classes: number,
): Plane[] {
  const width = fixed.length;
  const planes = pairs.map((): Plane => ({ w: new Float64Array(width), c: 0 }));
  const offs = new Float64Array(pairs.length).fill(Infinity);
  const w = new Float64Array(width);
  for (let q = 0; q < pairs[0]!.length; q++) {
    const cotangent = new Float64Array(logits.length);
    for (const [a, own] of pairs.entries()) {
      const [up, down] = own[q]!;
      cotangent[a * classes + up] = 1;
      cotangent[a * classes + down] = -1;
    }
    const gradients = back(cotangent);
    for (const [a, own] of pairs.entries()) {
      const [up, down] = own[q]!;
      const c = logits[a * classes + down]! - logits[a * classes + up]!;
      usable(gradients, a * width, fixed, w, 0);
      const off = Math.abs(c) / (1e-12 + dualSize(norm, w));
      if (!(off < offs[a]!)) continue;
      offs[a] = off;
      planes[a]!.w.set(w);
      planes[a]!.c = c;
    }
  }
  return planes;
}
