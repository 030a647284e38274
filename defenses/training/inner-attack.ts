/**
 * Adversarial examples made inside a training step, on tensors: no row leaves the engine.
 *
 *   x_{t+1} = clip(x_t + alpha sign(grad_x L(x_t)), B),   B = {x' : |x' - x| <= epsilon r, low <= x' <= high}
 *
 * r is 0 for numbers that cannot change and 1 for the rest. Source: Madry et al. 2018 (ICLR), section 2.1.
 */
import type { InputSpace } from '../../attacks/evasion/index.ts';
import { type Classifier, nn, ops, type Rng, randomUniform, type Tensor, valueAndGrad } from '../../engine/index.ts';

export interface Ball {
  /** how far each number may go [1, ...inputShape] */
  readonly reach: Tensor;
  /** [n, ...inputShape] */
  readonly low: Tensor;
  readonly high: Tensor;
}

/** What may become of each row of x: the L-infinity ball within the bounds, in the current scope. */
export function ballAround(x: Tensor, space: InputSpace, epsilon: number): Ball {
  const { engine, dtype } = x;
  const row = (values: ArrayLike<number>) =>
    engine.tensor(Float64Array.from(values), [1, ...x.shape.slice(1)], { dtype });
  const reach = row(Array.from(space.fixed, (fixed) => (fixed ? 0 : epsilon)));
  return {
    reach,
    low: ops.maximum(ops.sub(x, reach), row(space.low)),
    high: ops.minimum(ops.add(x, reach), row(space.high)),
  };
}

export const inside = (x: Tensor, { low, high }: Ball): Tensor => ops.minimum(ops.maximum(x, low), high);

/** Uniform in the ball; where it leaves the bounds it is left there, as Wong et al. 2020 do: the first step brings it back. */
export function uniformStart(x: Tensor, { reach }: Ball, rng: Rng): Tensor {
  const { engine, dtype } = x;
  return ops.add(x, ops.mul(randomUniform(engine, rng, x.shape, { low: -1, high: 1, dtype }), reach));
}

/**
 * Steps of one size up a loss of x, from a start.
 * @param loss one number, such as a sum over rows
 */
export function climb(
  start: Tensor,
  ball: Ball,
  { steps, stepSize, loss }: { steps: number; stepSize: number; loss: (x: Tensor) => Tensor },
): Tensor {
  let at = start;
  for (let step = 0; step < steps; step++) {
    at = start.engine.run('attack step', () => {
      const { grads } = valueAndGrad(loss, at, { release: true });
      return inside(ops.add(at, ops.scale(ops.sign(grads as Tensor), stepSize)), ball);
    });
  }
  return at;
}

/** The cross-entropy of a classifier as it is now, summed over rows: what adversarial training climbs. Dropout is off. */
export const crossEntropyOf =
  ({ model, params }: Classifier, y: Tensor) =>
  (x: Tensor): Tensor =>
    ops.sum(ops.crossEntropy(model.apply(params, x, nn.EVAL), y));

/** Size of a step in epsilons where nobody says: 2.5 / steps, but at least 0.01 of 0.3, as the attack of the same name has it. */
export const stepOf = (step: number, steps: number): number => (step > 0 ? step : Math.max(1 / 30, 2.5 / steps));

/** Options that adversarial training has in common. */
export const epsilonOption = {
  about: 'largest change of each number, in the units that the model sees; 8/255 is usual for colour images',
  default: 0.3,
  min: 0,
  max: 1e6,
};
export const stepsOption = { about: 'of the inner attack', kind: 'whole', default: 10, min: 1, max: 1000 } as const;
export const stepOption = {
  about: 'size of a step, in epsilons; 0: 2.5 / steps, but at least 1/30',
  default: 0,
  min: 0,
  max: 2,
};
