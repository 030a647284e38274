/** Losses of each row [n]; take their mean to train. */
import {
  add,
  addScalar,
  affine,
  concat,
  crossEntropy,
  mean,
  mul,
  neg,
  oneHot,
  relu,
  reshape,
  sub,
  sum,
} from '../ops/index.ts';
import type { Tensor } from '../tensor/index.ts';

export type Loss = (outputs: Tensor, targets: Tensor) => Tensor;

export { crossEntropy };

/** Cross-entropy against labels smoothed by s: (1 - s) onehot + s / classes (Szegedy et al. 2016, section 7). */
export function smoothedCrossEntropy(logits: Tensor, labels: Tensor, smoothing: number): Tensor {
  const classes = logits.shape[1]!;
  const targets = oneHot(labels, classes, logits.dtype);
  const soft = affine(targets, 1 - smoothing, smoothing / classes);
  return crossEntropy(logits, soft);
}

/** Mean squared error of each row. outputs and targets [n, d] -> [n] */
export function mse(outputs: Tensor, targets: Tensor): Tensor {
  const difference = sub(outputs, targets);
  return mean(mul(difference, difference), 1);
}

/**
 * Binary cross-entropy of each row, by a two-class softmax cross-entropy, which keeps small losses exact.
 * @param logits [n]
 * @param targets probabilities [n]
 */
export function binaryCrossEntropy(logits: Tensor, targets: Tensor): Tensor {
  const column = (t: Tensor) => reshape(t, [t.size, 1]);
  const zero = logits.engine.zeros([logits.size, 1], logits.dtype);
  const two = concat([column(logits), zero], 1);
  return crossEntropy(two, concat([column(targets), column(addScalar(neg(targets), 1))], 1));
}

/** Multi-class hinge loss of each row: sum over c != y of max(0, 1 + z_c - z_y) (Weston & Watkins 1999). logits [n, classes], labels i32 [n] -> [n] */
export function hinge(logits: Tensor, labels: Tensor): Tensor {
  const target = oneHot(labels, logits.shape[1]!, logits.dtype);
  const own = reshape(sum(mul(logits, target), 1), [logits.shape[0]!, 1]);
  const margins = relu(add(sub(logits, own), addScalar(neg(target), 1)));
  return sum(mul(margins, addScalar(neg(target), 1)), 1);
}
