/** Numbers over classes, and how the tables write them. */
import { type Medians, medianOverClasses } from '../../../attacks/index.ts';
import { Rng } from '../../../engine/index.ts';
import type { shokriAttack } from '../../membership/index.ts';
import type { Cell } from '../../runner/index.ts';
import { percent, rangeOf } from '../shares.ts';

export type Judged = ReturnType<typeof shokriAttack.parseResult>;

/** The medians over the classes of precision and recall, with intervals of the parametric bootstrap. */
export function mediansOf({ perClass }: Judged): Medians {
  const classes = perClass.map(({ members, nonMembers, precision, recall }) => {
    const truePositives = Math.round((recall.value ?? 0) * members);
    return { members, nonMembers, truePositives, falsePositives: precision.n - truePositives, precision, recall };
  });
  return medianOverClasses({ classes, rng: Rng.from(0).split('medians over classes') });
}

/** The shares of the classes that have one. */
export const perClassOf = (judged: Judged, what: 'precision' | 'recall') =>
  judged.perClass.flatMap((share) => (share[what].value === null ? [] : [share[what].value]));
/** The median with its interval, then the lowest and the highest class. */
export function overClasses(judged: Judged, medians: Medians, what: 'precision' | 'recall'): Cell {
  const values = perClassOf(judged, what);
  if (values.length === 0) return 'none';
  const { value } = medians[what];
  const extremes = `${percent(Math.min(...values))} to ${percent(Math.max(...values))}`;
  return { value: percent(value), interval: `${rangeOf(medians[what])}, classes ${extremes}` };
}
