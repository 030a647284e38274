/** Rows of a data set in the form that training reads. */
import type { Examples } from '../engine/index.ts';
import { type Dataset, take } from './dataset.ts';

/** The rows at `indices` (default all), renumbered from 0, through the data set's transform. */
export function examples(dataset: Dataset, indices?: Int32Array): Examples {
  return {
    size: indices?.length ?? dataset.size,
    inputShape: dataset.inputShape,
    classes: dataset.classes,
    take: (wanted) => take(dataset, indices ? Int32Array.from(wanted, (i) => indices[i]!) : wanted),
  };
}
