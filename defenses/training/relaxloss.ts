import { ops, type Tensor } from '../../engine/index.ts';
import { defineDefense } from '../define-defense.ts';

/**
 * Labels that keep the model's own p of the true class and spread the rest evenly: p_y onehot + (1 - p_y) / (classes - 1)
 * elsewhere; no gradient flows through them. logits [n, classes], labels [n] -> [n, classes]
 */
export function flattened(logits: Tensor, labels: Tensor): Tensor {
  const [n, classes] = logits.shape as readonly [number, number];
  const own = ops.oneHot(labels, classes, logits.dtype);
  const p = ops.sum(ops.mul(ops.softmax(logits.detach()), own), 1);
  const rest = ops.reshape(ops.affine(p, -1 / (classes - 1), 1 / (classes - 1)), [n, 1]);
  const column = ops.reshape(p, [n, 1]);
  return ops.add(ops.mul(own, ops.sub(column, rest)), rest);
}

/**
 * The batch's mean loss L is held at alpha. L >= alpha: descent on L. Below it, even epochs ascend (the loss shown is
 * alpha - l, whose gradient is -dl), odd ones descend on the cross-entropy against flattened labels. The authors' code ascends
 * in odd epochs too, and flattens misclassified rows only; this is the algorithm as printed.
 */
export function relaxedLoss(logits: Tensor, labels: Tensor, alpha: number, epoch: number): Tensor {
  const loss = ops.crossEntropy(logits, labels);
  if (ops.mean(loss.detach()).item() >= alpha) return loss;
  return epoch % 2 === 0 ? ops.affine(loss, -1, alpha) : ops.crossEntropy(logits, flattened(logits, labels));
}

export const relaxloss = defineDefense({
  name: 'relaxloss',
  title: 'RelaxLoss: the loss held at a level by ascent and flatter labels',
  paper: 'Chen, Yu and Fritz 2022, RelaxLoss (ICLR), algorithm 1',
  stage: 'training',
  options: {
    alpha: { about: 'mean loss that is good enough, in nats; 0 asks for the least', default: 0.5, min: 0, max: 10 },
  },
  off: { alpha: 0 },
  needsReserve: false,
  canary: { lowers: 'loss', options: { alpha: 1 } },
  fit: ({ options }) => ({ loss: (z, y, { epoch }) => relaxedLoss(z, y, options.alpha, epoch) }),
});
