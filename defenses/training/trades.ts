/**
 * A trade-off between being right and staying the same inside the ball:
 *
 *   L = CE(f(x), y) + beta KL(softmax f(x) || softmax f(x')),   x' = argmax over the ball of that KL
 *
 * x' is climbed to from x with normal noise of 0.001; gradients flow through both sides of the KL, as in the authors' code.
 */
import { nn, ops, randomNormal, type Tensor } from '../../engine/index.ts';
import { defineDefense } from '../define-defense.ts';
import { ballAround, climb, epsilonOption, inside, stepOf, stepOption, stepsOption } from './inner-attack.ts';

/** sum_c p_c (log p_c - log q_c) of each row, p and q the softmax of logits [n, classes] -> [n] */
export function divergence(p: Tensor, q: Tensor): Tensor {
  return ops.sum(ops.mul(ops.softmax(p), ops.sub(ops.logSoftmax(p), ops.logSoftmax(q))), 1);
}

/** Both terms, from logits of clean rows and then of their adversarial ones [2n, classes] -> [n] */
export function tradesLoss(logits: Tensor, labels: Tensor, beta: number): Tensor {
  const [n, classes] = [logits.shape[0]! / 2, logits.shape[1]!];
  const half = (from: number) => ops.slice(logits, [from, 0], [n, classes]);
  const [clean, adversarial] = [half(0), half(n)];
  return ops.add(ops.crossEntropy(clean, labels), ops.scale(divergence(clean, adversarial), beta));
}

const START_STD = 1e-3;

export const trades = defineDefense({
  name: 'trades',
  title: 'TRADES: accuracy traded against staying the same in the ball',
  paper:
    'Zhang, Yu, Jiao, Xing, El Ghaoui and Jordan 2019, Theoretically principled trade-off between robustness and accuracy (ICML), algorithm 1',
  stage: 'training',
  options: {
    beta: { about: 'weight of the divergence, 1 / lambda of the paper', default: 6, min: 0, max: 1000 },
    epsilon: epsilonOption,
    steps: stepsOption,
    step: stepOption,
  },
  off: { beta: 0 },
  needsReserve: false,
  canary: null, // as for adversarial training
  robust: { norm: 'linf', epsilon: 0.15, options: { epsilon: 0.15, steps: 7 }, claim: 'resists' },
  needsBounds: true,
  fit: ({ engine, classifier: { model, params }, space, options }) => ({
    batch({ x, y }, { rng }) {
      const ball = ballAround(x, space, options.epsilon);
      const noise = randomNormal(engine, rng.split('start'), x.shape, { std: START_STD, dtype: x.dtype });
      const own = engine.noGrad(() => ops.softmax(model.apply(params, x, nn.EVAL)));
      const { steps } = options;
      const adversarial = climb(inside(ops.add(x, noise), ball), ball, {
        steps,
        stepSize: stepOf(options.step, steps) * options.epsilon,
        // the divergence but for the entropy of the clean side, which does not depend on x'
        loss: (at) => ops.sum(ops.crossEntropy(model.apply(params, at, nn.EVAL), own)),
      });
      return { x: ops.concat([x, adversarial], 0), y };
    },
    loss: (z, y) => tradesLoss(z, y, options.beta),
  }),
});
