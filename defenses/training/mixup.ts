import { type Batch, ops, type Rng, type Tensor } from '../../engine/index.ts';
import { exp, log } from '../../engine/math/index.ts';
import { defineDefense } from '../define-defense.ts';

/**
 * A draw from Beta(a, a) by Johnk 1964: u^(1/a) / (u^(1/a) + v^(1/a)), given that the sum is at most 1. The quotient is taken
 * of logarithms, since both powers underflow where a is small.
 */
export function symmetricBeta(a: number, rng: Rng): number {
  for (;;) {
    const [u, v] = [log(1 - rng.uniform()) / a, log(1 - rng.uniform()) / a];
    if (exp(u) + exp(v) <= 1) return 1 / (1 + exp(v - u));
  }
}

/** Each row moved towards another of the batch: lambda x + (1 - lambda) x', the same of their labels. */
export function mixed({ x, y }: Batch, lambda: number, partner: Tensor, classes: number): Batch {
  const blend = (rows: Tensor) => ops.add(ops.scale(rows, lambda), ops.scale(ops.gather(rows, partner), 1 - lambda));
  const n = x.shape[0]!;
  return {
    x: ops.reshape(blend(ops.reshape(x, [n, x.size / n])), x.shape),
    y: blend(ops.oneHot(y, classes, x.dtype)),
  };
}

/** Training on convex combinations of two rows and their labels, one lambda ~ Beta(alpha, alpha) a batch. */
export const mixup = defineDefense({
  name: 'mixup',
  title: 'Mixup: rows and labels blended in pairs',
  paper: 'Zhang et al. 2018, mixup: Beyond empirical risk minimization (ICLR), equation 1',
  stage: 'data',
  options: { alpha: { about: 'of Beta(alpha, alpha); 0 mixes nothing', default: 1, min: 0, max: 4 } },
  off: { alpha: 0 },
  needsReserve: false,
  canary: null, // a network that can memorise noise memorises its mixtures too: the attack loses a point or two of AUC
  fit: ({ options, classifier }) => ({
    batch(batch, { rng }) {
      const draws = rng.split('mixup');
      const lambda = symmetricBeta(options.alpha, draws);
      const partner = batch.x.engine.tensor(draws.permutation(batch.x.shape[0]!));
      return mixed(batch, lambda, partner, classifier.model.classes);
    },
  }),
});
