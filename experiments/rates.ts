/** The false-positive rates of records. */
import type { Estimate } from '../attacks/index.ts';

/** Of the rates that an attack was measured at, those that records hold; null: too few non-members to resolve one. */
export const tprAtFprOf = (measured: Readonly<Record<string, Estimate | null>>) => ({
  '0.1': measured['0.1'] ?? null,
  '0.01': measured['0.01'] ?? null,
  '0.001': measured['0.001'] ?? null,
});
