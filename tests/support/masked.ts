/** Nets whose gradients mislead, made of one whose gradients do not: what the checks of an evaluation must find. */
import { softmaxRows, type Target } from '../../attacks/index.ts';
import type { Rng } from '../../engine/index.ts';

type Net = Target<'gradients'>;

/** A net that sees other rows, and says what they are made into. @param slope derivative of the change, of all numbers alike */
function front(net: Net, change: (x: Float32Array) => Float32Array, slope: number): Net {
  return {
    ...net,
    labels: (x) => net.labels(change(x as Float32Array)),
    probabilities: (x) => net.probabilities(change(x as Float32Array)),
    logits: (x) => net.logits(change(x as Float32Array)),
    inputGradients: (x, use) =>
      net.inputGradients(change(x as Float32Array), (logits, back, from) =>
        use(logits, (cotangent) => back(cotangent).map((g) => slope * g), from),
      ),
  };
}

/** Steps as wide as `1 / levels`: the gradient is that of a staircase, zero. */
export const quantisedFront = (net: Net, levels: number): Net =>
  front(net, (x) => x.map((value) => Math.round(levels * value) / levels), 0);

/** Normal noise before the net, other at every question. */
export const randomFront = (net: Net, deviation: number, rng: Rng): Net =>
  front(net, (x) => x.map((value) => value + deviation * rng.normal()), 1);

/** Logits times a factor: the same labels, and a cross-entropy without gradients. */
export const sharpened = (net: Net, factor: number): Net => {
  const times = (values: Float64Array) => values.map((value) => factor * value);
  const logits: Net['logits'] = async (x) => times(await net.logits(x));
  return {
    ...net,
    logits,
    probabilities: async (x) => softmaxRows(await logits(x), net.classes),
    inputGradients: async (x, use) =>
      times(
        await net.inputGradients(x, (own, back, from) => use(times(own), (cotangent) => back(times(cotangent)), from)),
      ),
  };
};

/** A net with its softmax left on: what it calls logits are probabilities. */
export const withSoftmax = (net: Net): Net => {
  const { classes } = net;
  const softmax = (logits: Float64Array) => softmaxRows(logits, classes);
  return {
    ...net,
    logits: async (x) => softmax(await net.logits(x)),
    inputGradients: async (x, use) =>
      softmax(
        await net.inputGradients(x, (own, back, from) => {
          const p = softmax(own);
          use(
            p,
            (cotangent) => {
              // J^T c = p (c - <p, c>)
              const through = new Float64Array(cotangent.length);
              for (let at = 0; at < p.length; at += classes) {
                let inner = 0;
                for (let c = at; c < at + classes; c++) inner += p[c]! * cotangent[c]!;
                for (let c = at; c < at + classes; c++) through[c] = p[c]! * (cotangent[c]! - inner);
              }
              return back(through);
            },
            from,
          );
        }),
      ),
  };
};
