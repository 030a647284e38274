/** The rows that some jobs need, once, in memory that every thread reads. */
import { type Dataset, rowLength } from '../../data/index.ts';
import type { TrainingJob } from './job.ts';

/** A data set of the rows in use, and the jobs with their rows renumbered. */
export function sharedRows(
  dataset: Dataset,
  jobs: readonly TrainingJob[],
): { readonly dataset: Dataset; readonly jobs: TrainingJob[] } {
  const place = new Int32Array(dataset.size).fill(-1);
  const used: number[] = [];
  for (const { rows } of jobs) {
    for (const row of rows) {
      if (place[row] !== -1) continue;
      place[row] = used.length;
      used.push(row);
    }
  }
  const width = rowLength(dataset);
  const isBytes = dataset.x instanceof Uint8Array;
  const memory = new SharedArrayBuffer(used.length * width * dataset.x.BYTES_PER_ELEMENT);
  const x = isBytes ? new Uint8Array(memory) : new Float32Array(memory);
  const y = new Int32Array(new SharedArrayBuffer(used.length * 4));
  for (const [at, row] of used.entries()) {
    x.set(dataset.x.subarray(row * width, (row + 1) * width), at * width);
    y[at] = dataset.y[row]!;
  }
  const { split: _, ...rest } = dataset;
  return {
    dataset: { ...rest, size: used.length, x, y },
    jobs: jobs.map((job) => ({ ...job, rows: job.rows.map((row) => place[row]!) })),
  };
}
