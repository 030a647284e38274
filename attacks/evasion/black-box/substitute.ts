/**
 * A model of the attacker's own that answers as the target does: trained on the labels that the target gives to the attacker's rows,
 * and to rows that are made from them where the substitute changes most:
 *
 *   S' = S and x + lambda sign(d z_label(x) / d x) for x in S,   label = the target's for x
 *
 * Source: Papernot, McDaniel, Goodfellow, Jha, Celik, Swami 2017, Practical black-box attacks against machine learning (AsiaCCS),
 * section 4.2, algorithm 1.
 */
import { Classifier, type Engine, examplesOf, type Model, namedModel, type Rng } from '../../../engine/index.ts';
import { type LabelTarget, localTarget, type Target } from '../../target/index.ts';
import type { InputSpace } from '../space.ts';

export interface SubstituteOptions {
  readonly engine: Engine;
  readonly target: LabelTarget;
  readonly space: InputSpace;
  /** rows of the attacker's own [n, width]: the target is asked about each once, and about as many again in every round */
  readonly x: Float32Array;
  /** default: the multilayer perceptron of the target's shapes */
  readonly model?: Model;
  /** times that the rows are doubled; default 0 */
  readonly rounds?: number;
  /** how far the new rows are, of each number's range (lambda); default 0.1 */
  readonly reach?: number;
  /** over all rows, at the end of each round; default 20 */
  readonly epochs?: number;
  readonly rng: Rng;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number) => void) | undefined;
}

export interface Substitute {
  readonly target: Target<'white-box'>;
  readonly classifier: Classifier;
  /** rows that it was trained on, and the share of them for which it says what the target says */
  readonly rows: number;
  readonly agreement: number;
}

/** @returns a substitute, whose classifier the caller disposes of; @throws what the target throws, and the signal's reason */
export async function trainSubstitute(o: SubstituteOptions): Promise<Substitute> {
  const { engine, target, space, rng, signal, rounds = 0, reach = 0.1, epochs = 20 } = o;
  const { inputShape, classes } = target;
  const model = o.model ?? namedModel('mlp', inputShape, classes);
  let x = o.x;
  let y = await target.labels(x);
  for (let round = 0; ; round++) {
    const seed = rng.split(`round ${round}`).uint32();
    const classifier = Classifier.create(engine, model, { seed });
    try {
      await classifier.fit(examplesOf(x, y, inputShape, classes), {
        epochs,
        batchSize: 32,
        seed,
        ...(signal && { signal }),
      });
      const own = localTarget(classifier, signal ? { signal } : {});
      o.onProgress?.((round + 1) / (rounds + 1));
      if (round === rounds) {
        const said = await own.labels(x);
        const same = said.reduce((sum, label, i) => sum + (label === y[i] ? 1 : 0), 0);
        return { target: own, classifier, rows: y.length, agreement: same / y.length };
      }
      const made = await beside(own, x, y, reach, space);
      const labels = await target.labels(made);
      x = joined(x, made);
      y = Int32Array.from([...y, ...labels]);
      classifier.dispose();
    } catch (error) {
      classifier.dispose();
      throw error;
    }
  }
}

/** A row beside each, where the substitute's score of its label changes most. */
async function beside(
  substitute: Target<'gradients'>,
  x: Float32Array,
  y: Int32Array,
  reach: number,
  { width, low, high, fixed }: InputSpace,
): Promise<Float32Array> {
  const out = x.slice();
  const { classes } = substitute;
  await substitute.inputGradients(x, (logits, back, from) => {
    const cotangent = new Float64Array(logits.length);
    for (let k = 0; k < logits.length / classes; k++) cotangent[k * classes + y[from + k]!] = 1;
    for (const [place, slope] of back(cotangent).entries()) {
      const j = place % width;
      if (fixed[j]) continue;
      const at = from * width + place;
      const value = x[at]! + reach * (high[j]! - low[j]!) * Math.sign(slope);
      out[at] = Math.max(low[j]!, Math.min(high[j]!, value));
    }
  });
  return out;
}

function joined(a: Float32Array, b: Float32Array): Float32Array {
  const out = new Float32Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
