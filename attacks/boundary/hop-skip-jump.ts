/**
 * A walk along a decision boundary towards a row, from labels alone, in L2 or L-inf:
 *
 *   g = mean over b of (phi_b - mean phi) u_b,   phi_b = +1 where x_t + delta u_b is across, else -1
 *   x' = x_t + xi v, v = g / |g| (L2) or sign g (L-inf), xi = |x_t - x| / sqrt(t), halved until x' is across; x_{t+1} by bisection on
 *   the line from x to x' (L2), or over balls around x onto which x' is projected (L-inf).
 *   delta = |x_t - x| / d, B_t = B_0 sqrt(t) directions u_b of length 1; bisections end at d^-3/2 (L2) or d^-2 (L-inf) of the way.
 *
 * All rows take each step together, so that one call asks about many points. They share the directions, whose drawing would cost
 * more than a small model's answers; what a row finds does not depend on which other rows there are.
 *
 * Source: Chen, Jordan & Wainwright 2020, HopSkipJumpAttack (S&P), algorithms 1 and 2; u_b after clipping as in the authors' code.
 */
import { Pacer, type Rng } from '../../engine/index.ts';
import { type AcrossQuestions, bisect, bisections, crosses, distanceTo } from './bisect.ts';

export interface BoundaryOptions extends AcrossQuestions {
  /** rows whose walk begins, each at a point that is across */
  readonly rows: Int32Array;
  /** those points [n, width]; gets nearer ones as they are found */
  readonly nearest: Float32Array;
  /** questions about each row at most, those that were asked before the walk too */
  readonly queries: number;
  /** directions of the first step */
  readonly directions: number;
  readonly rng: Rng;
  readonly onProgress?: ((done: number) => void) | undefined;
}

/** Halvings of a step that leads back; the boundary is flatter than that hardly ever. */
const MOST_HALVINGS = 12;

/** Distances of the nearest points found [n]; 0 for rows that no walk began for. @throws the signal's reason, and whatever the target throws */
export async function hopSkipJump(o: BoundaryOptions): Promise<Float64Array> {
  const { width, rng, norm, nearest, asked, directions, fit } = o;
  const pacer = new Pacer(o.signal);
  const distances = new Float64Array(asked.length);
  const halves = bisections(norm, width);
  /** moves points nearer, and keeps those that are nearer than any before */
  const approach = async (rows: Int32Array, points: Float32Array) => {
    await bisect(o, rows, points);
    for (const [k, row] of rows.entries()) {
      const distance = distanceTo(o, row, points, k * width);
      if (!(distance < distances[row]!)) continue;
      distances[row] = distance;
      nearest.set(points.subarray(k * width, (k + 1) * width), row * width);
      await pacer.breathe();
    }
  };
  for (const row of o.rows) distances[row] = distanceTo(o, row, nearest, row * width);
  let active = o.rows.filter((row) => asked[row]! + halves <= o.queries);
  await approach(active, rowsOf(nearest, active, width));

  for (let t = 1; ; t++) {
    // what the bisection and the step itself will ask is kept back
    const room = (row: number) => Math.min(Math.round(directions * Math.sqrt(t)), o.queries - asked[row]! - halves - 4);
    active = active.filter((row) => distances[row]! > 0 && room(row) >= Math.min(directions, 10));
    if (active.length === 0) return distances;
    const counts = Int32Array.from(active, room);
    const units = await unitVectors(rng.split(`step ${t}`), Math.max(...counts), width, pacer);
    const total = counts.reduce((sum, count) => sum + count, 0);
    const [rowOf, unitOf] = [new Int32Array(total), new Int32Array(total)];
    const starts = new Int32Array(active.length);
    for (let k = 0, at = 0; k < active.length; at += counts[k++]!) {
      starts[k] = at;
      for (let b = 0; b < counts[k]!; b++) [rowOf[at + b], unitOf[at + b]] = [active[k]!, b];
    }
    const point = (row: number, by: number, along: Float32Array, from: number, into: Float32Array, at: number) => {
      for (let j = 0; j < width; j++) into[at + j] = nearest[row * width + j]! + by * along[from + j]!;
      fit?.(into, at, row);
    };
    const probe = (row: number, unit: number, into: Float32Array, at: number) =>
      point(row, distances[row]! / width, units, unit * width, into, at);
    const phi = await crosses(o, rowOf, (at, into, place) => probe(rowOf[at]!, unitOf[at]!, into, place));
    const along = new Float32Array(active.length * width);
    const scratch = new Float32Array(width);
    for (const [k, row] of active.entries()) {
      const own = phi.subarray(starts[k]!, starts[k]! + counts[k]!);
      const out = along.subarray(k * width, (k + 1) * width);
      addWeighted(own, out, (b) => {
        if (!fit) return units.subarray(b * width, (b + 1) * width);
        probe(row, b, scratch, 0);
        for (let j = 0; j < width; j++) scratch[j]! -= nearest[row * width + j]!;
        return scratch;
      });
      toUnit(norm, out);
      await pacer.breathe();
    }
    // the step, halved where it leads back
    const step = Float64Array.from(active, (row) => distances[row]! / Math.sqrt(t));
    const moved = rowsOf(nearest, active, width);
    let open = Int32Array.from(active.keys());
    for (let halving = 0; halving < MOST_HALVINGS && open.length > 0; halving++) {
      open = open.filter((k) => asked[active[k]!]! < o.queries - halves);
      const write = (k: number, into: Float32Array, at: number) =>
        point(active[open[k]!]!, step[open[k]!]!, along, open[k]! * width, into, at);
      const found = await crosses(
        o,
        open.map((k) => active[k]!),
        write,
      );
      for (const [k, other] of found.entries()) {
        if (other) write(k, moved, open[k]! * width);
        else step[open[k]!]! /= 2;
      }
      open = open.filter((_, k) => !found[k]);
    }
    await approach(active, moved);
    const spent = active.reduce((sum, row) => sum + asked[row]!, 0) / active.length;
    o.onProgress?.(Math.min(1, spent / o.queries));
  }
}

/** Directions drawn from the sphere [count, width]. */
async function unitVectors(rng: Rng, count: number, width: number, pacer: Pacer): Promise<Float32Array> {
  const units = new Float32Array(count * width);
  for (let from = 0; from < units.length; from += width) {
    const unit = units.subarray(from, from + width);
    for (let j = 0; j < width; j++) unit[j] = rng.normal();
    toUnit('l2', unit);
    await pacer.breathe();
  }
  return units;
}

/** Adds up the directions, weighted by which of the points along them were across. */
function addWeighted(crossed: Int32Array, out: Float32Array, direction: (b: number) => Float32Array): void {
  let mean = 0;
  for (const one of crossed) mean += (2 * one - 1) / crossed.length;
  // all on one side: the mean would leave nothing
  const baseline = mean === 1 || mean === -1 ? 0 : mean;
  for (const [b, one] of crossed.entries()) {
    const weight = 2 * one - 1 - baseline;
    const unit = direction(b);
    for (let j = 0; j < out.length; j++) out[j]! += weight * unit[j]!;
  }
}

/** In place: to length 1, or to signs. */
function toUnit(norm: 'l2' | 'linf', v: Float32Array): void {
  let squares = 0;
  for (const value of v) squares += value * value;
  const length = Math.sqrt(squares) || 1;
  for (let j = 0; j < v.length; j++) v[j] = norm === 'l2' ? v[j]! / length : Math.sign(v[j]!);
}

function rowsOf(points: Float32Array, rows: Int32Array, width: number): Float32Array {
  const out = new Float32Array(rows.length * width);
  for (const [k, row] of rows.entries()) out.set(points.subarray(row * width, (row + 1) * width), k * width);
  return out;
}
