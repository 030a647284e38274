/**
 * MemGuard, phase I: for each prediction the smallest change that leaves the surrogate undecided and the label alone.
 *
 * On logits e, from the model's own: minimise |h(softmax e)| + 10 relu(max_{j != l} e_j - e_l) + c3 |softmax e - s|_1 by steps of
 * 0.1 along the gradient's direction, until h changes its sign while l is still the largest; for c3 = 0.1, 1, 10, … 1e5 as long
 * as that is reached within 300 steps. The last success counts. h is the surrogate's log-odds, s the model's answer.
 *
 * Source: Jia, Salem, Backes, Zhang and Gong 2019, MemGuard (CCS), algorithm 1, with the constants of the authors' code.
 */
import { argmaxRows, softmaxRows } from '../../attacks/index.ts';
import { type Engine, ops, Pacer, type Tensor, valueAndGrad } from '../../engine/index.ts';
import { fallingOrder, type Surrogate } from './surrogate.ts';

const STEPS = 300;
const STEP = 0.1;
const LABEL_WEIGHT = 10;
const MOST_DISTANCE_WEIGHT = 1e5;
/** rows that go through the surrogate together */
const ROWS = 512;

export interface Representative {
  /** changed answers [n, classes]; the model's own where nothing better was found */
  readonly probabilities: Float64Array;
  /** the surrogate's log-odds of the model's answers and of the changed ones [n] */
  readonly before: Float64Array;
  readonly after: Float64Array;
}

/** @param logits row-major [n, classes] */
export async function representatives(
  engine: Engine,
  surrogate: Surrogate,
  logits: Float64Array,
  classes: number,
  signal: AbortSignal | undefined,
): Promise<Representative> {
  const n = logits.length / classes;
  const found = {
    probabilities: softmaxRows(logits, classes),
    before: new Float64Array(n),
    after: new Float64Array(n),
  };
  const labels = argmaxRows(logits, classes);
  const search: Search = { engine, surrogate, logits, labels, classes, found, pacer: new Pacer(signal) };
  for (let start = 0; start < n; start += ROWS) {
    const rows = Int32Array.from({ length: Math.min(ROWS, n - start) }, (_, i) => start + i);
    const { odds } = look(search, rows, pick(logits, rows, classes), 0);
    for (const [i, row] of rows.entries()) found.before[row] = found.after[row] = odds[i]!;
    let open: Int32Array = rows.filter((row) => Math.abs(found.before[row]!) > 4e-5); // |g - 1/2| of 1e-5: undecided as it is
    for (let weight = 0.1; open.length > 0 && weight <= MOST_DISTANCE_WEIGHT; weight *= 10)
      open = await descend(search, open, weight);
  }
  return found;
}

interface Search {
  readonly engine: Engine;
  readonly surrogate: Surrogate;
  readonly logits: Float64Array;
  readonly labels: Int32Array;
  readonly classes: number;
  readonly found: Representative;
  readonly pacer: Pacer;
}

/** Rows of a table, one after the other. */
function pick(table: Float64Array, rows: Int32Array, width: number): Float64Array {
  const out = new Float64Array(rows.length * width);
  for (const [i, row] of rows.entries()) out.set(table.subarray(row * width, (row + 1) * width), i * width);
  return out;
}

/** Follows one weight of the distance from the model's own logits; returns the rows that succeeded. */
async function descend(search: Search, rows: Int32Array, weight: number): Promise<Int32Array> {
  const { classes, found, labels } = search;
  const succeeded: number[] = [];
  let open = rows;
  let sample = pick(search.logits, open, classes);
  for (let step = 0; step < STEPS && open.length > 0; step++) {
    const { odds, gradient } = look(search, open, sample, weight);
    const guesses = argmaxRows(sample, classes);
    const answers = softmaxRows(sample, classes);
    const left: number[] = [];
    for (const [i, row] of open.entries()) {
      const at = i * classes;
      if (guesses[i] === labels[row] && odds[i]! * found.before[row]! <= 0) {
        found.probabilities.set(answers.subarray(at, at + classes), row * classes);
        found.after[row] = odds[i]!;
        succeeded.push(row);
        continue;
      }
      left.push(i);
      const slope = gradient.subarray(at, at + classes);
      const norm = Math.sqrt(slope.reduce((sum, g) => sum + g * g, 0));
      if (norm > 0) for (let c = 0; c < classes; c++) sample[at + c]! -= (STEP * slope[c]!) / norm;
    }
    if (left.length < open.length) {
      sample = pick(sample, Int32Array.from(left), classes);
      open = Int32Array.from(left, (i) => open[i]!);
    }
    await search.pacer.breathe();
  }
  return Int32Array.from(succeeded).sort();
}

/** The surrogate's log-odds of changed logits [m], and the gradient of what is minimised [m, classes]. */
function look(search: Search, rows: Int32Array, sample: Float64Array, weight: number) {
  const { engine, surrogate, classes, logits, labels } = search;
  const shape = [rows.length, classes];
  return engine.run('memguard', () => {
    const params = surrogate.params();
    // by the same softmax as p: at the start their difference is 0, and so is the slope of the distance
    const answers = ops.softmax(engine.tensor(Float32Array.from(pick(logits, rows, classes)), shape));
    const label = ops.oneHot(engine.tensor(Int32Array.from(rows, (row) => labels[row]!)), classes);
    const order = engine.tensor(fallingOrder(sample, classes));
    let odds: Float64Array = new Float64Array(0);
    const objective = (e: Tensor) => {
      const p = ops.softmax(e);
      const h = surrogate.odds(params, p, order);
      odds = Float64Array.from(h.view());
      const own = ops.sum(ops.mul(e, label), 1);
      const other = ops.max(ops.add(e, ops.scale(label, -1e8)), 1);
      const distance = ops.sum(ops.abs(ops.sub(p, answers)), 1);
      const kept = ops.relu(ops.sub(other, own));
      return ops.sum(ops.add(ops.add(ops.abs(h), ops.scale(kept, LABEL_WEIGHT)), ops.scale(distance, weight)));
    };
    const { grads } = valueAndGrad(objective, engine.tensor(Float32Array.from(sample), shape));
    return { odds, gradient: Float64Array.from((grads as Tensor).view()) };
  });
}
