/**
 * The space in which categories stay as they are. An attack that stops right behind a boundary, part of the way to another category,
 * is undone when categories are decided; where numbers that may lie anywhere are left, it moves those alone. Where none are, it
 * moves categories as if they were numbers, for better or worse.
 */
import type { InputSpace } from '../space.ts';

export function numbersAlone(space: InputSpace): InputSpace {
  const fixed = space.fixed.map((one, j) => one | space.discrete[j]!);
  return fixed.includes(0) ? { ...space, fixed } : space;
}
