/**
 * How far a row is from the nearest point of another class, from its labels alone: HopSkipJump in L2 from the nearest row of another
 * class, as used for membership by Choquette-Choo et al. 2021 and Li & Zhang 2021.
 */
import { ConfigError, Pacer, type Rng } from '../../engine/index.ts';
import type { Samples } from '../target/index.ts';
import { askLabels, type LabelQuestions } from './ask.ts';
import { bisections } from './bisect.ts';
import { hopSkipJump } from './hop-skip-jump.ts';

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

/** @throws ConfigError for fewer queries than the way to a boundary takes; the signal's reason, and whatever the target throws */
export async function boundaryWalk(o: WalkOptions): Promise<Walk> {
  const { x, y, width, bounds, directions = Math.min(100, 4 * width) } = o;
  const least = 1 + bisections('l2', width);
  if (!(o.queries >= least)) {
    throw new ConfigError(
      `boundary walk: expected at least ${least} queries for each row, got ${o.queries}.`,
      'queries',
    );
  }
  const nearest = Float32Array.from(x);
  const own = await askLabels(o, y.length, (k, into, at) => into.set(x.subarray(k * width, (k + 1) * width), at));
  const queries = new Int32Array(y.length).fill(1);
  const right = Int32Array.from(y.keys()).filter((i) => own[i] === y[i]);
  const started = await startAt(o, right, nearest);
  const [low, high] = bounds ?? [];
  const clip = (values: Float32Array, at: number) => {
    for (let j = at; j < at + width; j++) values[j] = Math.max(low!, Math.min(high!, values[j]!));
  };
  const walked = await hopSkipJump({
    ...o,
    across: (label, i) => label !== y[i],
    rows: started,
    nearest,
    asked: queries,
    norm: 'l2',
    directions,
    ...(bounds && { fit: clip }),
  });
  const distances = new Float64Array(y.length);
  for (const i of right) distances[i] = Infinity;
  for (const i of started) distances[i] = walked[i]!;
  return { distances, nearest, queries };
}

/** Puts each row at the start of another class that is nearest to it. @returns the rows that have one */
async function startAt({ x, y, width, starts, ...o }: WalkOptions, rows: Int32Array, nearest: Float32Array) {
  const pacer = new Pacer(o.signal);
  const copy = (k: number, into: Float32Array, at: number) => into.set(starts.subarray(k * width, (k + 1) * width), at);
  const classes = await askLabels({ ...o, width }, starts.length / width, copy);
  const started: number[] = [];
  for (const row of rows) {
    let [best, least] = [-1, Infinity];
    for (const [k, label] of classes.entries()) {
      if (label === y[row]) continue;
      let squares = 0;
      for (let j = 0; j < width; j++) squares += (starts[k * width + j]! - x[row * width + j]!) ** 2;
      if (squares < least) [best, least] = [k, squares];
    }
    if (best >= 0) {
      copy(best, nearest, row * width);
      started.push(row);
    }
    await pacer.breathe();
  }
  return Int32Array.from(started);
}
