/**
 * Auto-PGD on the targeted difference of logits ratio, aimed at the likeliest other classes one after another; any wrong class counts.
 * It needs four classes; with fewer it climbs the margin of each class aimed at. Where classes to reach are given, it aims at those, and
 * nothing else counts.
 */
import { defineEvasionAttack } from '../define-evasion.ts';
import { openStanding } from '../standing.ts';
import { AIMED } from './aimed.ts';
import { climbAdaptively, dlrFor } from './apgd.ts';
import { APGD_OPTIONS, APGD_PAPER } from './apgd-ce.ts';

export const apgdDlrTargeted = defineEvasionAttack({
  name: 'apgd-dlr-targeted',
  title: 'Auto-PGD, targeted difference of logits ratio (APGD-T)',
  paper: `${APGD_PAPER}, section 4, equation 7`,
  threat: { access: 'gradients', knowledge: ['architecture'], goal: 'evasion' },
  options: {
    ...APGD_OPTIONS,
    classes: AIMED,
  },
  norms: ['linf', 'l2'],
  seeks: 'within',
  targeted: true,
  family: 'iterative',
  canary: { norm: 'linf', epsilon: 0.3, below: 0.1, options: { steps: 20, classes: 3 } },
  run: ({ target, options, ...task }) =>
    climbAdaptively(target, task, openStanding(task), {
      ...options,
      loss: dlrFor(target.classes, true),
      name: 'apgd-dlr-targeted',
    }),
});
