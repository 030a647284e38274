import { ops, type Tensor } from '../../engine/index.ts';
import { defineDefense, held } from '../define-defense.ts';
import { teach } from './teaching.ts';

/**
 * T^2 times the cross-entropy of softmax(z / T) against softmax(t / T): the gradient of their divergence, kept at one size for
 * all T (Hinton et al. 2015, section 2). logits of student and teacher [n, classes] -> [n]
 */
export function distilled(student: Tensor, teacher: Tensor, temperature: number): Tensor {
  return ops.scale(softened(student, teacher, temperature), temperature * temperature);
}

/** The cross-entropy of softmax(z / T) against softmax(t / T). logits of student and teacher [n, classes] -> [n] */
export function softened(student: Tensor, teacher: Tensor, temperature: number): Tensor {
  const soft = ops.softmax(ops.scale(teacher, 1 / temperature));
  return ops.crossEntropy(ops.scale(student, 1 / temperature), soft);
}

/**
 * A teacher learns the training rows; the model that is published sees only other rows, with the teacher's softened answers and
 * never their labels.
 */
export const distillation = defineDefense({
  name: 'distillation',
  title: 'Knowledge distillation on other rows',
  paper:
    'Shejwalkar and Houmansadr 2021, Membership privacy for machine learning models through knowledge transfer (AAAI), section 4; loss of Hinton, Vinyals and Dean 2015',
  stage: 'training',
  options: {
    temperature: { about: "of teacher's and student's answers", default: 4, min: 0.01, max: 100 },
    held: { ...held, default: 0.5 },
  },
  off: null,
  needsReserve: true,
  canary: { lowers: 'loss', options: {} },
  train: (context) =>
    teach(context, {
      name: 'distillation',
      rows: context.reserve,
      studentLoss: (z, taught) => distilled(z, taught, context.options.temperature),
      measuredBy: 'teacher',
    }),
});
