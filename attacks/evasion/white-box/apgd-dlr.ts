/**
 * Auto-PGD on the difference of logits ratio, which no scale of the logits flattens. It needs three classes (four when it is aimed); with
 * fewer it climbs the margin.
 */
import { defineEvasionAttack } from '../define-evasion.ts';
import { openStanding } from '../standing.ts';
import { climbAdaptively, dlrFor } from './apgd.ts';
import { APGD_OPTIONS, APGD_PAPER } from './apgd-ce.ts';

export const apgdDlr = defineEvasionAttack({
  name: 'apgd-dlr',
  title: 'Auto-PGD, difference of logits ratio',
  paper: `${APGD_PAPER}, section 4, equation 6`,
  threat: { access: 'gradients', knowledge: ['architecture'], goal: 'evasion' },
  options: APGD_OPTIONS,
  norms: ['linf', 'l2'],
  seeks: 'within',
  targeted: true,
  family: 'iterative',
  canary: { norm: 'linf', epsilon: 0.3, below: 0.1, options: { steps: 20 } },
  run: ({ target, options, ...task }) =>
    climbAdaptively(target, task, openStanding(task), {
      ...options,
      loss: dlrFor(target.classes, task.targets !== null),
      classes: 0,
      name: 'apgd-dlr',
    }),
});
