/** A target behind a transform of its inputs, where gradients, if any, pass the transform as if it were not there (BPDA). */
import type { Target } from '../../attacks/index.ts';
import type { AnyTarget } from '../define-defense.ts';
import type { InputTransform } from './squeezers.ts';

export interface Transform {
  readonly name: string;
  readonly forward: InputTransform;
  /** without it there are no gradients */
  readonly backward?: 'identity';
}

/** Athalye, Carlini & Wagner 2018 (ICML), section 4.1. Parameters are not granted: their gradients are of other inputs. */
export function behindTransform(target: AnyTarget, { forward, backward }: Transform): AnyTarget {
  const { inputShape, classes } = target;
  const inner: Target<'probabilities'> & Partial<Target<'gradients'>> = target;
  const { logits, inputGradients, logitsAndVjp } = inner;
  return {
    inputShape,
    classes,
    queries: () => target.queries(),
    labels: async (x) => target.labels(forward(x)),
    probabilities: async (x) => target.probabilities(forward(x)),
    ...(logits && { logits: async (x: Float32Array | Float64Array) => logits(forward(x)) }),
    ...(backward &&
      inputGradients &&
      logitsAndVjp &&
      ({
        inputGradients: async (x, use) => inputGradients(forward(x), use),
        logitsAndVjp: (x) => {
          const made = forward(Float32Array.from(x.toArray()));
          return logitsAndVjp(x.engine.tensor(made, x.shape, { dtype: x.dtype }));
        },
      } satisfies Partial<Target<'gradients'>>)),
  };
}
