/** One line of a benchmark, whoever is measured. */
export interface Row {
  /** `sgemm/512x512x512`, `conv/32x16x16-64k3/forward`, `step/mlp/b256`, `startup/first-product` */
  readonly name: string;
  readonly engine: 'keyhole' | 'tfjs-wasm' | 'jax-js';
  readonly build: string;
  readonly threads: number;
  /** median over the samples; higher is better except in ms */
  readonly value: number;
  readonly unit: 'GFLOP/s' | 'GB/s' | 'samples/s' | 'ms';
  /** the slowest and the fastest sample, in the same unit */
  readonly low: number;
  readonly high: number;
}

export interface Samples {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** A row for work that is counted per call: `work` units in `seconds` each. */
export function rateRow(row: Omit<Row, 'value' | 'low' | 'high'>, work: number, seconds: Samples): Row {
  return { ...row, value: work / seconds.median, low: work / seconds.max, high: work / seconds.min };
}
