/** Transfer: rows that fool a model of the attacker's own, by momentum PGD, and so perhaps the target, which is asked nothing about them. */
import { ConfigError } from '../../../engine/index.ts';
import { defineEvasionAttack } from '../define-evasion.ts';
import { losses } from '../losses.ts';
import { ascend } from '../white-box/index.ts';
import { trainSubstitute } from './substitute.ts';

export const transfer = defineEvasionAttack({
  name: 'transfer',
  title: 'Transfer from a substitute',
  paper:
    'Papernot et al. 2017, Practical Black-Box Attacks against Machine Learning, AsiaCCS, section 4; steps: Dong et al. 2018, Boosting Adversarial Attacks with Momentum, CVPR',
  threat: { access: 'label-only', knowledge: ['training-distribution'], goal: 'evasion' },
  options: {
    steps: { about: 'gradient steps on the substitute', kind: 'whole', default: 20, min: 1, max: 100_000 },
    step: { about: 'size of a step, in epsilons; 0: 2 / steps', default: 0, min: 0, max: 2 },
    decay: { about: 'what is left of the sum of gradients at each step (mu); 0: PGD', default: 1, min: 0, max: 10 },
    rounds: {
      about: 'times that the rows a substitute is trained on are doubled (known.rows)',
      kind: 'whole',
      default: 2,
      min: 0,
      max: 10,
    },
    epochs: { about: 'of training a substitute', kind: 'whole', default: 20, min: 1, max: 10_000 },
  },
  norms: ['linf', 'l2', 'l1'],
  seeks: 'within',
  targeted: true,
  family: 'transfer',
  canary: { norm: 'linf', epsilon: 0.3, below: 0.2 },
  check({ known }) {
    if (known.substitute || known.rows) return;
    throw new ConfigError(
      'transfer: expected a substitute model, or rows to train one with, got neither. Give one of them (known.substitute, known.rows).',
      'known.substitute',
    );
  },
  async run({ target, options, known, engine, ...task }) {
    const climb = (on: NonNullable<typeof known.substitute>) =>
      ascend(on, task, {
        loss: losses.crossEntropy,
        steps: options.steps,
        stepSize: (options.step > 0 ? options.step : Math.min(1, 2 / options.steps)) * task.epsilon,
        restarts: 1,
        start: 'always-clean',
        momentum: options.decay,
        // past what fools the substitute: the target's boundary lies elsewhere
        full: true,
      });
    if (known.substitute) return climb(known.substitute);
    const substitute = await trainSubstitute({
      engine: await engine(),
      target,
      space: task.space,
      x: known.rows!.x,
      rounds: options.rounds,
      epochs: options.epochs,
      rng: task.rng.split('substitute'),
      signal: task.signal,
    });
    try {
      await climb(substitute.target);
    } finally {
      substitute.classifier.dispose();
    }
  },
});
