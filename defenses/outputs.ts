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
 * @param attacker adaptive: has the model behind the defence, and takes its logits and gradients for those of the answers (backward
 * pass differentiable approximation; noise on answers has a mean of about zero), while the defended labels judge
 */
export function defended(
  target: AnyTarget,
  { change, keepsLabels, varies }: OutputDefense,
  { adaptive = false }: { readonly adaptive?: boolean } = {},
): Target<'logits'> | Target<'gradients'> {
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
  const behind = {
    inputShape,
    classes,
    queries: () => target.queries() + repeated,
    labels: keepsLabels
      ? (x: Samples) => target.labels(x)
      : async (x: Samples) => argmaxRows(await probabilities(x), classes),
    probabilities,
    logits: async (x: Samples) => logitsOf(await probabilities(x)),
  };
  if (!adaptive || !('inputGradients' in target)) return behind;
  const { logits, inputGradients, logitsAndVjp } = target;
  return { ...behind, logits, inputGradients, logitsAndVjp };
}
