/** Losses of each row [n]; take their mean to train. */
import * as ops from '../ops/index.ts';
import type { Tensor } from '../tensor/index.ts';

export type Loss = (outputs: Tensor, targets: Tensor) => Tensor;

export { crossEntropy } from '../ops/index.ts';

/** Cross-entropy against labels smoothed by s: (1 - s) onehot + s / classes (Szegedy et al. 2016, section 7). */
export function smoothedCrossEntropy(logits: Tensor, labels: Tensor, smoothing: number): Tensor {
  const classes = logits.shape[1]!;
  const targets = ops.oneHot(labels, classes, logits.dtype);
  const soft = ops.affine(targets, 1 - smoothing, smoothing / classes);
  return ops.crossEntropy(logits, soft);
}

/** Mean squared error of each row. outputs and targets [n, d] -> [n] */
export function mse(outputs: Tensor, targets: Tensor): Tensor {
  const difference = ops.sub(outputs, targets);
  return ops.mean(ops.mul(difference, difference), 1);
}

/**
 * Binary cross-entropy of each row, by a two-class softmax cross-entropy, which keeps small losses exact.
 * @param logits [n]
 * @param targets probabilities [n]
 */
export function binaryCrossEntropy(logits: Tensor, targets: Tensor): Tensor {
  const column = (t: Tensor) => ops.reshape(t, [t.size, 1]);
  const zero = logits.engine.zeros([logits.size, 1], logits.dtype);
  const two = ops.concat([column(logits), zero], 1);
  return ops.crossEntropy(two, ops.concat([column(targets), column(ops.addScalar(ops.neg(targets), 1))], 1));
}

/** Multi-class hinge loss of each row: sum over c != y of max(0, 1 + z_c - z_y) (Weston & Watkins 1999). logits [n, classes], labels i32 [n] -> [n] */
export function hinge(logits: Tensor, labels: Tensor): Tensor {
  const target = ops.oneHot(labels, logits.shape[1]!, logits.dtype);
  const own = ops.reshape(ops.sum(ops.mul(logits, target), 1), [logits.shape[0]!, 1]);
  const margins = ops.relu(ops.add(ops.sub(logits, own), ops.addScalar(ops.neg(target), 1)));
  return ops.sum(ops.mul(margins, ops.addScalar(ops.neg(target), 1)), 1);
}
