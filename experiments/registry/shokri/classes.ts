/** What the tables cannot say of single classes: those of few records, those without an attack model, what was chosen for them. */

import { median } from '../../../attacks/index.ts';
import type { Cell, Table } from '../../runner/index.ts';
import { percent } from '../shares.ts';
import type { Judged } from './text.ts';

/** Members of a class below which its shares say little: the exact 95 % interval of a half is then over 36 points wide. */
const FEW = 30;

const list = (labels: readonly number[]) => `${labels.length === 1 ? 'Class' : 'Classes'} ${labels.join(', ')}`;

/** Warnings about single classes, for those that read a share without its interval. */
export function notesOnClasses(judged: Judged): string[] {
  const few = judged.perClass.filter(({ members, nonMembers }) => Math.min(members, nonMembers) < FEW);
  const notes = [];
  if (few.length > 0) {
    const least = Math.min(...few.map(({ members, nonMembers }) => Math.min(members, nonMembers)));
    notes.push(
      `${list(few.map(({ label }) => label))}: fewer than ${FEW} members or non-members (the least: ${least}), so that a single record ` +
        'moves a share by more than three points. The lowest and the highest class are often such ones; the median is steadier.',
    );
  }
  const silent = judged.perClass.filter(({ precision }) => precision.value === null).map(({ label }) => label);
  if (silent.length > 0)
    notes.push(
      `${list(silent)}: no record was called a member, so that there is no precision, and none in the median.`,
    );
  const { pooled } = judged;
  if (pooled.length > 0) {
    notes.push(
      `${list(pooled)}: too few rows of the shadow models for an attack model of their own; the one of all classes judged them.`,
    );
  }
  return notes;
}

/** What cross-validation chose for one attack model: C, gamma, its accuracy on held-out shadow models, rows searched. */
export type Chosen = Readonly<Record<string, number>>;

export interface ChosenAt {
  readonly size: number;
  readonly attack: string;
  /** of each class */
  readonly chosen: readonly Chosen[];
}

/** How many classes chose which values; null where no kind of attack model chooses. */
export function chosenTable(found: readonly ChosenAt[]): Table | null {
  const chose = found.flatMap(({ chosen, ...rest }) => {
    const some = chosen.filter((one) => Object.keys(one).length > 0);
    return some.length > 0 ? [{ ...rest, chosen: some }] : [];
  });
  if (chose.length === 0) return null;
  return {
    caption: 'By cross-validation over the shadow models: each value with the number of classes that chose it.',
    columns: ['Size, attack', 'C', 'gamma', 'Accuracy on held-out shadow models', 'Rows searched'],
    rows: chose.map(({ size, attack, chosen }) => [
      `${size}, ${attack}`,
      counted(chosen.map(({ c }) => c!)),
      counted(chosen.map(({ gamma }) => gamma!)),
      spreadOf(chosen.map(({ accuracy }) => accuracy!)),
      rangeOf(chosen.map(({ searchRows }) => searchRows!)),
    ]),
  };
}

function rangeOf(values: readonly number[]): string {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return least === most ? String(least) : `${least} to ${most}`;
}

/** `0.1: 3, 10: 7` */
function counted(values: readonly number[]): string {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([value, times]) => `${value}: ${times}`)
    .join(', ');
}

const spreadOf = (values: readonly number[]): Cell => ({
  value: percent(median(values)),
  interval: `[${percent(Math.min(...values))}, ${percent(Math.max(...values))}]`,
});
