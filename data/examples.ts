/** Rows of a data set in the form that training reads. */
import type { Examples } from '../engine/index.ts';
import { type Dataset, take, takeInto } from './dataset.ts';

/** The rows at `indices` (default all), renumbered from 0, through the data set's transform. */
export function examples(dataset: Dataset, indices?: Int32Array): Examples {
  return {
    size: indices?.length ?? dataset.size,
    inputShape: dataset.inputShape,
    classes: dataset.classes,
    take(wanted, into) {
      const rows = indices ? chosen(indices, wanted) : wanted;
      if (!into) return take(dataset, rows);
      takeInto(dataset, rows, into);
      return into;
    },
  };
}

function chosen(indices: Int32Array, wanted: ArrayLike<number>): Int32Array {
  const rows = new Int32Array(wanted.length);
  for (let i = 0; i < rows.length; i++) rows[i] = indices[wanted[i]!]!;
  return rows;
}
