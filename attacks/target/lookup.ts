/** Answers that were kept, as a target: a sample is the number of its row. */
import { ConfigError } from '../../engine/index.ts';
import type { Views } from '../define-attack.ts';
import { derivedFromLogits } from './softmax.ts';
import type { Samples, Target } from './target.ts';

export interface LookupTargetOptions {
  readonly classes: number;
  /** for each view of the rows [rows, classes] */
  readonly logits: readonly Float64Array[];
}

/**
 * A target whose samples are row numbers, view k of row i being i + k rows: so attacks score kept answers by the same code, and
 * as fast, without the model or the records. For attacks that look at answers only.
 * @throws ConfigError when asked about a row that there is not
 */
export function lookupTarget({ classes, logits }: LookupTargetOptions): Target<'logits'> {
  const rows = logits[0]!.length / classes;
  let queries = 0;
  const answer = async (x: Samples): Promise<Float64Array> => {
    queries += x.length;
    const out = new Float64Array(x.length * classes);
    for (let i = 0; i < x.length; i++) {
      const [view, row] = [Math.floor(x[i]! / rows), x[i]! % rows];
      const kept = logits[view];
      if (!kept)
        throw new ConfigError(
          `target: expected a row below ${rows * logits.length}, got ${x[i]}: only ${logits.length} views of ${rows} rows were kept.`,
          'target',
        );
      out.set(kept.subarray(row * classes, (row + 1) * classes), i * classes);
    }
    return out;
  };
  return { inputShape: [1], classes, queries: () => queries, ...derivedFromLogits(answer, classes) };
}

/** The views that belong to such targets. */
export function lookupViews(count: number, rows: number): Views {
  const known = new WeakMap<Samples, Samples[]>();
  return {
    count,
    view(x, k) {
      const made =
        known.get(x) ?? Array.from({ length: count }, (_, view) => (view ? x.map((id) => id + view * rows) : x));
      known.set(x, made);
      return made[k]!;
    },
  };
}
