/** The JSON that each command prints, as schemas: `docs/json.md` describes them, the tests hold the output to both. */
import * as v from 'valibot';
import { benchSchema } from '../bench/index.ts';
import { auditSchema, dpAuditSchema, threadsSchema } from '../experiments/index.ts';
import { robustnessSchema } from '../experiments/robustness/index.ts';
import { recordSchema } from '../experiments/runner/index.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));

const optionSchema = v.strictObject({
  name: v.string(),
  about: v.optional(v.string()),
  type: v.string(),
  default: v.nullable(v.union([v.string(), v.number(), v.boolean()])),
  min: v.optional(v.number()),
  max: v.optional(v.number()),
});

export const listSchema = v.strictObject({
  schema: v.literal('keyhole.list/1'),
  items: v.array(
    v.strictObject({
      name: v.string(),
      title: v.string(),
      paper: v.string(),
      access: v.optional(v.string()),
      norms: v.optional(v.array(v.string())),
      targeted: v.optional(v.boolean()),
      seeks: v.optional(v.picklist(['within', 'nearest'])),
      stage: v.optional(v.string()),
      kind: v.optional(v.string()),
      licence: v.optional(v.string()),
      home: v.optional(v.string()),
      options: v.array(optionSchema),
      profiles: v.optional(v.array(v.strictObject({ name: v.string(), about: v.string() }))),
    }),
  ),
});

const setPlaceSchema = v.strictObject({
  name: v.string(),
  kind: v.picklist(['files', 'embedded', 'synthetic']),
  present: v.boolean(),
  place: v.nullable(v.string()),
});

export const infoSchema = v.strictObject({
  schema: v.literal('keyhole.info/1'),
  version: v.string(),
  node: v.string(),
  system: v.string(),
  cpu: v.strictObject({ model: v.string(), cores: count }),
  builds: v.array(
    v.strictObject({ name: v.picklist(['base', 'relaxed']), available: v.boolean(), reason: v.optional(v.string()) }),
  ),
  build: v.strictObject({ default: v.picklist(['base', 'relaxed']), chosen: v.picklist(['base', 'relaxed']) }),
  relaxedSimd: v.boolean(),
  threads: v.strictObject({
    available: count,
    sharedMemory: v.boolean(),
    kernels: v.boolean(),
    reason: v.nullable(v.string()),
  }),
  memory: v.strictObject({ machine: count, limit: count }),
  data: v.strictObject({ folder: v.string(), sets: v.array(setPlaceSchema) }),
});

const estimateSchema = v.strictObject({
  value: v.nullable(v.number()),
  low: v.number(),
  high: v.number(),
  n: count,
  confidence: v.number(),
  method: v.string(),
});

const measuredSchema = v.strictObject({ loss: v.number(), accuracy: estimateSchema });

const bound = v.nullable(v.union([v.pipe(v.number(), v.finite(), v.minValue(0)), v.literal('Infinity')]));
const lowerBound = v.nullable(v.pipe(v.number(), v.finite(), v.minValue(0)));

const privacySchema = v.strictObject({
  epsilon: v.strictObject({ upper: bound, lower: lowerBound }),
  delta: v.number(),
  target: v.nullable(v.number()),
  accountant: v.picklist(['pld', 'rdp', 'gdp']),
  neighbouring: v.picklist(['add-remove', 'replace-one']),
  unit: v.literal('record'),
  sampler: v.picklist(['poisson', 'shuffled']),
  records: count,
  sampleRate: share,
  noise: v.number(),
  clipping: v.picklist(['flat', 'per-layer', 'automatic', 'quantile']),
  clip: v.number(),
  finalClip: v.number(),
  exact: v.boolean(),
  inputs: v.picklist(['public', 'charged']),
  plannedSteps: count,
  stopped: v.picklist(['done', 'budget']),
  resumedAt: count,
  history: v.array(
    v.strictObject({ epoch: count, step: count, epsilon: v.union([v.number(), v.literal('Infinity')]) }),
  ),
  plan: v.array(v.string()),
  warnings: v.array(v.string()),
  statement: v.strictObject({ promises: v.array(v.string()), limits: v.array(v.string()) }),
  ledger: v.strictObject({
    format: v.literal('keyhole.ledger/1'),
    unit: v.literal('record'),
    neighbouring: v.picklist(['add-remove', 'replace-one']),
    entries: v.array(v.strictObject({ what: v.string(), event: v.looseObject({ kind: v.string() }), count })),
    marks: v.array(v.string()),
  }),
  notes: v.array(v.string()),
});

export const trainSchema = v.strictObject({
  schema: v.literal('keyhole.train/1'),
  dataset: v.strictObject({
    name: v.string(),
    sha256: v.string(),
    classes: count,
    train: count,
    validation: count,
    test: count,
  }),
  model: v.strictObject({ name: v.string(), parameters: count }),
  settings: v.strictObject({
    epochs: count,
    batchSize: count,
    optimizer: v.string(),
    learningRate: v.number(),
    momentum: v.number(),
    weightDecay: v.number(),
    schedule: v.string(),
    scheduleFactor: v.number(),
    scheduleEvery: v.number(),
    warmup: v.number(),
    labelSmoothing: share,
    augment: v.array(v.string()),
    earlyStopping: v.nullable(count),
  }),
  history: v.array(
    v.strictObject({
      epoch: count,
      loss: v.nullable(v.number()),
      validation: v.optional(v.strictObject({ loss: v.number(), accuracy: share, n: count })),
    }),
  ),
  epochs: count,
  steps: count,
  bestEpoch: v.nullable(count),
  train: v.nullable(measuredSchema),
  validation: v.nullable(measuredSchema),
  test: measuredSchema,
  privacy: v.nullable(privacySchema),
  seed: count,
  build: v.picklist(['base', 'relaxed', 'reference']),
  threads: threadsSchema,
  seconds: v.number(),
  command: v.string(),
  date: v.string(),
  version: v.string(),
});

export const dataListSchema = v.strictObject({
  schema: v.literal('keyhole.data-list/1'),
  folder: v.string(),
  sets: v.array(
    v.strictObject({
      ...setPlaceSchema.entries,
      title: v.string(),
      licence: v.string(),
      home: v.string(),
      bytes: v.nullable(count),
    }),
  ),
});

const momentsSchema = v.strictObject({
  min: v.number(),
  max: v.number(),
  mean: v.number(),
  std: v.number(),
  missing: count,
});

export const dataCheckSchema = v.strictObject({
  schema: v.literal('keyhole.data-check/1'),
  name: v.string(),
  sha256: v.string(),
  size: count,
  inputShape: v.array(count),
  classNames: v.array(v.string()),
  classCounts: v.array(count),
  parts: v.record(v.string(), v.strictObject({ size: count, classCounts: v.array(count) })),
  values: momentsSchema,
  channels: v.array(momentsSchema),
  duplicates: v.strictObject({ total: count, acrossParts: count, otherLabel: count }),
  place: v.nullable(v.string()),
  verified: v.boolean(),
});

export const dataGetSchema = v.strictObject({
  schema: v.literal('keyhole.data-get/1'),
  name: v.string(),
  folder: v.string(),
  files: v.array(v.strictObject({ name: v.string(), bytes: count, sha256: v.string() })),
});

const accountingEntries = {
  accountant: v.picklist(['pld', 'rdp', 'gdp']),
  neighbouring: v.picklist(['add-remove', 'replace-one']),
  delta: v.number(),
  sampling: v.picklist(['poisson', 'without-replacement', 'shuffled']),
  sampleRate: share,
  noise: v.pipe(v.number(), v.minValue(0)),
  steps: count,
  warnings: v.array(v.strictObject({ code: v.picklist(['large-delta', 'approximate']), message: v.string() })),
  command: v.string(),
};

export const epsilonSchema = v.strictObject({
  schema: v.literal('keyhole.epsilon/1'),
  epsilon: v.strictObject({ upper: bound, lower: lowerBound, estimate: bound }),
  approximate: v.boolean(),
  order: v.optional(v.number()),
  ...accountingEntries,
});

const chance = v.nullable(v.pipe(v.number(), v.minValue(0), v.maxValue(1)));

export const deltaSchema = v.strictObject({
  schema: v.literal('keyhole.delta/1'),
  ...accountingEntries,
  epsilon: v.number(),
  delta: v.strictObject({ upper: chance, lower: chance, estimate: chance }),
  approximate: v.boolean(),
  order: v.optional(v.number()),
});

export const calibrateSchema = v.strictObject({
  schema: v.literal('keyhole.calibrate/1'),
  epsilon: v.strictObject({ upper: bound, lower: lowerBound }),
  target: v.number(),
  ...accountingEntries,
});

export const runSchema = v.strictObject({
  schema: v.literal('keyhole.run/1'),
  experiment: v.string(),
  settings: v.record(v.string(), v.unknown()),
  folder: v.string(),
  jobs: v.strictObject({
    total: count,
    done: count,
    before: count,
    reused: count,
    failed: count,
    notStarted: count,
  }),
  failures: v.array(v.strictObject({ id: v.string(), name: v.string(), message: v.string() })),
  headline: v.string(),
  records: v.string(),
  report: v.string(),
  build: v.picklist(['base', 'relaxed']),
  workers: count,
  seconds: v.number(),
  command: v.string(),
  date: v.string(),
  version: v.string(),
});

export const reportSchema = v.strictObject({
  schema: v.literal('keyhole.report/1'),
  experiment: v.string(),
  folder: v.string(),
  report: v.string(),
  headline: v.string(),
  jobs: v.strictObject({ total: count, done: count }),
  missing: v.array(v.string()),
});

export const exportSchema = v.strictObject({
  schema: v.literal('keyhole.export/1'),
  model: v.strictObject({
    name: v.string(),
    parameters: count,
    inputShape: v.array(count),
    classes: count,
    dtype: v.picklist(['f32', 'f64']),
  }),
  source: v.string(),
  files: v.array(
    v.strictObject({ format: v.picklist(['onnx', 'safetensors']), path: v.string(), bytes: count, sha256: v.string() }),
  ),
  check: v.nullable(v.strictObject({ rows: count, largest: v.number() })),
  command: v.string(),
  date: v.string(),
  version: v.string(),
});

type Frozen<T> = T extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [K in keyof T]: Frozen<T[K]> }
    : T;
type Printed<Schema extends v.GenericSchema> = Frozen<v.InferOutput<Schema>>;

export type ListResult = Printed<typeof listSchema>;
export type InfoResult = Printed<typeof infoSchema>;
export type TrainResult = Printed<typeof trainSchema>;
export type PrivacyRecord = Printed<typeof privacySchema>;
export type EpsilonResult = Printed<typeof epsilonSchema>;
export type DeltaResult = Printed<typeof deltaSchema>;
export type CalibrateResult = Printed<typeof calibrateSchema>;
export type DataListResult = Printed<typeof dataListSchema>;
export type DataCheckResult = Printed<typeof dataCheckSchema>;
export type DataGetResult = Printed<typeof dataGetSchema>;
export type ExportResult = Printed<typeof exportSchema>;
export type RunResult = Printed<typeof runSchema>;
export type ReportResult = Printed<typeof reportSchema>;

/** Every schema by the name that its output carries. */
export const schemas = {
  'keyhole.audit/1': auditSchema,
  'keyhole.dp-audit/1': dpAuditSchema,
  'keyhole.robustness/1': robustnessSchema,
  'keyhole.train/1': trainSchema,
  'keyhole.epsilon/1': epsilonSchema,
  'keyhole.delta/1': deltaSchema,
  'keyhole.calibrate/1': calibrateSchema,
  'keyhole.list/1': listSchema,
  'keyhole.info/1': infoSchema,
  'keyhole.data-list/1': dataListSchema,
  'keyhole.data-check/1': dataCheckSchema,
  'keyhole.data-get/1': dataGetSchema,
  'keyhole.bench/1': benchSchema,
  'keyhole.export/1': exportSchema,
  'keyhole.run/1': runSchema,
  'keyhole.report/1': reportSchema,
  'keyhole.record/1': recordSchema,
} as const;
