/** Numbers over classes, and how the tables write them. */
import type { shokriAttack } from '../../membership/index.ts';
import type { Cell } from '../../runner/index.ts';

export type Judged = ReturnType<typeof shokriAttack.parseResult>;

/** null: of none */
export function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}

/** The shares of the classes that have one. */
export const perClassOf = (judged: Judged, what: 'precision' | 'recall') =>
  judged.perClass.flatMap((share) => (share[what].value === null ? [] : [share[what].value]));
export const percent = (share: number | null) => (share === null ? 'none' : `${(100 * share).toFixed(1)} %`);
export const withInterval = (share: { value: number | null; low: number; high: number } | null): Cell =>
  share === null || share.value === null
    ? 'not resolved'
    : { value: percent(share.value), interval: `[${percent(share.low)}, ${percent(share.high)}]` };
export const overClasses = (values: readonly number[]): Cell =>
  values.length === 0
    ? 'none'
    : {
        value: percent(median(values)),
        interval: `[${percent(Math.min(...values))}, ${percent(Math.max(...values))}]`,
      };
