/**
 * The attack model of the paper: one hidden layer of 64 ReLU units and a softmax over "non-member" and "member".
 *
 * Trained on an engine; kept as plain numbers and evaluated in f64, so that it is JSON and needs no engine to judge.
 * Sizes: Shokri et al. 2017 (S&P), section VI. Adam, learning rate 0.01, batches of 100, 50 epochs: the paper does not say;
 * these are the settings of the implementation that later work compares with (Song, membership-inference, attack.py).
 */
import { type Engine, namedTensors, optim, type Rng } from '../../../engine/index.ts';
import type { BinaryModel } from '../../../engine/learn/index.ts';
import { trainedUnits } from '../attack-network.ts';

export interface NetworkOptions {
  readonly epochs: number;
  readonly learningRate: number;
  readonly batchSize: number;
  readonly units: number;
}

/** Two layers as plain lists; weights [outputs][inputs] row-major. */
export interface NetworkData {
  readonly features: number;
  /** what is taken off each feature, and what it is divided by, before the first layer */
  readonly mean: readonly number[];
  readonly scale: readonly number[];
  readonly hidden: { readonly weight: readonly number[]; readonly bias: readonly number[] };
  readonly output: { readonly weight: readonly number[]; readonly bias: readonly number[] };
}

/** @param x row-major [n, features] @param y 0 or 1 [n] */
export async function fitNetwork(
  engine: Engine,
  x: Float64Array,
  y: ArrayLike<number>,
  o: NetworkOptions & { readonly rng: Rng; readonly signal?: AbortSignal | undefined },
): Promise<NetworkData> {
  const features = x.length / y.length;
  const { mean, scale } = standardisation(x, features);
  const z = Float32Array.from(x, (v, at) => (v - mean[at % features]!) / scale[at % features]!);
  const { units, epochs, batchSize, learningRate, rng, signal } = o;
  const optimizer = optim.adam({ learningRate });
  const classifier = await trainedUnits(engine, z, y, { units, epochs, batchSize, optimizer, rng, signal });
  try {
    const list = new Map(namedTensors(classifier.params).map(([path, t]) => [path, Array.from(t.toArray())]));
    const layer = (at: number) => ({ weight: list.get(`${at}.weight`)!, bias: list.get(`${at}.bias`)! });
    return { features, mean, scale, hidden: layer(0), output: layer(2) };
  } finally {
    classifier.dispose();
  }
}

/** Mean and standard deviation of each feature; 1 for a constant one. */
function standardisation(x: Float64Array, features: number) {
  const n = x.length / features;
  const mean = new Array<number>(features).fill(0);
  const square = new Array<number>(features).fill(0);
  for (const [at, v] of x.entries()) mean[at % features]! += v / n;
  for (const [at, v] of x.entries()) square[at % features]! += (v - mean[at % features]!) ** 2 / n;
  return { mean, scale: square.map((s) => (s > 0 ? Math.sqrt(s) : 1)) };
}

/** The network as a two-class model; the decision is the log-odds of class 1, the difference of its two outputs. */
export function network({ features, mean, scale, hidden, output }: NetworkData): BinaryModel {
  const units = hidden.bias.length;
  const decide = (x: ArrayLike<number>, from: number): number => {
    let sum = output.bias[1]! - output.bias[0]!;
    for (let u = 0; u < units; u++) {
      let a = hidden.bias[u]!;
      for (let f = 0; f < features; f++)
        a += hidden.weight[u * features + f]! * ((x[from + f]! - mean[f]!) / scale[f]!);
      if (a > 0) sum += a * (output.weight[units + u]! - output.weight[u]!);
    }
    return sum;
  };
  return {
    decision: (row) => decide(row, 0),
    decisions: (x) => Float64Array.from({ length: x.length / features }, (_, i) => decide(x, i * features)),
  };
}
