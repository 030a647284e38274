/**
 * Small input gradients, by double backpropagation:
 *
 *   L = CE(f(x), y) + lambda |grad_x CE(f(x), y)|^2
 */
import { grad, leaf, ops, type Tensor } from '../../engine/index.ts';
import { defineDefense } from '../define-defense.ts';

/** The loss of each row with its penalty. @param x on the tape of the logits; row i's loss depends on row i alone */
export function gradientPenalised(logits: Tensor, labels: Tensor, x: Tensor, lambda: number): Tensor {
  const loss = ops.crossEntropy(logits, labels);
  const [gradient] = grad(ops.sum(loss), [x], { createGraph: true });
  const n = x.shape[0]!;
  const rows = ops.reshape(gradient!, [n, x.size / n]);
  return ops.add(loss, ops.scale(ops.sum(ops.mul(rows, rows), 1), lambda));
}

export const inputGradient = defineDefense({
  name: 'input-gradient-regularisation',
  title: 'Input gradients kept small, by double backpropagation',
  paper:
    'Ross and Doshi-Velez 2018, Improving the adversarial robustness and interpretability of deep neural networks by regularizing their input gradients (AAAI), equation 4',
  stage: 'training',
  options: {
    lambda: { about: 'weight of the squared norm of the input gradient', default: 1, min: 0, max: 1e6 },
  },
  off: { lambda: 0 },
  needsReserve: false,
  canary: null, // rows that are fitted exactly have no gradient to be penalised for
  robust: { norm: 'linf', epsilon: 0.15, options: { lambda: 1 }, claim: 'resists' },
  fit({ options }) {
    let input: Tensor | null = null;
    return {
      batch({ x, y }) {
        input = leaf(x);
        return { x: input, y };
      },
      loss: (z, y) => gradientPenalised(z, y, input!, options.lambda),
    };
  },
});
