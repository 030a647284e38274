/**
 * Searches rows that the target is sure of, from random ones on, by changing fewer and fewer of their fields.
 *
 *   x <- random, y* <- 0, j <- 0, k <- k_max
 *   repeat iter_max times:
 *     y <- f(x)
 *     y_c >= y*:  where y_c > conf_min and c = argmax y, return x with probability y_c;  x* <- x, y* <- y_c, j <- 0
 *     otherwise:  j <- j + 1;  where j > rej_max, k <- max(k_min, ceil(k / 2)), j <- 0
 *     x <- x* with k random fields changed: binary ones flipped, others drawn anew
 *
 * Shokri et al. 2017, Algorithm 1. Searches know nothing of one another, so many are under way side by side and one question holds a row
 * of each: what they find does not depend on how many they are.
 */
import { ConfigError, Pacer, type Rng } from '../../engine/index.ts';
import type { Target } from '../target/index.ts';
import { drawField, type Field, flipField, widthOf } from './fields.ts';

export interface ClimbOptions {
  readonly target: Target<'probabilities'>;
  readonly fields: readonly Field[];
  /** the class that each row shall have [n] */
  readonly y: ArrayLike<number>;
  /** fields changed in a step, at first and at last; at most all of them */
  readonly kMax: number;
  readonly kMin: number;
  /** steps rejected in a row after which k is halved */
  readonly rejMax: number;
  /** of the class, above which a row may be taken */
  readonly confMin: number;
  /** steps of a search */
  readonly iterMax: number;
  /** rows that may be asked about in all; default unlimited */
  readonly queryBudget?: number;
  /** searches under way at the same time; default 256 */
  readonly atOnce?: number;
  readonly rng: Rng;
  readonly signal?: AbortSignal | undefined;
  /** rows found so far */
  readonly onProgress?: ((found: number) => void) | undefined;
}

export interface Climbed {
  /** the row that was found, or the last one accepted; zeros where a search was not begun [n, numbers of a row] */
  readonly x: Float32Array<ArrayBuffer>;
  /** 1 where a row was found [n] */
  readonly found: Uint8Array;
  /** the target's confidence in the class of that row [n] */
  readonly confidence: Float64Array;
  /** questions that each search took [n] */
  readonly iterations: Int32Array;
  readonly queries: number;
  readonly stopped: 'budget' | null;
}

/** One search. */
interface Climber {
  readonly row: number;
  readonly wanted: number;
  readonly rng: Rng;
  /** of the fields, as far as it is shuffled */
  readonly order: Int32Array;
  readonly proposal: Float32Array;
  /** x*, y* */
  readonly best: Float32Array;
  confidence: number;
  k: number;
  rejected: number;
  asked: number;
}

/** @throws ConfigError for settings with which no search can end well; the signal's reason */
export async function climb(o: ClimbOptions): Promise<Climbed> {
  const { target, fields, y, iterMax, queryBudget = Number.POSITIVE_INFINITY, atOnce = 256, signal } = o;
  checkOptions(o);
  const n = y.length;
  const width = widthOf(fields);
  const { classes } = target;
  const x = new Float32Array(n * width);
  const found = new Uint8Array(n);
  const confidence = new Float64Array(n);
  const iterations = new Int32Array(n);
  const pacer = new Pacer(signal);
  let [next, queries, taken] = [0, 0, 0];
  let stopped: 'budget' | null = null;
  let open: Climber[] = [];
  const keep = (c: Climber) => {
    x.set(c.best, c.row * width);
    confidence[c.row] = c.confidence;
    iterations[c.row] = c.asked;
  };
  for (;;) {
    while (open.length < atOnce && next < n) open.push(begin(o, next++, width));
    if (open.length === 0) break;
    const asked = open.slice(0, Math.max(0, queryBudget - queries));
    if (asked.length === 0) {
      stopped = 'budget';
      for (const climber of open) keep(climber);
      break;
    }
    // a new array for each question: a target that remembers arrays must not take it for the last one
    const question = new Float32Array(asked.length * width);
    for (const [i, { proposal }] of asked.entries()) question.set(proposal, i * width);
    const answer = await target.probabilities(question);
    queries += asked.length;
    const over = new Set<Climber>();
    for (const [i, climber] of asked.entries()) {
      const isTaken = judge(o, climber, answer.subarray(i * classes, (i + 1) * classes));
      if (!isTaken && climber.asked < iterMax) {
        propose(o, climber);
        continue;
      }
      if (isTaken) {
        found[climber.row] = 1;
        taken++;
      }
      keep(climber);
      over.add(climber);
    }
    if (over.size > 0) open = open.filter((climber) => !over.has(climber));
    o.onProgress?.(taken);
    await pacer.breathe();
  }
  return { x, found, confidence, iterations, queries, stopped };
}

function begin({ fields, y, kMax, rng }: ClimbOptions, row: number, width: number): Climber {
  const own = rng.split(`record ${row}`);
  const proposal = new Float32Array(width);
  for (const field of fields) drawField(field, proposal, 0, own);
  return {
    row,
    wanted: y[row]!,
    rng: own,
    order: Int32Array.from(fields.keys()),
    proposal,
    best: new Float32Array(width),
    confidence: 0,
    k: Math.min(kMax, fields.length),
    rejected: 0,
    asked: 0,
  };
}

/** Accepts or rejects what was proposed; true: it is the row to return. */
function judge({ confMin, rejMax, kMin }: ClimbOptions, climber: Climber, p: Float64Array): boolean {
  climber.asked++;
  const own = p[climber.wanted]!;
  if (own >= climber.confidence) {
    climber.best.set(climber.proposal);
    climber.confidence = own;
    climber.rejected = 0;
    return own > confMin && p.indexOf(Math.max(...p)) === climber.wanted && climber.rng.uniform() < own;
  }
  climber.rejected++;
  if (climber.rejected > rejMax) {
    climber.k = Math.max(Math.min(kMin, climber.order.length), Math.ceil(climber.k / 2));
    climber.rejected = 0;
  }
  return false;
}

/** Changes k different fields of the last row accepted. */
function propose({ fields }: ClimbOptions, { order, rng, proposal, best, k }: Climber): void {
  proposal.set(best);
  for (let i = 0; i < k; i++) {
    const j = i + rng.below(order.length - i);
    const chosen = order[j]!;
    order[j] = order[i]!;
    order[i] = chosen;
    const field = fields[chosen]!;
    if (field.kind === 'binary') flipField(field, proposal, 0, rng);
    else drawField(field, proposal, 0, rng);
  }
}

function checkOptions(o: ClimbOptions): void {
  const { target, fields, y } = o;
  const width = target.inputShape.reduce((a, b) => a * b, 1);
  if (widthOf(fields) !== width)
    throw new ConfigError(
      `hill-climbing: expected fields of the ${width} numbers that the target takes, got ${widthOf(fields)}. Take them from the target's data: fieldsOf(dataset).`,
      'fields',
    );
  checkClimb(o);
  for (let i = 0; i < y.length; i++) {
    if (Number.isInteger(y[i]!) && y[i]! >= 0 && y[i]! < target.classes) continue;
    throw new ConfigError(`hill-climbing: y: expected classes below ${target.classes}, got ${y[i]} at ${i}.`, 'y');
  }
}

/** @throws ConfigError for settings with which no search can end well, whatever the target */
export function checkClimb(o: Pick<ClimbOptions, 'kMax' | 'kMin' | 'rejMax' | 'confMin' | 'iterMax' | 'atOnce'>): void {
  const { kMax, kMin, rejMax, confMin, iterMax, atOnce = 1 } = o;
  for (const [name, value, least] of [
    ['kMin', kMin, 1],
    ['kMax', kMax, kMin],
    ['rejMax', rejMax, 0],
    ['iterMax', iterMax, 1],
    ['atOnce', atOnce, 1],
  ] as const) {
    if (Number.isInteger(value) && value >= least) continue;
    const reason = name === 'kMax' ? `a whole number >= kMin, ${kMin}` : `a whole number >= ${least}`;
    throw new ConfigError(`hill-climbing: ${name}: expected ${reason}, got ${value}.`, name);
  }
  if (confMin >= 0 && confMin < 1) return;
  throw new ConfigError(
    `hill-climbing: confMin: expected a probability below 1, got ${confMin}: no model is surer. Take 0.2.`,
    'confMin',
  );
}
