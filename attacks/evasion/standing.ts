/**
 * Which rows an attack has still to fool, and the best of each so far: a row that fools beats all that do not, among those the one
 * whose margin is highest. Attacks that run one after another share it, so that each gets what the ones before left standing.
 */
import type { EvasionTask } from './define-evasion.ts';
import { largestBut, losses } from './losses.ts';
import { settle } from './space.ts';

export interface Standing {
  /** rows of the task that nothing has fooled yet, ascending */
  open(): Int32Array;
  /** Judges a point by its logits, and keeps it where it is the best of its row. Returns whether it fools. */
  offer(i: number, logits: Float64Array, points: Float32Array, at: number): boolean;
  /** Keeps a point that is known to fool, inside the ball. */
  take(i: number, points: Float32Array, at: number): void;
}

export function openStanding({ y, targets, space, best }: EvasionTask): Standing {
  const { width } = space;
  const fooled = new Uint8Array(y.length);
  const nearest = new Float64Array(y.length).fill(-Infinity);
  const keep = (i: number, points: Float32Array, at: number) => best.set(points.subarray(at, at + width), i * width);
  return {
    open: () => Int32Array.from(fooled.keys()).filter((i) => !fooled[i]),
    offer(i, logits, points, at) {
      const goal = targets ? targets[i]! : null;
      const fools = isFooled(logits, y[i]!, goal);
      const margin = losses.margin.of(logits, y[i]!, goal, null);
      if (!fools && (fooled[i] || !(margin > nearest[i]!))) return false;
      nearest[i] = margin;
      if (fools) fooled[i] = 1;
      keep(i, points, at);
      return fools;
    },
    take(i, points, at) {
      fooled[i] = 1;
      keep(i, points, at);
    },
  };
}

/** Ties are decided as the target's labels decide them. */
export function isFooled(logits: Float64Array, y: number, goal: number | null): boolean {
  const said = largestBut(logits, -1);
  return goal === null ? said !== y : said === goal;
}

/**
 * Points as the target would get them, categories decided; the points themselves where there is nothing to decide.
 * @param rows of the task, whose points these are
 */
export function asPresented(
  { x, space, norm }: EvasionTask,
  ball: number,
  points: Float32Array,
  rows: Int32Array,
): Float32Array {
  if (!space.discrete.includes(1)) return points;
  const { width } = space;
  const out = points.slice();
  for (const [k, i] of rows.entries())
    settle(space, norm, ball, { values: out, at: k * width }, { values: x, at: i * width });
  return out;
}
