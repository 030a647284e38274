/**
 * How far a row is from another class, from its labels under random noise: what a walk along the boundary finds with
 * hundreds of questions, roughly, with a few.
 *
 * Beyond a flat boundary at distance r lies a share Phi(r / s) of Gaussian noise of standard deviation s (Cohen, Rosenfeld
 * & Kolter 2019, Certified adversarial robustness, theorem 1). r is its maximum-likelihood estimate from the answers at
 * several scales; Phi(u) is taken as sigmoid(1.702 u), never further off than 0.01.
 *
 * Source: random noise for membership, Choquette-Choo et al. 2021, section 3.4, and Li & Zhang 2021 as a baseline.
 */
import type { Rng } from '../../engine/index.ts';
import { sigmoid } from '../../engine/math/index.ts';
import type { Samples } from '../target/index.ts';
import { askLabels, type LabelQuestions } from './ask.ts';

export interface NoiseOptions extends LabelQuestions {
  /** rows [n, width], and the class to leave [n] */
  readonly x: Samples;
  readonly y: Int32Array;
  /** standard deviations of the noise */
  readonly scales: readonly number[];
  /** questions about each row: one about itself, the others spread over the scales */
  readonly queries: number;
  readonly rng: Rng;
}

/** Estimated distances [n], in the unit of a boundary walk; 0 for a row that is of another class itself. */
export async function noiseDistances(o: NoiseOptions): Promise<Float64Array> {
  const { x, y, width, scales } = o;
  const n = y.length;
  const own = await askLabels(o, n, (i, into, at) => into.set(x.subarray(i * width, (i + 1) * width), at));
  const right = Int32Array.from({ length: n }, (_, i) => i).filter((i) => own[i] === y[i]);
  const copies = Math.max(1, Math.floor((o.queries - 1) / scales.length));
  const stays = scales.map(() => new Float64Array(right.length));
  for (const [s, scale] of scales.entries()) {
    for (let copy = 0; copy < copies; copy++) {
      // the same noise for all rows: they are compared with one another
      const rng = o.rng.split(`scale ${s} copy ${copy}`);
      const noise = Float32Array.from({ length: width }, () => scale * rng.normal());
      const labels = await askLabels(o, right.length, (k, into, at) => {
        for (let j = 0; j < width; j++) into[at + j] = x[right[k]! * width + j]! + noise[j]!;
      });
      for (const [k, label] of labels.entries()) if (label === y[right[k]!]) stays[s]![k]!++;
    }
  }
  const out = new Float64Array(n);
  for (const [k, row] of right.entries()) {
    out[row] = distanceFrom(
      stays.map((of) => of[k]!),
      scales,
      copies,
    );
  }
  return out;
}

const SLOPE = 1.702;

/** Where the likelihood of `stays` out of `copies` at each scale is largest. */
export function distanceFrom(stays: readonly number[], scales: readonly number[], copies: number): number {
  // half an answer each way keeps it finite where all agree
  const wanted = stays.map((count) => ((count + 0.5) / (copies + 1)) * copies);
  const slopes = scales.map((scale) => SLOPE / scale);
  // the derivative of the log-likelihood falls: its zero by bisection
  let [low, high] = [0, 0];
  for (const scale of scales) high = Math.max(high, 20 * scale);
  for (let step = 0; step < 50; step++) {
    const middle = (low + high) / 2;
    let slope = 0;
    for (const [s, a] of slopes.entries()) slope += a * (wanted[s]! - copies * sigmoid(a * middle));
    if (slope > 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
