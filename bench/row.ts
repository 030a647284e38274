/** One line of a benchmark, whoever is measured, and the JSON that a run prints. */
import * as v from 'valibot';

const rate = v.pipe(v.number(), v.finite(), v.minValue(0));

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

export const engines = ['keyhole', 'tfjs-wasm', 'jax-js'] as const;

export const rowSchema = v.strictObject({
  /** `sgemm/512x512x512`, `conv/32x16x16-64k3/forward`, `step/mlp/b256`, `startup/first-product` */
  name: v.string(),
  engine: v.picklist(engines),
  /** `base` or `relaxed` (fused multiply-add); what a peer calls its own */
  build: v.string(),
  threads: v.pipe(v.number(), v.integer(), v.minValue(1)),
  /** median over the samples; higher is better except in ms and kB */
  value: rate,
  unit: v.picklist(['GFLOP/s', 'GB/s', 'samples/s', 'ms', 'kB']),
  /** the smallest and the largest sample, in the same unit */
  low: rate,
  high: rate,
  /** of a training step of ours */
  memory: v.optional(
    v.strictObject({
      /** most that was live at once during a step, beyond parameters, optimiser state and batch */
      peakBytes: count,
      /** taken from the WebAssembly memory by later steps than the second: 0 when everything is reused */
      freshBytes: count,
    }),
  ),
});

export const benchSchema = v.strictObject({
  schema: v.literal('keyhole.bench/1'),
  rows: v.array(rowSchema),
  /** what was left out, and why */
  notes: v.array(v.string()),
  machine: v.strictObject({
    cpu: v.string(),
    cores: v.number(),
    node: v.string(),
    /** one-minute load average when the run began: well above 0, other programs took part of the machine */
    load: v.number(),
    /** what a register-only multiply-add loop reaches */
    peak: v.array(v.omit(rowSchema, ['memory'])),
    builds: v.array(v.strictObject({ name: v.picklist(['base', 'relaxed']), bytes: v.number() })),
  }),
  peers: v.array(v.strictObject({ engine: v.picklist(engines), version: v.string() })),
  /** `cpu`: processor time of the process, start-up rows excepted */
  clock: v.picklist(['wall', 'cpu']),
  command: v.string(),
  date: v.string(),
  version: v.string(),
});

export type Row = Readonly<v.InferOutput<typeof rowSchema>>;
export type BenchResult = v.InferOutput<typeof benchSchema>;
export type EngineName = Row['engine'];

/** Seconds of one call. */
export interface Samples {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Who is measured. */
export type Subject = Pick<Row, 'engine' | 'build' | 'threads'>;

/** How much one call does, in units per second of the row: 2e9 operations are 2 GFLOP. */
export interface Work {
  readonly amount: number;
  readonly unit: Row['unit'];
}

/** A row from the time of one call. */
export function rateRow(name: string, subject: Subject, { amount, unit }: Work, seconds: Samples): Row {
  const { median, min, max } = seconds;
  return { name, ...subject, value: amount / median, unit, low: amount / max, high: amount / min };
}

/** A row of milliseconds, where lower is better. */
export function millisecondsRow(name: string, subject: Subject, seconds: Samples): Row {
  const { median, min, max } = seconds;
  return { name, ...subject, value: median * 1000, unit: 'ms', low: min * 1000, high: max * 1000 };
}

export const keyhole = (build: string): Subject => ({ engine: 'keyhole', build, threads: 1 });
