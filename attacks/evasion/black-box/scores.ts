/** What score-based attacks read: probabilities as logits, which they are but for a constant that no loss sees. */
import { log } from '../../../engine/math/index.ts';
import { askInParts, type Questions } from '../../boundary/index.ts';
import type { ProbabilityTarget } from '../../target/index.ts';
import type { AttackLoss } from '../losses.ts';
import { isFooled } from '../standing.ts';

/** The least f32 above zero: probabilities of models in f32 go to zero there. */
const FLOOR = 1.4e-45;

/** Logits but for a constant, of probabilities of any shape. */
export const asLogits = (p: Float64Array): Float64Array => p.map((value) => log(Math.max(FLOOR, value)));

export interface ScoreQuestions extends Questions {
  readonly target: ProbabilityTarget;
  readonly loss: AttackLoss;
  readonly y: Int32Array;
  readonly targets: Int32Array | null;
}

export interface Scores {
  /** higher is closer to success [count] */
  readonly losses: Float64Array;
  /** 1: the target errs, or says the wanted class [count] */
  readonly won: Uint8Array;
}

/** @param rowOf the row that point k belongs to @param write puts point k at `at` of the array */
export async function askScores(
  { target, loss, y, targets, ...questions }: ScoreQuestions,
  count: number,
  rowOf: (k: number) => number,
  write: (k: number, into: Float32Array, at: number) => void,
): Promise<Scores> {
  const losses = new Float64Array(count);
  const won = new Uint8Array(count);
  const { classes } = target;
  await askInParts(questions, count, write, async (points, from) => {
    const logits = asLogits(await target.probabilities(points));
    for (let k = from; k < from + logits.length / classes; k++) {
      const z = logits.subarray((k - from) * classes, (k - from + 1) * classes);
      const i = rowOf(k);
      const goal = targets ? targets[i]! : null;
      losses[k] = loss.of(z, y[i]!, goal, null);
      won[k] = isFooled(z, y[i]!, goal) ? 1 : 0;
    }
  });
  return { losses, won };
}
