/** Rates with their intervals, as records hold them. */
import * as v from 'valibot';

export { tprAtFprOf } from '../../rates.ts';

/** A share with its exact 95 % interval. */
export const shareSchema = v.object({
  value: v.nullable(v.number()),
  low: v.number(),
  high: v.number(),
  n: v.number(),
  confidence: v.number(),
  method: v.string(),
});

/** TPR by FPR; null: too few non-members to resolve that false-positive rate. */
export const tprAtFprSchema = v.strictObject({
  '0.1': v.nullable(shareSchema),
  '0.01': v.nullable(shareSchema),
  '0.001': v.nullable(shareSchema),
});
