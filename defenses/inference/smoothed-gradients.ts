/**
 * A smoothed model as who attacks it sees it: the mean of the probabilities of noisy copies, which has gradients where the votes
 * have none.
 *
 *   z_j(x) = log mean over k of p_kj,   p_k = softmax f(x + e_k),  e_k ~ N(0, sigma^2 I)
 *
 * so that the cross-entropy of z is the loss of the paper. Probabilities are averaged, not logits: copies that are sure count no
 * more than others. All questions get the same noise, as in the paper's attack: steps can be compared, and the best one found. Other
 * noise, for who judges, is another stream.
 *
 * Source: Salman, Li, Razenshteyn, Zhang, Zhang, Bubeck, Yang 2019, Provably robust deep learning via adversarially trained smoothed
 * classifiers (NeurIPS), section 2.2, equations 5 and 6.
 */
import { GRADIENT_ROWS, type GradientTarget, type Samples, softmaxRows } from '../../attacks/index.ts';
import { ConfigError, KeyholeError, sizeOf, type Tensor } from '../../engine/index.ts';
import { log } from '../../engine/math/index.ts';
import { type CopyNoise, noisyCopies } from './smoothing.ts';

/** What attacks along gradients take. */
export type SmoothedTarget = Pick<
  GradientTarget,
  'inputShape' | 'classes' | 'logits' | 'inputGradients' | 'logitsAndVjp'
>;

/** keeps a class that no copy is given from a logarithm of zero */
const TINY = 1e-30;

/** @throws ConfigError unless the number of draws is whole and from 1 to 256 */
export function smoothedGradients(
  target: SmoothedTarget,
  { draws, sigma, rng, engine }: CopyNoise & { readonly draws: number },
): SmoothedTarget {
  if (!(Number.isInteger(draws) && draws >= 1 && draws <= GRADIENT_ROWS))
    throw new ConfigError(
      `smoothed gradients: expected a whole number of draws from 1 to ${GRADIENT_ROWS}, got ${draws}.`,
      'draws',
    );
  const { inputShape, classes } = target;
  const width = sizeOf(inputShape);
  const atOnce = Math.floor(GRADIENT_ROWS / draws);

  /** Rows whose copies fit into one question, and those copies. */
  function* pieces(x: Samples) {
    for (let from = 0; from < x.length / width; from += atOnce) {
      const part = x.subarray(from * width, (from + atOnce) * width);
      yield { from, part, copies: noisyCopies(part, draws, { sigma, rng: rng.split(`rows from ${from}`), engine }) };
    }
  }

  /** mean over copies [rows, classes] */
  function meanOf(probabilities: Float64Array): Float64Array {
    const mean = new Float64Array(probabilities.length / draws);
    for (const [j, p] of probabilities.entries()) mean[j % mean.length]! += p / draws;
    return mean;
  }
  const logOf = (mean: Float64Array) => mean.map((p) => log(p + TINY));

  /** Of a row's copies, their sum. */
  function summed(each: Samples | Float64Array, length: number): Float64Array {
    const sum = new Float64Array(length);
    for (const [j, value] of each.entries()) sum[j % length]! += value;
    return sum;
  }

  return {
    inputShape,
    classes,
    async logits(x) {
      const out = new Float64Array((x.length / width) * classes);
      for (const { from, copies } of pieces(x))
        out.set(logOf(meanOf(softmaxRows(await target.logits(copies), classes))), from * classes);
      return out;
    },
    async inputGradients(x, use) {
      const out = new Float64Array((x.length / width) * classes);
      for (const { from, part, copies } of pieces(x)) {
        await target.inputGradients(copies, (logits, back, at) => {
          if (at !== 0 || logits.length !== (copies.length / width) * classes)
            throw new KeyholeError(
              `smoothed gradients: expected the logits of ${copies.length / width} rows in one piece, got ${logits.length / classes} from row ${at} on.`,
            );
          const p = softmaxRows(logits, classes);
          const mean = meanOf(p);
          const own = logOf(mean);
          out.set(own, from * classes);
          const backThrough = (cotangent: Float64Array) => {
            return Float32Array.from(summed(back(throughMean(p, mean, cotangent)), part.length));
          };
          use(own, backThrough, from);
        });
      }
      return out;
    },
    logitsAndVjp(x) {
      const { engine, dtype } = x;
      const tensor = (values: Samples | Float64Array) =>
        engine.tensor(values, [values.length / width, ...inputShape], { dtype });
      const all = [...pieces(Float32Array.from(x.toArray()))].map(({ from, part, copies }) => {
        const { logits, vjp } = target.logitsAndVjp(tensor(copies));
        const p = softmaxRows(Float64Array.from(logits.toArray()), classes);
        return { from, part, p, mean: meanOf(p), vjp };
      });
      const rows = x.shape[0]!;
      const out = new Float64Array(rows * classes);
      for (const { from, mean } of all) out.set(logOf(mean), from * classes);
      return {
        logits: engine.tensor(out, [rows, classes], { dtype }),
        vjp(cotangent: Tensor) {
          const given = Float64Array.from(cotangent.toArray());
          const gradient = new Float64Array(rows * width);
          for (const { from, part, p, mean, vjp } of all) {
            const own = given.subarray(from * classes, from * classes + mean.length);
            const back = engine.tensor(throughMean(p, mean, own), [p.length / classes, classes], { dtype });
            gradient.set(summed(Float64Array.from(vjp(back).toArray()), part.length), from * width);
          }
          return tensor(gradient);
        },
      };
    },
  };

  /** dL/df_k = p_k (g - <p_k, g>),  g = (dL/dz) / (draws (mean p + tiny)) */
  function throughMean(p: Float64Array, mean: Float64Array, cotangent: Float64Array): Float64Array {
    const g = cotangent.map((value, j) => value / (draws * (mean[j]! + TINY)));
    const out = new Float64Array(p.length);
    for (let at = 0; at < p.length; at += classes) {
      let dot = 0;
      for (let j = 0; j < classes; j++) dot += p[at + j]! * g[(at + j) % g.length]!;
      for (let j = 0; j < classes; j++) out[at + j] = p[at + j]! * (g[(at + j) % g.length]! - dot);
    }
    return out;
  }
}
