/**
 * The last steps of a search for the nearest: between a row (t = 0) and a point that fools (t = 1) the lead of the wrong class is taken as
 * linear, the model is asked a little beyond where that is zero, and the part of the line is kept in which it changes its mind.
 *
 * Source: Croce & Hein 2020 (ICML), Minimally distorted adversarial examples with a fast adaptive boundary attack, section 2.4, final search.
 */
import type { LogitTarget } from '../../target/index.ts';
import type { EvasionTask } from '../define-evasion.ts';
import { losses } from '../losses.ts';
import type { Row } from '../norms.ts';
import { asPresented, isFooled } from '../standing.ts';

/** A point that fools, and by how much there. */
export interface LineEnd {
  readonly i: number;
  readonly point: Float32Array;
  readonly lead: number;
}

/** at the zero itself neither class leads */
const BEYOND = 0.1;

/** @param found gets points that fool */
export async function searchLines(
  target: LogitTarget,
  task: EvasionTask,
  ends: readonly LineEnd[],
  steps: number,
  found: (i: number, point: Row) => void,
): Promise<void> {
  if (ends.length === 0 || steps === 0) return;
  const { x, y, targets, space } = task;
  const { width } = space;
  const { classes } = target;
  const rows = Int32Array.from(ends, ({ i }) => i);
  const ask = async (t: Float64Array) => {
    const between = new Float32Array(ends.length * width);
    for (const [k, { i, point }] of ends.entries()) {
      for (let j = 0; j < width; j++) {
        const own = x[i * width + j]!;
        between[k * width + j] = own + t[k]! * (point[j]! - own);
      }
    }
    const shown = asPresented(task, Infinity, between, rows);
    const logits = await target.logits(shown);
    const answers = Array.from(rows, (i, k) => {
      const [z, goal] = [logits.subarray(k * classes, (k + 1) * classes), targets ? targets[i]! : null];
      return { fools: isFooled(z, y[i]!, goal), lead: losses.margin.of(z, y[i]!, goal, null) };
    });
    return { shown, answers };
  };
  const low = new Float64Array(ends.length);
  const high = new Float64Array(ends.length).fill(1);
  const below = Float64Array.from((await ask(low)).answers, ({ lead }) => lead);
  const above = Float64Array.from(ends, ({ lead }) => lead);
  for (let step = 0; step < steps; step++) {
    const t = low.map((from, k) => {
      const zero = from + ((high[k]! - from) * below[k]!) / Math.min(-1e-12, below[k]! - above[k]!);
      return zero + BEYOND * (high[k]! - zero);
    });
    const { shown, answers } = await ask(t);
    for (const [k, { fools, lead }] of answers.entries()) {
      if (fools) found(rows[k]!, { values: shown, at: k * width });
      (fools ? high : low)[k] = t[k]!;
      (fools ? above : below)[k] = lead;
    }
  }
}
