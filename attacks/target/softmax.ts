import { exp } from '../../engine/math/index.ts';
import type { LogitTarget } from './target.ts';

/** Softmax of each row in f64 with the engine's own exp: f32 would saturate, and saturated probabilities tie. logits [n, classes] */
export function softmaxRows(logits: Float64Array, classes: number): Float64Array {
  const out = new Float64Array(logits.length);
  for (let at = 0; at < logits.length; at += classes) {
    let top = -Infinity;
    for (let c = 0; c < classes; c++) top = Math.max(top, logits[at + c]!);
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += out[at + c] = exp(logits[at + c]! - top);
    for (let c = 0; c < classes; c++) out[at + c]! /= sum;
  }
  return out;
}

/** The first largest entry of each row. [n, classes] -> [n] */
export function argmaxRows(scores: Float64Array, classes: number): Int32Array {
  const out = new Int32Array(scores.length / classes);
  for (let i = 0; i < out.length; i++) {
    let best = 0;
    for (let c = 1; c < classes; c++) if (scores[i * classes + c]! > scores[i * classes + best]!) best = c;
    out[i] = best;
  }
  return out;
}

/** The milder answers that logits imply, for targets that have them. */
export function derivedFromLogits(
  logits: LogitTarget['logits'],
  classes: number,
): Pick<LogitTarget, 'logits' | 'labels' | 'probabilities'> {
  return {
    logits,
    labels: async (x) => argmaxRows(await logits(x), classes),
    probabilities: async (x) => softmaxRows(await logits(x), classes),
  };
}
