/**
 * Scalar membership signals: one number per record from the target's output and the true label, in f64, with the same
 * bits in every engine. p = softmax(z), y the true class.
 */
import { exp, log, log1p, sigmoid } from '../../engine/math/index.ts';
import { checkLabel, logOdds, type Output, PROBABILITY_FLOOR } from './log-odds.ts';
import { logSigmoid, logSumExpExcept } from './logistic.ts';

/**
 * Cross-entropy -log p_y = log(1 + exp(-phi)), lower for members; log1p keeps losses far below 1e-16 apart.
 * Source: Yeom et al. 2018, Privacy risk in machine learning (CSF), adversary 2.
 */
export function loss(output: Output): number {
  if (output.kind === 'logits') return -logSigmoid(logOdds(output));
  checkLabel(output.row, output.label);
  return Math.max(0, -log(output.row[output.label]! + PROBABILITY_FLOOR));
}

/**
 * The probability of the true class p_y, higher for members; near 1 it rounds to ties where the loss does not.
 * Source: Yeom et al. 2018; Salem et al. 2019, ML-Leaks (NDSS), section V.
 */
export function confidence(output: Output): number {
  if (output.kind === 'logits') return sigmoid(logOdds(output));
  checkLabel(output.row, output.label);
  return output.row[output.label]!;
}

/**
 * Prediction entropy -sum_i p_i log p_i, lower for members; ignores the label.
 * Source: Shokri et al. 2017 (S&P), section VIII; Salem et al. 2019, section V.
 */
export function entropy(output: Output): number {
  checkLabel(output.row, output.label);
  const { p, logP } = distribution(output);
  let sum = 0;
  for (let i = 0; i < p.length; i++) if (p[i]! > 0) sum -= p[i]! * logP[i]!;
  return Math.max(0, sum);
}

/**
 * Modified entropy -(1 - p_y) log p_y - sum_{i != y} p_i log(1 - p_i): entropy that knows the label, 0 only when the
 * model is certain of the true class, without bound when it is certain of another. Lower for members.
 * Source: Song and Mittal 2021, Systematic evaluation of privacy risks (USENIX Security), "modified prediction entropy".
 */
export function modifiedEntropy(output: Output): number {
  const { label } = output;
  checkLabel(output.row, label);
  const { p, logP, rest, logRest } = distribution(output);
  let sum = rest[label]! > 0 ? -rest[label]! * logP[label]! : 0;
  for (let i = 0; i < p.length; i++) if (i !== label && p[i]! > 0) sum -= p[i]! * logRest[i]!;
  return Math.max(0, sum);
}

interface Distribution {
  /** [classes] p_i and its logarithm */
  readonly p: Float64Array;
  readonly logP: Float64Array;
  /** [classes] 1 - p_i and its logarithm, without cancellation */
  readonly rest: Float64Array;
  readonly logRest: Float64Array;
}

function distribution({ kind, row }: Output): Distribution {
  const n = row.length;
  const out = {
    p: new Float64Array(n),
    logP: new Float64Array(n),
    rest: new Float64Array(n),
    logRest: new Float64Array(n),
  };
  let top = 0;
  for (let i = 1; i < n; i++) if (row[i]! > row[top]!) top = i;
  if (kind === 'probabilities') {
    let others = 0;
    for (let i = 0; i < n; i++) if (i !== top) others += row[i]!;
    for (let i = 0; i < n; i++) {
      out.p[i] = row[i]!;
      out.logP[i] = log(row[i]! + PROBABILITY_FLOOR);
      out.rest[i] = i === top ? others : 1 - row[i]!;
      // 1 - p cancels only for the largest class: its complement is the sum of the others
      out.logRest[i] = i === top ? log(others + PROBABILITY_FLOOR) : log1p(-row[i]!);
    }
    return out;
  }
  // with a_i = z_i - z_top: p_i = e^a_i / (1 + s), where s is the sum over all but the top class
  const logOthers = logSumExpExcept(row, top, row[top]!);
  const logTotal = logOthers === -Infinity ? 0 : log1p(exp(logOthers));
  for (let i = 0; i < n; i++) {
    out.logP[i] = row[i]! - row[top]! - logTotal;
    out.p[i] = exp(out.logP[i]!);
    out.logRest[i] = i === top ? logOthers - logTotal : log1p(-out.p[i]!);
    out.rest[i] = exp(out.logRest[i]!);
  }
  return out;
}
