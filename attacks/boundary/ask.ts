/** Questions to a target that answers with labels only, about points that are made as they are asked. */
import { Pacer } from '../../engine/index.ts';
import type { Samples } from '../target/index.ts';

export interface LabelQuestions {
  labels(x: Samples): Promise<Int32Array>;
  /** numbers of one row */
  readonly width: number;
  readonly signal?: AbortSignal | undefined;
}

/** 4 Mi numbers, 16 MiB: large enough that a call's own cost is small beside the model's. */
const NUMBERS_AT_ONCE = 1 << 22;
const ROWS_AT_ONCE = 4096;

/**
 * The labels of `count` points, in as few calls as fit in memory.
 * @param write puts point i at `at` of the array
 */
export async function askLabels(
  { labels, width, signal }: LabelQuestions,
  count: number,
  write: (i: number, into: Float32Array, at: number) => void,
): Promise<Int32Array> {
  const pacer = new Pacer(signal);
  const most = Math.max(1, Math.min(ROWS_AT_ONCE, Math.floor(NUMBERS_AT_ONCE / width)));
  const out = new Int32Array(count);
  const buffer = new Float32Array(Math.min(most, count) * width);
  for (let from = 0; from < count; from += most) {
    const rows = Math.min(most, count - from);
    for (let i = 0; i < rows; i++) write(from + i, buffer, i * width);
    // a new object for each call: a target that remembers arrays must not take these for the last ones
    out.set(await labels(buffer.subarray(0, rows * width)), from);
    await pacer.breathe();
  }
  return out;
}
