import { ops } from '../../engine/index.ts';
import { defineDefense } from '../define-defense.ts';
import { softened } from './distillation.ts';
import { teach } from './teaching.ts';

/**
 * Teacher and student are trained on softmax(z / T), the student on the same rows with the teacher's answers, and the student is
 * published at T = 1: its logits are then about T times as large as they need be, and softmax's gradients vanish. That hides
 * directions from attacks that follow the cross-entropy and takes none away.
 */
export const defensiveDistillation = defineDefense({
  name: 'defensive-distillation',
  title: 'Defensive distillation at a high temperature (gradient masking)',
  paper:
    'Papernot, McDaniel, Wu, Jha and Swami 2016, Distillation as a defense to adversarial perturbations (S&P), section IV; broken by Carlini and Wagner 2017 (S&P), section VIII',
  stage: 'training',
  options: { temperature: { about: 'T that both are trained at', default: 20, min: 1, max: 1000 } },
  off: null,
  needsReserve: false,
  canary: null, // the student fits the rows that its teacher fitted
  robust: { norm: 'linf', epsilon: 0.15, options: { temperature: 100 }, claim: 'masks' },
  train: (context) => {
    const { temperature } = context.options;
    return teach(context, {
      name: 'defensive distillation',
      rows: context.data,
      teacherLoss: (z, y) => ops.crossEntropy(ops.scale(z, 1 / temperature), y),
      studentLoss: (z, taught) => softened(z, taught, temperature),
      measuredBy: 'labels',
    });
  },
});
