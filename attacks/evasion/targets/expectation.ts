/**
 * Expectation over transformation: a model that answers at random, or behind a random transform, as the mean of several draws, of
 * which the gradients are the gradients:
 *
 *   z(x) = mean over k of z_k(x),   back(c) = mean over k of J_k(x)^T c
 *
 * Source: Athalye, Engstrom, Ilyas, Kwok 2018, Synthesizing robust adversarial examples (ICML), section 2.1; against random
 * defences: Athalye, Carlini, Wagner 2018, Obfuscated gradients give a false sense of security (ICML), section 4.2.
 */
import { ConfigError, KeyholeError, ops, sizeOf, type Tensor } from '../../../engine/index.ts';
import { averaged, GRADIENT_ROWS, type GradientTarget, type Samples } from '../../target/index.ts';

/**
 * Asks about `draws` copies of each row, within one call where gradients are wanted: the model must draw anew for each row of a call.
 * @throws ConfigError unless the number of draws is whole and from 1 to 256
 */
export function averagedGradients<T extends GradientTarget>(target: T, { draws }: { readonly draws: number }): T {
  if (!(Number.isInteger(draws) && draws >= 1 && draws <= GRADIENT_ROWS))
    throw new ConfigError(
      `averaged gradients: expected a whole number of draws from 1 to ${GRADIENT_ROWS}, got ${draws}.`,
      'draws',
    );
  const { classes } = target;
  const width = sizeOf(target.inputShape);
  const inputGradients: GradientTarget['inputGradients'] = async (x, use) => {
    const n = x.length / width;
    const logits = new Float64Array(n * classes);
    const atOnce = Math.floor(GRADIENT_ROWS / draws);
    for (let at = 0; at < n; at += atOnce) {
      const part = x.subarray(at * width, (at + atOnce) * width);
      const cells = (part.length / width) * classes;
      await target.inputGradients(repeated(part, draws), (all, back, from) => {
        if (from !== 0 || all.length !== draws * cells)
          throw new KeyholeError(
            `averaged gradients: expected ${draws * cells} logits in one piece, got ${all.length} from row ${from} on.`,
          );
        const own = logits.subarray(at * classes, at * classes + cells);
        for (const [j, value] of all.entries()) own[j % cells]! += value / draws;
        const meanBack = (cotangent: Float64Array) => {
          const each = back(Float64Array.from(all, (_, j) => cotangent[j % cells]! / draws));
          const sum = new Float64Array(part.length);
          for (const [j, value] of each.entries()) sum[j % part.length]! += value;
          return Float32Array.from(sum);
        };
        use(own, meanBack, at);
      });
    }
    return logits;
  };
  return {
    ...averaged(target, { queries: draws, remember: false }),
    inputGradients,
    logitsAndVjp(x: Tensor) {
      const each = Array.from({ length: draws }, () => target.logitsAndVjp(x));
      const meanOf = (all: readonly Tensor[]) =>
        ops.scale(
          all.reduce((sum, one) => ops.add(sum, one)),
          1 / draws,
        );
      return {
        logits: meanOf(each.map(({ logits }) => logits)),
        vjp: (cotangent: Tensor) => meanOf(each.map(({ vjp }) => vjp(cotangent))),
      };
    },
  };
}

/** All rows, once for each draw. */
function repeated(x: Samples, times: number): Samples {
  const out = x instanceof Float64Array ? new Float64Array(times * x.length) : new Float32Array(times * x.length);
  for (let k = 0; k < times; k++) out.set(x, k * x.length);
  return out;
}
