/**
 * A model behind a transform of its inputs (rounding, compression, noise), as one target. Where the transform has no gradient of use,
 * the backward pass puts another in its place (BPDA):
 *
 *   z(x) = f(t(x)),   back(c) = s(J_f(t(x))^T c),   s the identity, or the map back of a smooth stand-in for t
 *
 * Source: Athalye, Carlini, Wagner 2018, Obfuscated gradients give a false sense of security (ICML), section 4.1.
 */
import { ConfigError, sizeOf, type Tensor } from '../../../engine/index.ts';
import type {
  GradientTarget,
  LabelTarget,
  LogitTarget,
  MapBack,
  ProbabilityTarget,
  Samples,
} from '../../target/index.ts';

export interface InputTransform {
  /** for messages: what it does */
  readonly name: string;
  /** rows [n, width] to as many rows, in an array of their own. A random transform draws for each row anew */
  forward(x: Samples): Float32Array;
  /**
   * a gradient by the transformed rows to one by the rows; 'identity': as it is. Without it the target has no gradients
   * @param x the rows [n, width], and what `forward` made of them
   */
  readonly backward?:
    | 'identity'
    | ((gradient: Float32Array, x: Samples, transformed: Float32Array) => Float32Array)
    | undefined;
}

type WithBackward = InputTransform & { readonly backward: NonNullable<InputTransform['backward']> };

/**
 * The model of the transformed inputs. It grants what the target grants, gradients where the transform has a backward pass, and never
 * parameters, whose gradients are of other inputs.
 * @throws ConfigError when the transform gives rows of another size, at the question
 */
export function transformed(target: GradientTarget, transform: WithBackward): GradientTarget;
export function transformed(target: LogitTarget, transform: InputTransform): LogitTarget;
export function transformed(target: ProbabilityTarget, transform: InputTransform): ProbabilityTarget;
export function transformed(target: LabelTarget, transform: InputTransform): LabelTarget;
export function transformed(target: LabelTarget & Partial<GradientTarget>, transform: InputTransform): LabelTarget {
  const { inputShape, classes } = target;
  const { name, backward } = transform;
  const width = sizeOf(inputShape);
  const forward = (x: Samples): Float32Array => {
    const out = transform.forward(x);
    if (out.length === x.length) return out;
    throw new ConfigError(
      `transform '${name}': expected ${x.length} numbers, as many as it was given, got ${out.length}.`,
      'transform',
    );
  };
  const { probabilities, logits, inputGradients, logitsAndVjp } = target;
  return {
    inputShape,
    classes,
    queries: () => target.queries(),
    labels: async (x) => target.labels(forward(x)),
    ...(probabilities && { probabilities: async (x: Samples) => probabilities(forward(x)) }),
    ...(logits && { logits: async (x: Samples) => logits(forward(x)) }),
    ...(inputGradients && !backward && { noGradients: noGradientsOf(name) }),
    ...(backward && inputGradients && logitsAndVjp && gradientsOf({ inputGradients, logitsAndVjp }, backward)),
  };

  function gradientsOf(
    inner: Pick<GradientTarget, 'inputGradients' | 'logitsAndVjp'>,
    by: NonNullable<InputTransform['backward']>,
  ): Pick<GradientTarget, 'inputGradients' | 'logitsAndVjp'> {
    const pass = (gradient: Float32Array, x: Samples, made: Float32Array) =>
      by === 'identity' ? gradient : by(gradient, x, made);
    return {
      async inputGradients(x, use) {
        const made = forward(x);
        return inner.inputGradients(made, (own, back, from) => {
          const [start, end] = [from * width, (from + own.length / classes) * width];
          const backToRows: MapBack = (cotangent, into) =>
            pass(back(cotangent, into), x.subarray(start, end), made.subarray(start, end));
          use(own, backToRows, from);
        });
      },
      logitsAndVjp(x) {
        const rows = Float32Array.from(x.toArray());
        const made = forward(rows);
        const { engine, dtype, shape } = x;
        const { logits: own, vjp } = inner.logitsAndVjp(engine.tensor(made, shape, { dtype }));
        return {
          logits: own,
          vjp(cotangent: Tensor) {
            const gradient = vjp(cotangent);
            if (by === 'identity') return gradient;
            return engine.tensor(pass(Float32Array.from(gradient.toArray()), rows, made), shape, { dtype });
          },
        };
      },
    };
  }
}

const noGradientsOf = (name: string) =>
  `its transform '${name}' has no gradient. Give the transform a backward pass (BPDA): 'identity' where it changes little, or that of a smooth stand-in`;
