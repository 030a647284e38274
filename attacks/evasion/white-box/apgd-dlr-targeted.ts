/**
 * Auto-PGD on the targeted difference of logits ratio, aimed at the likeliest other classes one after another; any wrong class counts.
 * It needs four classes; with three it climbs the untargeted ratio, with two the margin, both once. Where classes to reach are given, it
 * aims at those, and nothing else counts.
 */
import { defineEvasionAttack } from '../define-evasion.ts';
import { losses } from '../losses.ts';
import { openStanding } from '../standing.ts';
import { climbAdaptively, dlrFor } from './apgd.ts';
import { APGD_OPTIONS, APGD_PAPER } from './apgd-ce.ts';

/** Loss, and how many classes it can be aimed at. */
export function aimedDlr(classes: number, wanted: number, targeted: boolean) {
  const enough = classes >= losses.dlr.classes.targeted;
  return { loss: dlrFor(classes, enough || targeted), classes: enough ? wanted : 0 };
}

export const apgdDlrTargeted = defineEvasionAttack({
  name: 'apgd-dlr-targeted',
  title: 'Auto-PGD, targeted difference of logits ratio (APGD-T)',
  paper: `${APGD_PAPER}, section 4, equation 7`,
  threat: { access: 'gradients', knowledge: ['architecture'], goal: 'evasion' },
  options: {
    ...APGD_OPTIONS,
    classes: { about: 'other classes to aim at, the likeliest first', default: 9, min: 1, max: 1_000_000 },
  },
  norms: ['linf', 'l2'],
  seeks: 'within',
  targeted: true,
  family: 'iterative',
  needs: [],
  canary: { norm: 'linf', epsilon: 0.3, below: 0.1, options: { steps: 20, classes: 3 } },
  run: ({ target, options, ...task }) =>
    climbAdaptively(target, task, openStanding(task), {
      ...options,
      ...aimedDlr(target.classes, options.classes, task.targets !== null),
      name: 'apgd-dlr-targeted',
    }),
});
