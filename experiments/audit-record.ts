/** The record of one membership audit, `keyhole.audit/1`: what a run writes and what the report and the table read. */
import * as v from 'valibot';
import { intervalMethods, shadowDataKinds } from '../attacks/index.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const seconds = v.pipe(v.number(), v.minValue(0));

export const estimateSchema = v.object({
  /** null: the data do not define it */
  value: v.nullable(v.number()),
  low: v.number(),
  high: v.number(),
  n: count,
  confidence: v.pipe(v.number(), v.gtValue(0), v.ltValue(1)),
  method: v.picklist(intervalMethods),
});

const accessSchema = v.picklist(['none', 'label-only', 'probabilities', 'logits', 'gradients', 'white-box']);
const warningSchema = v.object({ code: v.string(), message: v.string() });

/** one model after another on one thread, a model a thread, or kernels split over threads */
export const threadsSchema = v.object({
  how: v.picklist(['one', 'models', 'kernels']),
  count: v.pipe(v.number(), v.integer(), v.minValue(1)),
});

export const rocSchema = v.pipe(
  v.object({ fpr: v.array(share), tpr: v.array(share) }),
  v.check((r) => r.fpr.length === r.tpr.length, 'roc: expected as many fpr as tpr'),
);

const histogramSchema = v.pipe(
  v.object({
    /** bins + 1 edges, increasing; scores beyond the outer edges are counted in the outer bins */
    edges: v.array(v.number()),
    members: v.array(count),
    nonMembers: v.array(count),
  }),
  v.check(
    (h) => h.members.length === h.nonMembers.length && h.edges.length === h.members.length + 1,
    'histogram: expected one more edge than bins, and as many bins for members as for non-members',
  ),
);

/** null: too few non-members to resolve that false-positive rate */
const tprSchema = v.object({
  '0.1': v.nullable(estimateSchema),
  '0.01': v.nullable(estimateSchema),
  '0.001': v.nullable(estimateSchema),
});

/** the attack's own threshold, judged within each class */
const perClassSchema = v.object({
  classes: v.array(
    v.object({
      name: v.string(),
      members: count,
      nonMembers: count,
      /** precision of guessing: the share of members */
      baseline: share,
      precision: estimateSchema,
      recall: estimateSchema,
    }),
  ),
  medianPrecision: estimateSchema,
  medianRecall: estimateSchema,
});

export const auditAttackSchema = v.object({
  name: v.string(),
  title: v.string(),
  paper: v.string(),
  access: accessSchema,
  auc: estimateSchema,
  balancedAccuracy: v.nullable(estimateSchema),
  advantage: v.nullable(estimateSchema),
  tprAtFpr: tprSchema,
  queries: count,
  /** how the data of the models that it used lie to the target's; absent: not known */
  shadowData: v.optional(v.picklist(shadowDataKinds)),
  seconds,
  warnings: v.array(warningSchema),
  roc: rocSchema,
  histogram: histogramSchema,
  threat: v.object({ access: accessSchema, knowledge: v.array(v.string()), goal: v.string() }),
  /** absent: the attack only ranks, or the record is older than this field */
  perClass: v.optional(perClassSchema),
});

/** One attack on parts of the records. */
const sliceTableSchema = v.object({
  attack: v.string(),
  by: v.string(),
  /** how many intervals it holds: each is one look more at the same scores */
  looks: count,
  slices: v.array(
    v.object({
      value: v.string(),
      members: count,
      nonMembers: count,
      tooSmall: v.boolean(),
      auc: v.nullable(estimateSchema),
      balancedAccuracy: v.nullable(estimateSchema),
      tprAtFpr: tprSchema,
    }),
  ),
});

/** The members that the target gives away most, by the privacy risk score. */
const exposedSchema = v.object({
  signal: v.string(),
  prior: share,
  records: v.array(v.object({ row: count, class: v.string(), score: v.number(), risk: share })),
  /** of the risk, over all records */
  histogram: histogramSchema,
});

/** Classifiers that see the records and never the model. */
const controlSchema = v.object({
  classifiers: v.array(v.object({ name: v.string(), auc: estimateSchema })),
  folds: count,
  features: count,
  broken: v.boolean(),
});

/** Attack a less attack b on the same records. */
const pairedSchema = v.object({
  a: v.string(),
  b: v.string(),
  auc: estimateSchema,
  aucDeLong: estimateSchema,
  /** of equal AUCs, two-sided, by DeLong's variance; null where that is 0 */
  pValue: v.nullable(share),
  tprAtFpr: tprSchema,
});

export const targetSchema = v.object({
  kind: v.picklist(['function', 'onnx', 'http']),
  /** what it answers with */
  outputs: v.picklist(['labels', 'probabilities', 'logits']),
  /** of the model's file */
  sha256: v.optional(v.string()),
  /** rows that it was to be asked about; `dataset` has those that it answered */
  given: v.object({ members: count, nonMembers: count, population: count }),
  ledger: v.object({
    queries: count,
    remembered: count,
    requests: count,
    retries: count,
    failures: count,
    bytesSent: count,
    bytesReceived: count,
    seconds,
  }),
});

export const auditSchema = v.object({
  schema: v.literal('keyhole.audit/1'),
  dataset: v.object({ name: v.string(), sha256: v.string(), members: count, nonMembers: count, classes: count }),
  /** parameters, epochs and seconds of training are null for somebody else's model */
  model: v.object({ name: v.string(), parameters: v.nullable(count) }),
  /** accuracies are null where the true labels are not known */
  train: v.object({
    accuracy: v.nullable(share),
    testAccuracy: v.nullable(share),
    epochs: v.nullable(count),
    seconds: v.nullable(seconds),
  }),
  /** somebody else's model: how it was reached, and what it was asked */
  target: v.optional(targetSchema),
  attacks: v.array(auditAttackSchema),
  /** what was looked at besides; absent where there was too little for it, or in older records */
  slices: v.optional(v.array(sliceTableSchema)),
  exposed: v.optional(exposedSchema),
  control: v.optional(controlSchema),
  paired: v.optional(v.array(pairedSchema)),
  /** how many shadow models there were; absent: one */
  shadows: v.optional(count),
  /** models that were trained on random halves of the tested records, besides; absent: none */
  references: v.optional(count),
  /** rows that no model was trained on, as attacks had them; absent: not known */
  population: v.optional(count),
  seed: v.union([v.number(), v.string()]),
  /** the kernels it ran on */
  build: v.picklist(['base', 'relaxed', 'reference']),
  /** how the work was spread, which like the time it took changes no result; absent: not known */
  threads: v.optional(threadsSchema),
  seconds,
  warnings: v.array(warningSchema),
  command: v.optional(v.string()),
  /** as the caller wants it shown; a record without one is reproducible to the byte */
  date: v.optional(v.string()),
  version: v.string(),
});

export type AuditRecord = v.InferOutput<typeof auditSchema>;
export type AuditAttack = v.InferOutput<typeof auditAttackSchema>;
export type AuditEstimate = v.InferOutput<typeof estimateSchema>;

/** Checks a parsed JSON value; the error names the path of what is wrong. */
export function parseAudit(value: unknown): AuditRecord {
  const result = v.safeParse(auditSchema, value);
  if (result.success) return result.output;
  const issue = result.issues[0];
  throw new TypeError(`audit record: ${v.getDotPath(issue) ?? 'top level'}: ${issue.message}`);
}
