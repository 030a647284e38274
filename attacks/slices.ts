/** Long sums in slices of a few milliseconds: each yield is a chance to let others have the thread. */
import type { Pacer } from '../engine/index.ts';

export type Slices<T> = Generator<void, T, void>;

/** Runs all slices at once, and holds the thread until they are done. */
export function finish<T>(slices: Slices<T>): T {
  for (;;) {
    const { done, value } = slices.next();
    if (done) return value;
  }
}

/** Runs the slices and breathes between them. @throws the signal's reason once the pacer's is aborted */
export async function paced<T>(slices: Slices<T>, pacer: Pacer): Promise<T> {
  for (;;) {
    const { done, value } = slices.next();
    if (done) return value;
    await pacer.breathe();
  }
}
