/** Answers from memory. */
import { sizeOf } from '../../engine/index.ts';
import { derivedFromLogits } from './softmax.ts';
import type { Samples, Target } from './target.ts';

/**
 * Answers a repeated question about the very same array from memory; the queries still count. So attacks that ask alike share
 * the work, and outputs that were stored are asked for without the model.
 * @param stored answers that are known already
 */
export function remembered(
  target: Target<'white-box'>,
  stored: Iterable<readonly [Samples, Float64Array]> = [],
): Target<'white-box'> {
  const answers = new WeakMap<object, Promise<Float64Array>>();
  for (const [x, logits] of stored) answers.set(x, Promise.resolve(logits));
  let repeated = 0;
  const logits: typeof target.logits = (x) => {
    const known = answers.get(x);
    if (known) {
      repeated += x.length / sizeOf(target.inputShape);
      return known;
    }
    const answer = target.logits(x);
    answers.set(x, answer);
    return answer;
  };
  return { ...target, ...derivedFromLogits(logits, target.classes), queries: () => target.queries() + repeated };
}
