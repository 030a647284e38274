/** Figures of an evaluation of robustness, as curves over one pair of axes. */

import type { RobustnessPoint, RobustnessRecord } from '../robustness/index.ts';
import type { Curve, Curves } from '../runner/index.ts';
import { goalOf, NORMS } from './robustness-words.ts';

/** Rows that stay right by how much may be changed: the worst case, each attack, and noise that is no attack. */
export function securityCurves(record: RobustnessRecord): Curves {
  const { clean, attacks, worst, controls, norm, wanted } = record;
  const goal = goalOf(record);
  // with a wanted class the rows that are not of it yet are counted, whose share has no interval in the record
  const start = wanted === null ? { x: 0, y: goal.start, low: clean.low, high: clean.high } : { x: 0, y: goal.start };
  const curveOf = (name: string, points: readonly Pick<RobustnessPoint, 'epsilon' | 'robust'>[]): Curve => ({
    name,
    points: [
      start,
      ...points.map(({ epsilon, robust }) => ({
        x: epsilon,
        y: robust.value ?? 0,
        low: robust.low,
        high: robust.high,
      })),
    ],
  });
  return {
    title: 'Robust accuracy by the size of the perturbation',
    x: { label: `Largest perturbation (${NORMS[norm]})` },
    y: {
      label: `Rows that ${goal.stays}`,
      percent: true,
      domain: [0, 1],
    },
    curves: [
      ...(attacks.length > 1 ? [{ ...curveOf('Worst case', worst), main: true }] : []),
      ...attacks.map(({ title, curve }) => curveOf(title, curve)),
      ...(controls.noise ? [curveOf(`Random noise, ${controls.noise.tries} draws`, controls.noise.curve)] : []),
    ],
  };
}

/** The mean loss that the attack climbs, step by step. */
export function climbCurves({ attack, losses }: NonNullable<RobustnessRecord['controls']['convergence']>): Curves {
  const points = losses.flatMap((y, x) => (y === null ? [] : [{ x, y }]));
  return {
    title: `Mean loss of ${attack} by its steps`,
    x: { label: 'Step' },
    y: { label: 'Mean loss of the rows' },
    curves: [{ name: attack, points }],
  };
}
