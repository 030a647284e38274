/** Output defences as target wrappers: an attacker sees what they answer, and nothing behind them. */
import { argmaxRows, type Samples, score, softmaxRows, type Target } from '../attacks/index.ts';
import { sizeOf } from '../engine/index.ts';
import { log } from '../engine/math/index.ts';
import type { AnyTarget, OutputDefense } from './define-defense.ts';

/** Logits that give these probabilities, finite also where they are 0. */
const logitsOf = (probabilities: Float64Array) => probabilities.map((p) => log(p + score.PROBABILITY_FLOOR));

/**
 * The target behind an output defence. It grants logits at most, and those are the logarithms of the probabilities that it
 * answers: what lies behind the defence is not there.
 */
export function defended(target: AnyTarget, { change, keepsLabels, varies }: OutputDefense): Target<'logits'> {
  const { classes, inputShape } = target;
  const answers = new WeakMap<object, Promise<Float64Array>>();
  let [answered, repeated] = [0, 0];
  const ask = async (x: Samples): Promise<Float64Array> => {
    const asked = answered++;
    if ('logits' in target) {
      const logits = await target.logits(x);
      return change({ classes, logits, probabilities: softmaxRows(logits, classes), asked });
    }
    const given = await target.probabilities(x);
    return change({ classes, logits: logitsOf(given), probabilities: given, asked });
  };
  const probabilities = (x: Samples): Promise<Float64Array> => {
    const known = answers.get(x);
    if (known) {
      repeated += x.length / sizeOf(inputShape);
      return known;
    }
    const answer = ask(x);
    if (!varies) answers.set(x, answer);
    return answer;
  };
  return {
    inputShape,
    classes,
    queries: () => target.queries() + repeated,
    labels: keepsLabels ? (x) => target.labels(x) : async (x) => argmaxRows(await probabilities(x), classes),
    probabilities,
    logits: async (x) => logitsOf(await probabilities(x)),
  };
}
