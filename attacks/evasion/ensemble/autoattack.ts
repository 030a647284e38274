/**
 * AutoAttack, the standard ensemble: Auto-PGD on the cross-entropy, Auto-PGD on the targeted DLR, the targeted fast adaptive boundary
 * attack, Square; each gets the rows that the ones before left standing, so that what is robust is robust against all four. Nothing
 * needs tuning; fewer steps, classes or questions are for quick looks.
 *
 * The targeted DLR needs four classes. With fewer its authors' code warns that it cannot be used, and has nothing in its place; here the
 * second member then climbs the margin of each other class, whose steps do not depend on the scale of the logits either. (The untargeted
 * DLR of three classes has false summits: it also rises when the third logit falls.) With fewer than ten classes all others are aimed at.
 */
import { searchWithSquares } from '../black-box/index.ts';
import { defineEvasionAttack, type EvasionTask } from '../define-evasion.ts';
import { losses } from '../losses.ts';
import { openStanding } from '../standing.ts';
import { AIMED, climbAdaptively, dlrFor, FAB_DEFAULTS, walkTheBoundary } from '../white-box/index.ts';

const RHO = 0.75;

export const autoattack = defineEvasionAttack({
  name: 'autoattack',
  title: 'AutoAttack, standard',
  paper:
    'Croce, Hein 2020, Reliable Evaluation of Adversarial Robustness with an Ensemble of Diverse Parameter-free Attacks, ICML, section 6',
  threat: { access: 'gradients', knowledge: ['architecture'], goal: 'evasion' },
  options: {
    steps: { about: 'steps of each climb and walk', kind: 'whole', default: 100, min: 1, max: 100_000 },
    restarts: { about: 'random starts of each', kind: 'whole', default: 1, min: 1, max: 1000 },
    classes: AIMED,
    queries: { about: 'questions about each row in Square', kind: 'whole', default: 5000, min: 1, max: 10_000_000 },
  },
  norms: ['linf', 'l2'],
  seeks: 'within',
  targeted: true,
  family: 'ensemble',
  canary: { norm: 'linf', epsilon: 0.3, below: 0.1, options: { steps: 10, classes: 3, queries: 100 } },
  async run({ target, options, ...task }) {
    const { steps, restarts, classes, queries } = options;
    const standing = openStanding(task);
    const members: readonly ((own: EvasionTask) => Promise<void>)[] = [
      (own) =>
        climbAdaptively(target, own, standing, {
          loss: losses.crossEntropy,
          steps,
          restarts,
          rho: RHO,
          classes: 0,
          name: 'apgd-ce',
        }),
      (own) =>
        climbAdaptively(target, later(own, restarts), standing, {
          loss: dlrFor(target.classes, true),
          classes,
          steps,
          restarts,
          rho: RHO,
          name: 'apgd-dlr-targeted',
        }),
      (own) => {
        const goal = {
          rows: standing.open,
          enough: task.epsilon,
          found: (i: number, { values, at }: { values: Float32Array; at: number }, size: number) => {
            if (size <= task.epsilon) standing.take(i, values, at);
          },
        };
        return walkTheBoundary(target, own, goal, { ...FAB_DEFAULTS, steps, restarts, classes, name: 'fab-targeted' });
      },
      (own) =>
        searchWithSquares(own, standing, {
          queries,
          share: 0.8,
          rescale: false,
          inputShape: target.inputShape,
          classes: target.classes,
          scores: (x) => target.logits(x),
        }),
    ];
    for (const [m, member] of members.entries())
      await member({ ...task, onProgress: (done) => task.onProgress?.((m + done) / members.length) });
  },
});

/** The same task, whose climbs are counted from `climbs` on. */
function later(task: EvasionTask, climbs: number): EvasionTask {
  const { onStep } = task;
  return { ...task, ...(onStep && { onStep: (step) => onStep({ ...step, restart: step.restart + climbs }) }) };
}
