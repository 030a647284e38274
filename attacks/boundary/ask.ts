/** Questions about points that are made as they are asked: all of them would not fit in memory. */
import { Pacer } from '../../engine/index.ts';
import type { Samples } from '../target/index.ts';

export interface Questions {
  /** numbers of one row */
  readonly width: number;
  readonly signal?: AbortSignal | undefined;
}

export interface LabelQuestions extends Questions {
  /** labels of rows x, row-major [n, width] */
  labels(x: Samples): Promise<Int32Array>;
}

/** 4 Mi numbers, 16 MiB: large enough that a call's own cost is small beside the model's. */
const NUMBERS_AT_ONCE = 1 << 22;
const ROWS_AT_ONCE = 4096;

/**
 * Makes `count` points and asks about them, in as few calls as fit in memory.
 * @param write puts point i at `at` of the array
 * @param ask about points [rows, width], the first of which is point `from`
 */
export async function askInParts(
  { width, signal }: Questions,
  count: number,
  write: (i: number, into: Float32Array, at: number) => void,
  ask: (points: Float32Array, from: number) => Promise<void>,
): Promise<void> {
  const pacer = new Pacer(signal);
  const most = Math.max(1, Math.min(ROWS_AT_ONCE, Math.floor(NUMBERS_AT_ONCE / width)));
  const buffer = new Float32Array(Math.min(most, count) * width);
  for (let from = 0; from < count; from += most) {
    const rows = Math.min(most, count - from);
    for (let i = 0; i < rows; i++) write(from + i, buffer, i * width);
    // a new object for each call: a target that remembers arrays must not take these for the last ones
    await ask(buffer.subarray(0, rows * width), from);
    await pacer.breathe();
  }
}

/** The labels of `count` points. @param write puts point i at `at` of the array */
export async function askLabels(
  o: LabelQuestions,
  count: number,
  write: (i: number, into: Float32Array, at: number) => void,
): Promise<Int32Array> {
  const out = new Int32Array(count);
  await askInParts(o, count, write, async (points, from) => out.set(await o.labels(points), from));
  return out;
}
