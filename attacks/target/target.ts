/**
 * What an attack may ask of a model. Each access level includes the ones before; what the threat model does not grant does
 * not exist on the type, nor on the object that the runner hands over. Rows cross as typed arrays, row-major.
 */
import { ConfigError, type Model, type Shape, type Tensor } from '../../engine/index.ts';

export const accessLevels = ['none', 'label-only', 'probabilities', 'logits', 'gradients', 'white-box'] as const;
export type AccessLevel = (typeof accessLevels)[number];

export type Samples = Float32Array | Float64Array;

export interface NoneTarget {
  /** of one sample */
  readonly inputShape: Shape;
  readonly classes: number;
  /** rows asked for so far */
  queries(): number;
  /** why there are no gradients although the model has some, and what would give them; for messages */
  readonly noGradients?: string;
}

export interface LabelTarget extends NoneTarget {
  /** predicted class of each row [n] */
  labels(x: Samples): Promise<Int32Array>;
}

export interface ProbabilityTarget extends LabelTarget {
  /** [n, classes] */
  probabilities(x: Samples): Promise<Float64Array>;
}

export interface LogitTarget extends ProbabilityTarget {
  /** scores before softmax [n, classes] */
  logits(x: Samples): Promise<Float64Array>;
}

/** Rows that input gradients come in at a time, at most. */
export const GRADIENT_ROWS = 256;

/**
 * The map back of one forward pass: a cotangent of its logits [rows, classes] to a gradient of its inputs [rows, width].
 * @param into array of that size that the gradient may be written to; what is returned is the gradient, there or in an array of its own
 */
export type MapBack = (cotangent: Float64Array, into?: Float32Array) => Float32Array;

export interface GradientTarget extends LogitTarget {
  /**
   * Logits of x [n, classes], with gradients of x: for some rows at a time `use` gets their logits, the map back, as often as it is
   * called, and the place of the first of them. The map ends with the call.
   */
  inputGradients(x: Samples, use: (logits: Float64Array, back: MapBack, from: number) => void): Promise<Float64Array>;
  /** logits [n, classes] of x [n, ...inputShape] and the map from a cotangent of theirs to a gradient of x; synchronous, for use in one scope */
  logitsAndVjp(x: Tensor): { readonly logits: Tensor; vjp(cotangent: Tensor): Tensor };
}

export interface WhiteBoxTarget extends GradientTarget {
  readonly model: Model;
  readonly params: unknown;
  /** gradient of the mean cross-entropy with respect to each parameter */
  parameterGradient(x: Tensor, y: Tensor): unknown;
  /** norms of the gradient of each row's own loss, layer by layer */
  gradientNorms(x: Samples, y: Int32Array): Promise<GradientNorms>;
}

export interface GradientNorms {
  /** names of the layers that have parameters, in the model's order */
  readonly layers: readonly string[];
  /** L2 norms [n, layers]; NaN or Infinity where a gradient is not finite */
  readonly norms: Float64Array;
}

export interface TargetByAccess {
  none: NoneTarget;
  'label-only': LabelTarget;
  probabilities: ProbabilityTarget;
  logits: LogitTarget;
  gradients: GradientTarget;
  'white-box': WhiteBoxTarget;
}
export type Target<A extends AccessLevel = AccessLevel> = TargetByAccess[A];

const members: { readonly [A in AccessLevel]: readonly string[] } = {
  none: ['inputShape', 'classes', 'queries'],
  'label-only': ['labels'],
  probabilities: ['probabilities'],
  logits: ['logits'],
  gradients: ['logitsAndVjp', 'inputGradients'],
  'white-box': ['model', 'params', 'parameterGradient', 'gradientNorms'],
};

/** The same target with only what the access level grants. @throws ConfigError when the target itself has less */
export function restrict<A extends AccessLevel>(target: Target<A>, access: A): Target<A> {
  const granted = accessLevels.slice(0, accessLevels.indexOf(access) + 1).flatMap((level) => members[level]);
  const full = target as unknown as Record<string, unknown>;
  const missing = granted.find((name) => full[name] === undefined);
  if (missing !== undefined) {
    throw new ConfigError(`target: expected one with access '${access}', got one without '${missing}'.`, 'target');
  }
  return Object.fromEntries(granted.map((name) => [name, full[name]])) as unknown as Target<A>;
}
