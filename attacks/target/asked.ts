/** An oracle as target: arrays whose answers are known are not asked about again. */
import { KeyholeError, ShapeError, sizeOf } from '../../engine/index.ts';
import { type OutputKind, type Outputs, outputsOf } from './answers.ts';
import type { Oracle } from './oracle.ts';
import { argmaxRows, derivedFromLogits } from './softmax.ts';
import type { AccessLevel, LabelTarget, Samples } from './target.ts';

/** What a target that answers so grants. */
export const accessOf: Readonly<Record<Outputs['kind'], AccessLevel>> = {
  labels: 'label-only',
  probabilities: 'probabilities',
  logits: 'logits',
};

export interface OracleTargetOptions {
  readonly classes: number;
  /** what the oracle answers with; default: what it says, or what its first answer looks like */
  readonly outputs?: OutputKind | undefined;
  /** answers that are known: row-major [n, classes], or labels [n] */
  readonly known?: Iterable<readonly [Samples, Float64Array]>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A target with what the kind of answers grants: labels; probabilities as well; logits as well.
 * @param kind of the answers
 */
export function oracleTarget(oracle: Oracle, kind: Outputs['kind'], options: OracleTargetOptions): LabelTarget {
  const { classes, signal } = options;
  const { inputShape } = oracle;
  const width = sizeOf(inputShape);
  const memory = new WeakMap<object, Promise<Float64Array>>();
  for (const [x, values] of options.known ?? []) memory.set(x, Promise.resolve(values));
  let queries = 0;
  const outputs = options.outputs ?? (kind === 'probabilities' ? undefined : kind);

  const ask = async (x: Samples): Promise<Float64Array> => {
    const parts: Float64Array[] = [];
    const step = oracle.rowsAtOnce * width;
    for (let at = 0; at < x.length; at += step) {
      signal?.throwIfAborted();
      const part = x.subarray(at, at + step);
      const rows = part.length / width;
      oracle.ledger.take(rows);
      try {
        const read = outputsOf(await oracle.ask(part), { rows, outputs, classes });
        if (read.kind !== kind) throw new KeyholeError(`target: expected ${kind}, got ${read.kind}.`);
        parts.push(read.values);
      } catch (error) {
        oracle.ledger.giveBack(rows);
        throw error;
      }
    }
    if (parts.length === 1) return parts[0]!;
    const all = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  };
  const values = (x: Samples): Promise<Float64Array> => {
    const rows = x.length / width;
    if (!Number.isInteger(rows))
      throw new ShapeError(`target: expected rows of ${width} numbers [${inputShape}], got ${x.length} numbers.`);
    queries += rows;
    return memory.get(x) ?? ask(x);
  };
  const base = { inputShape, classes, queries: () => queries };
  if (kind === 'logits') return { ...base, ...derivedFromLogits(values, classes) };
  if (kind === 'labels') return { ...base, labels: async (x) => Int32Array.from(await values(x)) };
  const probabilities = async (x: Samples) => values(x);
  const target = { ...base, labels: async (x: Samples) => argmaxRows(await values(x), classes), probabilities };
  return target;
}
