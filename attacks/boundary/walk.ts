/**
 * How far a row is from the nearest point of another class, from labels alone: a walk along the decision boundary in L2.
 *
 *   g = mean over b of (phi_b - mean phi) u_b,   phi_b = +1 where x_t + delta u_b has another class, else -1
 *   x' = x_t + xi g / |g|, xi = |x_t - x| / sqrt(t), halved until x' has another class; x_{t+1} on the line from x to x',
 *   found by bisection. delta = |x_t - x| / d, B_t = B_0 sqrt(t) directions u_b of length 1.
 *
 * All rows take each step together, so that one call asks about many points; they share the directions, whose drawing
 * would cost more than a small model's answers.
 *
 * Source: Chen, Jordan & Wainwright 2020, HopSkipJumpAttack (S&P), algorithms 1 and 2; used for membership by
 * Choquette-Choo et al. 2021 and Li & Zhang 2021. Started at a row of another class instead of blended noise.
 */
import { ConfigError, Pacer, type Rng } from '../../engine/index.ts';
import type { Samples } from '../target/index.ts';
import { askLabels, type LabelQuestions } from './ask.ts';

export interface WalkOptions extends LabelQuestions {
  /** where to walk from [n, width], and the class to leave [n] */
  readonly x: Samples;
  readonly y: Int32Array;
  /** rows to start at, wherever one is of another class [m, width] */
  readonly starts: Samples;
  /** questions about each row at most, besides one for each start */
  readonly queries: number;
  /** directions of the first step; default four for each dimension, at most the paper's 100 */
  readonly directions?: number;
  /** what the coordinates of a valid input lie between; default unbounded */
  readonly bounds?: readonly [low: number, high: number];
  readonly rng: Rng;
}

export interface Walk {
  /** to the nearest point found of another class [n]; 0 for a row that is of another class itself, Infinity where no start is */
  readonly distances: Float64Array;
  /** those points [n, width]; the rows themselves at distances 0 and Infinity */
  readonly nearest: Float32Array;
  /** questions about each row [n] */
  readonly queries: Int32Array;
}

/** Halvings of a step that leads back; the boundary is flatter than that hardly ever. */
const MOST_HALVINGS = 12;

/** @throws ConfigError for fewer queries than the way to a boundary takes; the signal's reason, and whatever the target throws */
export async function boundaryWalk(o: WalkOptions): Promise<Walk> {
  const { x, y, width, rng, directions = Math.min(100, 4 * width) } = o;
  const least = 1 + bisections(width);
  if (!(o.queries >= least)) {
    throw new ConfigError(
      `boundary walk: expected at least ${least} queries for each row, got ${o.queries}.`,
      'queries',
    );
  }
  const pacer = new Pacer(o.signal);
  const n = y.length;
  const [low, high] = o.bounds ?? [-Infinity, Infinity];
  const nearest = Float32Array.from(x);
  const distances = new Float64Array(n);
  const queries = new Int32Array(n);
  /** which of the points made by `write` for rows have another class than theirs */
  const crosses = async (rows: Int32Array, write: (k: number, into: Float32Array, at: number) => void) => {
    const labels = await askLabels(o, rows.length, write);
    for (const row of rows) queries[row]!++;
    return labels.map((label, k) => (label === y[rows[k]!] ? 0 : 1));
  };

  const every = Int32Array.from({ length: n }, (_, i) => i);
  const wrong = await crosses(every, (k, into, at) => into.set(x.subarray(k * width, (k + 1) * width), at));
  let active = every.filter((i) => !wrong[i]);
  await startAt(o, active, nearest, distances);
  active = active.filter((i) => distances[i]! < Infinity);

  /** moves each point towards its row, as far as the class stays another */
  const bisect = async (rows: Int32Array, points: Float32Array) => {
    const near = new Float64Array(rows.length);
    const far = new Float64Array(rows.length).fill(1);
    for (let step = 0; step < bisections(width); step++) {
      const found = await crosses(rows, (k, into, at) => {
        const share = (near[k]! + far[k]!) / 2;
        for (let j = 0; j < width; j++) {
          const own = x[rows[k]! * width + j]!;
          into[at + j] = own + share * (points[k * width + j]! - own);
        }
      });
      for (const [k, other] of found.entries()) (other ? far : near)[k] = (near[k]! + far[k]!) / 2;
    }
    for (const [k, row] of rows.entries()) {
      let squares = 0;
      for (let j = 0; j < width; j++) {
        const own = x[row * width + j]!;
        const at = k * width + j;
        points[at] = own + far[k]! * (points[at]! - own);
        squares += (points[at]! - own) ** 2;
      }
      const distance = Math.sqrt(squares);
      if (!(distance < distances[row]!)) continue;
      distances[row] = distance;
      nearest.set(points.subarray(k * width, (k + 1) * width), row * width);
      await pacer.breathe();
    }
  };
  await bisect(active, rowsOf(nearest, active, width));

  for (let t = 1; ; t++) {
    // what the bisection and the step itself will ask is kept back
    const reserve = bisections(width) + 4;
    const spent = Math.max(0, ...active.map((i) => queries[i]!));
    const count = Math.min(Math.round(directions * Math.sqrt(t)), o.queries - spent - reserve);
    if (count < Math.min(directions, 10) || active.length === 0) return { distances, nearest, queries };
    const units = await unitVectors(rng.split(`step ${t}`), count, width, pacer);
    const asked = Int32Array.from({ length: active.length * count }, (_, at) => active[Math.floor(at / count)]!);
    const point = (row: number, by: number, direction: Float32Array, from: number, into: Float32Array, at: number) => {
      for (let j = 0; j < width; j++) {
        const value = nearest[row * width + j]! + by * direction[from + j]!;
        into[at + j] = Math.max(low, Math.min(high, value));
      }
    };
    const phi = await crosses(asked, (at, into, place) => {
      const row = asked[at]!;
      point(row, distances[row]! / width, units, (at % count) * width, into, place);
    });
    const gradient = new Float32Array(active.length * width);
    for (const k of active.keys()) {
      const own = phi.subarray(k * count, (k + 1) * count);
      estimate(own, units, gradient.subarray(k * width, (k + 1) * width));
      await pacer.breathe();
    }
    // the step, halved where it leads back
    const step = Float64Array.from(active, (row) => distances[row]! / Math.sqrt(t));
    const moved = rowsOf(nearest, active, width);
    let open = Int32Array.from(active.keys());
    for (let halving = 0; halving < MOST_HALVINGS && open.length > 0; halving++) {
      open = open.filter((k) => queries[active[k]!]! < o.queries - bisections(width));
      const write = (k: number, into: Float32Array, at: number) =>
        point(active[open[k]!]!, step[open[k]!]!, gradient, open[k]! * width, into, at);
      const found = await crosses(
        open.map((k) => active[k]!),
        write,
      );
      for (const [k, other] of found.entries()) {
        if (other) write(k, moved, open[k]! * width);
        else step[open[k]!]! /= 2;
      }
      open = open.filter((_, k) => !found[k]);
    }
    await bisect(active, moved);
  }
}

/** Until the interval is 1 / d^1.5 of the line, as in the paper's appendix, or less. */
function bisections(width: number): number {
  let count = 1;
  for (let fourths = 1; fourths < width * width * width; fourths *= 4) count++;
  return count;
}

/** The start of another class that is nearest to each row. */
async function startAt(
  o: WalkOptions,
  rows: Int32Array,
  nearest: Float32Array,
  distances: Float64Array,
): Promise<void> {
  const { x, y, width, starts } = o;
  const pacer = new Pacer(o.signal);
  const m = starts.length / width;
  const copy = (k: number, into: Float32Array, at: number) => into.set(starts.subarray(k * width, (k + 1) * width), at);
  const classes = await askLabels(o, m, copy);
  for (const row of rows) {
    let [best, least] = [-1, Infinity];
    for (let k = 0; k < m; k++) {
      if (classes[k] === y[row]) continue;
      let squares = 0;
      for (let j = 0; j < width; j++) squares += (starts[k * width + j]! - x[row * width + j]!) ** 2;
      if (squares < least) [best, least] = [k, squares];
    }
    distances[row] = Math.sqrt(least);
    if (best >= 0) copy(best, nearest, row * width);
    await pacer.breathe();
  }
}

/** Directions drawn from the sphere [count, width]. */
async function unitVectors(rng: Rng, count: number, width: number, pacer: Pacer): Promise<Float32Array> {
  const units = new Float32Array(count * width);
  for (let from = 0; from < units.length; from += width) {
    let squares = 0;
    for (let j = from; j < from + width; j++) {
      units[j] = rng.normal();
      squares += units[j]! * units[j]!;
    }
    const length = Math.sqrt(squares) || 1;
    for (let j = from; j < from + width; j++) units[j]! /= length;
    await pacer.breathe();
  }
  return units;
}

/** The direction of the gradient at the boundary, of length 1, from which of the points around have another class. */
function estimate(crossed: Int32Array, units: Float32Array, out: Float32Array): void {
  const width = out.length;
  let mean = 0;
  for (const one of crossed) mean += (2 * one - 1) / crossed.length;
  // all on one side: the mean would leave nothing
  const baseline = mean === 1 || mean === -1 ? 0 : mean;
  for (const [b, one] of crossed.entries()) {
    const weight = 2 * one - 1 - baseline;
    for (let j = 0; j < width; j++) out[j]! += weight * units[b * width + j]!;
  }
  let squares = 0;
  for (const v of out) squares += v * v;
  const length = Math.sqrt(squares) || 1;
  for (let j = 0; j < width; j++) out[j]! /= length;
}

function rowsOf(points: Float32Array, rows: Int32Array, width: number): Float32Array {
  const out = new Float32Array(rows.length * width);
  for (const [k, row] of rows.entries()) out.set(points.subarray(row * width, (row + 1) * width), k * width);
  return out;
}
