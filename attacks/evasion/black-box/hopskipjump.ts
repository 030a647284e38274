/** HopSkipJump: from labels alone, along the decision boundary, by estimating which way it is nearer. */
import { bisections, hopSkipJump as walk } from '../../boundary/index.ts';
import { defineEvasionAttack } from '../define-evasion.ts';
import { acrossQuestions, checkStarts, startAcross } from './start.ts';

export const hopskipjump = defineEvasionAttack({
  name: 'hopskipjump',
  title: 'HopSkipJump',
  paper:
    'Chen, Jordan, Wainwright 2020, HopSkipJumpAttack: A Query-Efficient Decision-Based Attack, IEEE S&P, algorithms 1 and 2',
  threat: { access: 'label-only', knowledge: ['training-distribution'], goal: 'evasion' },
  options: {
    queries: { about: 'questions about each row', kind: 'whole', default: 5000, min: 50, max: 1e7 },
    directions: {
      about: 'directions of the first step; 0: four for each number, at most 100',
      kind: 'whole',
      default: 0,
      min: 0,
      max: 10_000,
    },
  },
  norms: ['l2', 'linf'],
  seeks: 'nearest',
  targeted: true,
  family: 'decision-based',
  canary: { norm: 'l2', epsilon: 1.2, below: 0.1, options: { queries: 600 } },
  check: checkStarts,
  async run({ options, ...task }) {
    const { width } = task.space;
    const questions = acrossQuestions(task);
    const least = bisections(questions.norm, width);
    const rows = await startAcross(task, questions, options.queries - least);
    await walk({
      ...questions,
      rows,
      nearest: task.best,
      queries: options.queries,
      directions: options.directions || Math.min(100, 4 * width),
      rng: task.rng.split('walk'),
      onProgress: task.onProgress,
    });
  },
});
