/**
 * The Jacobian saliency map attack: the two numbers that help the wanted class t most and the others least are moved, again and
 * again. With d_j the move that number j has left (theta of its range, up by default) and F the logits or the probabilities:
 *
 *   a_j = d_j dF_t/dx_j,   b_j = d_j sum_{k != t} dF_k/dx_j
 *   (p, q) = argmax -(a_p + a_q)(b_p + b_q)  with  a_p + a_q > 0 > b_p + b_q
 *
 * One forward pass and two maps back are an iteration of all rows. The search over pairs is exact without looking at them all: a
 * number of the best pair is beaten in both a and -b by at most one other (`twoFronts`).
 *
 * One-hot groups move whole: to one of the categories that are off, once; numbers of two values take the other one, once. Without
 * targets the runner-up classes of the row are tried in turn, and the fewest changes kept; whatever wrong class is reached counts.
 *
 * Source: Papernot et al. 2016 (EuroS&P), algorithms 2 and 3, theta = 1 and at most 14.5 % of the numbers; logits: Carlini & Wagner
 * 2017 (S&P), section VIII-A: with probabilities defensive distillation leaves nothing to follow.
 */
import { exp } from '../../../engine/math/index.ts';
import type { GradientTarget } from '../../target/index.ts';
import { defineEvasionAttack, type EvasionTask } from '../define-evasion.ts';
import { largestBut, mostLikely } from '../losses.ts';
import { distance } from '../norms.ts';
import { gather } from '../rows.ts';
import type { InputSpace } from '../space.ts';
import { isFooled } from '../standing.ts';

interface Settings {
  readonly theta: number;
  readonly gamma: number;
  readonly tries: number;
  readonly decrease: number;
  readonly probabilities: number;
}

export const jsma = defineEvasionAttack({
  name: 'jsma',
  title: 'Jacobian saliency map attack',
  paper:
    'Papernot, McDaniel, Jha, Fredrikson, Celik, Swami 2016, The Limitations of Deep Learning in Adversarial Settings, IEEE EuroS&P, algorithms 2 and 3',
  threat: { access: 'gradients', knowledge: ['architecture'], goal: 'evasion' },
  options: {
    theta: { about: 'how far a number moves, as a share of its range', default: 1, min: 0.001, max: 1 },
    gamma: { about: 'numbers that may change, as a share of all', default: 0.145, min: 0, max: 1 },
    tries: {
      about: 'most likely wrong classes that are tried, where none is wanted',
      kind: 'whole',
      default: 3,
      min: 1,
      max: 10_000,
    },
    decrease: { about: 'moves numbers down instead of up: 1 or 0', kind: 'switch', default: 0, min: 0, max: 1 },
    probabilities: {
      about: 'follows probabilities instead of logits, as published: 1 or 0',
      kind: 'switch',
      default: 0,
      min: 0,
      max: 1,
    },
  },
  norms: ['l0'],
  seeks: 'nearest',
  targeted: true,
  family: 'iterative',
  canary: { norm: 'l0', epsilon: 8, below: 0.2 },
  async run({ target, options, ...task }) {
    const { x, y, targets } = task;
    const { classes } = target;
    const tries = targets ? 1 : Math.min(options.tries, classes - 1);
    const logits = targets ? null : await target.logits(x);
    const fewest = new Float64Array(y.length).fill(Infinity);
    for (let attempt = 0; attempt < tries; attempt++) {
      const goals = y.map((label, i) => {
        if (!logits) return targets![i]!;
        return mostLikely(logits.subarray(i * classes, (i + 1) * classes), label, tries)[attempt]!;
      });
      const progress = (done: number) => task.onProgress?.((attempt + done) / tries);
      await climb(target, task, { goals, fewest, settings: options, progress });
    }
  },
});

interface Attempt {
  /** classes to climb to [n] */
  readonly goals: Int32Array;
  /** numbers changed in the best row found so far [n]; updated */
  readonly fewest: Float64Array;
  readonly settings: Settings;
  readonly progress: (done: number) => void;
}

async function climb(target: GradientTarget, task: EvasionTask, attempt: Attempt): Promise<void> {
  const { x, y, targets, best, space, signal } = task;
  const { goals, fewest, settings } = attempt;
  const { width } = space;
  const { classes } = target;
  const points = x.slice();
  let rows = Int32Array.from(y.keys());
  while (rows.length > 0) {
    signal?.throwIfAborted();
    const open = rows;
    const moved = new Uint8Array(open.length);
    await target.inputGradients(gather(points, open, width), (logits, back, from) => {
      const count = logits.length / classes;
      const wanted = new Float64Array(logits.length);
      const others = new Float64Array(logits.length);
      const won = new Uint8Array(count);
      for (let k = 0; k < count; k++) {
        const i = open[from + k]!;
        const z = logits.subarray(k * classes, (k + 1) * classes);
        won[k] = isFooled(z, y[i]!, targets ? goals[i]! : null) ? 1 : 0;
        if (won[k]) {
          const row = points.subarray(i * width, (i + 1) * width);
          fewest[i] = changesOf(row, x.subarray(i * width, (i + 1) * width));
          best.set(row, i * width);
        } else if (settings.probabilities === 1) {
          wanted.set(softmaxRow(z, goals[i]!), k * classes);
        } else {
          others.fill(1, k * classes, (k + 1) * classes);
          others[k * classes + goals[i]!] = 0;
          wanted[k * classes + goals[i]!] = 1;
        }
      }
      if (!won.includes(0)) return;
      const rise = back(wanted);
      // probabilities add up to 1: what one gains the others lose
      const spread = settings.probabilities === 1 ? rise.map((value) => -value) : back(others);
      for (let k = 0; k < count; k++) {
        const i = open[from + k]!;
        if (won[k]) continue;
        const cut = (of: Float32Array, at: number) => of.subarray(at * width, (at + 1) * width);
        const row = cut(points, i);
        const choice = bestPair(movesOf(space, row, cut(x, i), cut(rise, k), cut(spread, k), settings));
        if (!choice) continue;
        for (const { at, to } of choice) for (const [j, place] of at.entries()) row[place] = to[j]!;
        // as many changes as another class took already are no better
        moved[from + k] = changesOf(row, cut(x, i)) < fewest[i]! ? 1 : 0;
      }
    });
    rows = open.filter((_, k) => moved[k]);
    attempt.progress(1 - rows.length / y.length);
  }
}

const changesOf = (a: Float32Array, b: Float32Array) =>
  distance('l0', { values: a, at: 0 }, { values: b, at: 0 }, a.length);

/** Derivative of the probability of class t by each logit: p_t (1[k = t] - p_k). */
function softmaxRow(z: Float64Array, t: number): Float64Array {
  const most = z[largestBut(z, -1)]!;
  const e = z.map((value) => exp(value - most));
  const sum = e.reduce((total, value) => total + value, 0);
  return e.map((value, k) => (e[t]! / sum) * ((k === t ? 1 : 0) - value / sum));
}

/** Numbers that move together, and what that is worth. */
interface Move {
  readonly at: readonly number[];
  /** their values afterwards */
  readonly to: readonly number[];
  /** for the wanted class, and against the others: a and -b */
  readonly gain: number;
  readonly harm: number;
}

/** What may still move: half of the numbers that are left to change for each of a pair. */
function movesOf(
  { width, low, high, fixed, discrete, groups }: InputSpace,
  row: Float32Array,
  origin: Float32Array,
  rise: Float32Array,
  spread: Float32Array,
  { theta, gamma, decrease }: Settings,
): Move[] {
  const room = Math.floor((Math.floor(gamma * width) - changesOf(row, origin)) / 2);
  const moves: Move[] = [];
  const moveOf = (at: readonly number[], to: readonly number[]): Move => {
    let [gain, harm] = [0, 0];
    for (const [k, j] of at.entries()) {
      gain += (to[k]! - row[j]!) * rise[j]!;
      harm -= (to[k]! - row[j]!) * spread[j]!;
    }
    return { at, to, gain, harm };
  };
  const grouped = new Uint8Array(width);
  for (const { at: first, width: size } of groups) {
    const places = Array.from({ length: size }, (_, k) => first + k);
    grouped.fill(1, first, first + size);
    if (fixed[first] || room < 2 || places.some((j) => row[j] !== origin[j])) continue;
    const switches = places
      .filter((on) => row[on] !== high[on])
      .map((on) =>
        moveOf(
          places,
          places.map((j) => (j === on ? high : low)[j]!),
        ),
      );
    // a group moves once: its category that is worth most stands for it
    const most = switches.sort((p, q) => q.gain + q.harm - p.gain - p.harm)[0];
    if (most) moves.push(most);
  }
  for (let j = 0; j < width; j++) {
    const isNew = row[j] === origin[j];
    if (fixed[j] || grouped[j] || (isNew ? room < 1 : discrete[j])) continue;
    const range = high[j]! - low[j]!;
    const by = (decrease === 1 ? -theta : theta) * range;
    const to = discrete[j]
      ? row[j]! * 2 >= low[j]! + high[j]!
        ? low[j]!
        : high[j]!
      : Math.fround(Math.min(high[j]!, Math.max(low[j]!, row[j]! + by)));
    if (to !== row[j]) moves.push(moveOf([j], [to]));
  }
  return moves.filter(({ gain, harm }) => Number.isFinite(gain) && Number.isFinite(harm));
}

/** The pair of the largest product of sums, both above 0; null where there is none. */
export function bestPair(moves: readonly Move[]): readonly [Move, Move] | null {
  const front = twoFronts(moves);
  let best: readonly [Move, Move] | null = null;
  let most = 0;
  for (const [k, p] of front.entries()) {
    for (let m = k + 1; m < front.length; m++) {
      const q = front[m]!;
      const [gain, harm] = [p.gain + q.gain, p.harm + q.harm];
      if (!(gain > 0 && harm > 0 && gain * harm > most)) continue;
      most = gain * harm;
      best = [p, q];
    }
  }
  return best;
}

/** The moves to which at most one other is no worse in both respects: either of a pair could be exchanged for such another one. */
export function twoFronts<M extends Pick<Move, 'gain' | 'harm'>>(moves: readonly M[]): M[] {
  const order = [...moves].sort((p, q) => q.gain - p.gain || q.harm - p.harm);
  let [first, second] = [-Infinity, -Infinity];
  return order.filter(({ harm }) => {
    const stays = harm > second;
    if (harm > first) [first, second] = [harm, first];
    else if (stays) second = harm;
    return stays;
  });
}
