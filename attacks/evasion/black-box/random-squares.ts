/**
 * Square: random search with windows that shrink. A change that raises the lead of a wrong class, or fools, is kept:
 *
 *   linf  each channel of a window gets x + epsilon or x - epsilon; at first every column of pixels does (vertical stripes)
 *   l2    the perturbation of a window, with a new bump added, gets what length the ball has left and that of a second window,
 *         which is emptied; at first bumps fill the image
 *
 * The lead is that of the logits, log p_c - log p_y; with classes to reach the cross-entropy of those, as in the paper.
 *
 * Source: Andriushchenko, Croce, Flammarion, Hein 2020 (ECCV), Square Attack: a query-efficient black-box adversarial attack via random
 * search, algorithms 1 to 3.
 */
import type { Rng, Shape } from '../../../engine/index.ts';
import type { EvasionTask } from '../define-evasion.ts';
import { losses } from '../losses.ts';
import { gather } from '../rows.ts';
import { settle } from '../space.ts';
import { isFooled, type Standing } from '../standing.ts';
import {
  type Grid,
  gridOf,
  randomColumns,
  randomSquare,
  shareAt,
  sideOf,
  squareAt,
  twoBumps,
  type Window,
} from './windows.ts';

export interface RandomSquares {
  /** questions about each row */
  readonly queries: number;
  /** share of a row in the first windows (p_init) */
  readonly share: number;
  /** windows shrink as if `queries` were 10,000 */
  readonly rescale: boolean;
  readonly inputShape: Shape;
  readonly classes: number;
  /** logits of rows, or the logs of their probabilities [n, classes] */
  readonly scores: (x: Float32Array) => Promise<Float64Array>;
}

export async function searchWithSquares(task: EvasionTask, standing: Standing, how: RandomSquares): Promise<void> {
  const { x, y, targets, space, norm, epsilon } = task;
  const { classes, queries } = how;
  const { width } = space;
  const grid = gridOf(how.inputShape);
  const rows = standing.open();
  if (rows.length === 0) return;
  const streams = Array.from(rows, (i) => task.rng.split(`row ${i} square`));
  const kept = gather(x, rows, width);
  const lead = new Float64Array(rows.length).fill(-Infinity);
  const loss = targets ? losses.crossEntropy : losses.margin;
  let live = Int32Array.from(rows.keys());
  for (let asked = 0; asked < queries && live.length > 0; asked++) {
    task.signal?.throwIfAborted();
    const share = shareAt(how.rescale ? Math.floor((asked / queries) * 10_000) : asked, how.share);
    const asks = gather(kept, live, width);
    for (const [a, k] of live.entries()) {
      const row = asks.subarray(a * width, (a + 1) * width);
      const origin = x.subarray(rows[k]! * width, (rows[k]! + 1) * width);
      const stream = streams[k]!;
      if (norm === 'linf') {
        if (asked === 0) stripes(row, origin, epsilon, grid, stream);
        else stampSigns(row, origin, epsilon, windowOf(share, stream), grid?.channels ?? 1, stream);
      } else {
        const delta = Float64Array.from(row, (value, j) => value - origin[j]!);
        if (asked === 0) fillWithBumps(delta, grid, stream);
        else moveLength(delta, epsilon, windowOf(share, stream), windowOf(share, stream), grid?.channels ?? 1, stream);
        const by = epsilon / Math.max(lengthOf(delta), 1e-12);
        for (let j = 0; j < width; j++) row[j] = origin[j]! + by * delta[j]!;
      }
      settle(space, norm, epsilon, { values: asks, at: a * width }, { values: x, at: rows[k]! * width });
    }
    const scores = await how.scores(asks);
    const open: number[] = [];
    for (const [a, k] of live.entries()) {
      const i = rows[k]!;
      const z = scores.subarray(a * classes, (a + 1) * classes);
      const goal = targets ? targets[i]! : null;
      standing.offer(i, z, asks, a * width);
      if (isFooled(z, y[i]!, goal)) continue;
      open.push(k);
      const own = loss.of(z, y[i]!, goal, null);
      if (asked > 0 && !(own > lead[k]!)) continue;
      lead[k] = own;
      kept.set(asks.subarray(a * width, (a + 1) * width), k * width);
    }
    live = Int32Array.from(open);
    task.onProgress?.((asked + 1) / queries);
  }

  function windowOf(share: number, stream: Rng): Window {
    if (!grid) return randomColumns(share, space, stream);
    const side = sideOf(share, grid, norm === 'l2');
    const shape = norm === 'l2' ? twoBumps(side, stream.uniform() < 0.5) : new Float64Array(side * side).fill(1);
    return randomSquare(grid, side, shape, stream);
  }
}

const signOf = (rng: Rng) => (rng.uniform() < 0.5 ? 1 : -1);

function squaresOf(delta: Float64Array): number {
  let sum = 0;
  for (const value of delta) sum += value * value;
  return sum;
}

const lengthOf = (delta: Float64Array) => Math.sqrt(squaresOf(delta));

/** Every column of pixels up or down by epsilon, each channel by itself; of a table every number. */
function stripes(row: Float32Array, origin: Float32Array, epsilon: number, grid: Grid | null, rng: Rng): void {
  const across = grid ? grid.width * grid.channels : row.length;
  const signs = Float64Array.from({ length: across }, () => signOf(rng));
  for (let j = 0; j < row.length; j++) row[j] = origin[j]! + epsilon * signs[j % across]!;
}

function stampSigns(
  row: Float32Array,
  origin: Float32Array,
  epsilon: number,
  { places, shape }: Window,
  channels: number,
  rng: Rng,
): void {
  for (let c = 0; c < channels; c++) {
    const up = epsilon * signOf(rng);
    for (const [p, place] of places.entries()) row[place + c] = origin[place + c]! + up * Math.sign(shape[p]!);
  }
}

function fillWithBumps(delta: Float64Array, grid: Grid | null, rng: Rng): void {
  if (!grid) {
    for (let j = 0; j < delta.length; j++) delta[j] = signOf(rng);
    return;
  }
  const side = Math.max(1, Math.floor(Math.min(grid.height, grid.width) / 5));
  const start = (size: number) => Math.floor((size % side) / 2);
  for (let top = start(grid.height); top < grid.height; top += side) {
    for (let left = start(grid.width); left < grid.width; left += side) {
      const { places, shape } = squareAt(grid, top, left, side, twoBumps(side, rng.uniform() < 0.5));
      for (let c = 0; c < grid.channels; c++) {
        const sign = signOf(rng);
        for (const [p, place] of places.entries()) delta[place + c] = sign * shape[p]!;
      }
    }
  }
}

function moveLength(delta: Float64Array, epsilon: number, to: Window, from: Window, channels: number, rng: Rng): void {
  const unused = Math.max(0, epsilon * epsilon - squaresOf(delta)) / channels;
  const both = new Set([...to.places, ...from.places]);
  for (let c = 0; c < channels; c++) {
    let [available, own] = [unused, 0];
    for (const place of both) available += delta[place + c]! * delta[place + c]!;
    for (const place of to.places) own += delta[place + c]! * delta[place + c]!;
    const sign = signOf(rng);
    const bump = Float64Array.from(
      to.places,
      (place, p) => sign * to.shape[p]! + delta[place + c]! / (Math.sqrt(own) + 1e-12),
    );
    const by = Math.sqrt(available) / Math.max(lengthOf(bump), 1e-12);
    for (const place of from.places) delta[place + c] = 0;
    for (const [p, place] of to.places.entries()) delta[place + c] = by * bump[p]!;
  }
}
