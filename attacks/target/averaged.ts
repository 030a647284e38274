/**
 * Several answers as one, for targets that answer with noise or with dropout: the mean of their logits, or of their
 * probabilities. Labels are put to the vote, which is all that labels allow; where there are scores, labels are never
 * averaged, since most of what tells a member lies between two answers of the same class.
 */
import { ConfigError, sizeOf } from '../../engine/index.ts';
import { log } from '../../engine/math/index.ts';
import { PROBABILITY_FLOOR } from '../score/index.ts';
import { argmaxRows, softmaxRows } from './softmax.ts';
import type { LogitTarget, NoneTarget, Samples } from './target.ts';

export interface AveragedOptions {
  /** how often each question is asked */
  readonly queries: number;
  /**
   * what the probabilities are made of: softmax of the mean logits (default; mean log-probabilities are the same where
   * there are no logits), or the mean of the probabilities
   */
  readonly of?: 'logit' | 'probability';
  /** answers a question about the very same array from memory; default true. Not for who writes into an array that was asked about */
  readonly remember?: boolean;
}

interface Answers {
  readonly labels: Int32Array;
  readonly logits: Float64Array;
  readonly probabilities: Float64Array;
}

/**
 * Asks every question several times. Gradients are passed on as they are (`averagedGradients` has those too). A repeated question about the very same array is
 * answered from memory, as by `remembered`; the queries still count.
 * @throws ConfigError unless the number of queries is a whole number >= 1
 */
export function averaged<T extends NoneTarget>(target: T, options: AveragedOptions): T {
  const { queries, of = 'logit', remember = true } = options;
  if (!(Number.isSafeInteger(queries) && queries >= 1)) {
    throw new ConfigError(`averaged: expected queries to be a whole number >= 1, got ${queries}.`, 'queries');
  }
  const source: T & Partial<LogitTarget> = target;
  const { classes } = target;
  const width = sizeOf(target.inputShape);
  const collect = async (x: Samples): Promise<Answers> => {
    const cells = (x.length / width) * classes;
    const [votes, logits, probabilities] = [0, 0, 0].map(() => new Float64Array(cells)) as Triple;
    for (let q = 0; q < queries; q++) {
      // another object each time: a target that remembers what it was asked must ask anew
      const again = x.subarray();
      if (!source.logits && !source.probabilities) {
        for (const [i, label] of (await source.labels!(again)).entries()) votes[i * classes + label]!++;
        continue;
      }
      const z = await source.logits?.(again);
      const p = z ? softmaxRows(z, classes) : await source.probabilities!(again);
      for (const [i, label] of argmaxRows(z ?? p, classes).entries()) votes[i * classes + label]!++;
      for (let i = 0; i < cells; i++) {
        logits[i]! += (z ? z[i]! : log(p[i]! + PROBABILITY_FLOOR)) / queries;
        probabilities[i]! += p[i]! / queries;
      }
    }
    return {
      labels: argmaxRows(votes, classes),
      logits,
      probabilities: of === 'logit' ? softmaxRows(logits, classes) : probabilities,
    };
  };

  const memory = new WeakMap<object, Promise<Answers>>();
  let repeated = 0;
  const answers = (x: Samples): Promise<Answers> => {
    if (!remember) return collect(x);
    const known = memory.get(x);
    if (known) {
      repeated += queries * (x.length / width);
      return known;
    }
    const fresh = collect(x);
    memory.set(x, fresh);
    fresh.catch(() => memory.delete(x));
    return fresh;
  };
  return {
    ...target,
    queries: () => target.queries() + repeated,
    ...(source.labels && { labels: async (x: Samples) => (await answers(x)).labels }),
    ...(source.probabilities && { probabilities: async (x: Samples) => (await answers(x)).probabilities }),
    ...(source.logits && { logits: async (x: Samples) => (await answers(x)).logits }),
  };
}

type Triple = [Float64Array, Float64Array, Float64Array];
