/**
 * What gradient attacks climb, from logits: higher is closer to success. For logits z, label y, and a wanted class t where the
 * attack is targeted:
 *
 *   crossEntropy  log sum exp z - z_y;          targeted: z_t - log sum exp z
 *   margin        max_{j != y} z_j - z_y;       targeted: z_t - max_{j != t} z_j
 *   dlr           -(z_y - max_{j != y} z_j) / (z_1 - z_3), z_1 >= z_2 >= ... sorted;
 *                 targeted: -(z_y - z_t) / (z_1 - (z_3 + z_4) / 2)
 *
 * Sources: margin, Carlini & Wagner 2017 (S&P), section V-A, f_6; difference of logits ratio, Croce & Hein 2020 (ICML), Reliable
 * evaluation of adversarial robustness with an ensemble, equations 6 and 7.
 */
import { exp, log } from '../../engine/math/index.ts';

export interface AttackLoss {
  /** without fewer classes it is not defined */
  readonly classes: { readonly untargeted: number; readonly targeted: number };
  /** @param derivative gets the derivative by each logit [classes] */
  of(z: Float64Array, y: number, t: number | null, derivative: Float64Array | null): number;
}

/** The place of the largest entry other than `but`. */
export function largestBut(z: Float64Array, but: number): number {
  let best = -1;
  for (let j = 0; j < z.length; j++) if (j !== but && (best < 0 || z[j]! > z[best]!)) best = j;
  return best;
}

/** The classes with the largest logits, without one of them. */
export function mostLikely(z: Float64Array, but: number, count: number): number[] {
  return Array.from(z.keys())
    .filter((c) => c !== but)
    .sort((a, b) => z[b]! - z[a]! || a - b)
    .slice(0, count);
}

function crossEntropy(z: Float64Array, y: number, t: number | null, derivative: Float64Array | null): number {
  const most = z[largestBut(z, -1)]!;
  let sum = 0;
  for (const value of z) sum += exp(value - most);
  const [class_, sign] = t === null ? [y, 1] : [t, -1];
  if (derivative) {
    for (let j = 0; j < z.length; j++) derivative[j] = (sign * exp(z[j]! - most)) / sum;
    derivative[class_]! -= sign;
  }
  return sign * (log(sum) + most - z[class_]!);
}

function margin(z: Float64Array, y: number, t: number | null, derivative: Float64Array | null): number {
  const [up, down] = t === null ? [largestBut(z, y), y] : [t, largestBut(z, t)];
  if (derivative) {
    derivative.fill(0);
    derivative[up] = 1;
    derivative[down] = -1;
  }
  return z[up]! - z[down]!;
}

/** keeps a tie of all logits from dividing by zero, as in the paper's code */
const TINY = 1e-12;

function dlr(z: Float64Array, y: number, t: number | null, derivative: Float64Array | null): number {
  const order = Array.from(z.keys()).sort((a, b) => z[b]! - z[a]! || a - b);
  const [first, third, fourth] = [order[0]!, order[2]!, order[3]];
  const other = t ?? largestBut(z, y);
  const lower = t === null ? z[third]! : (z[third]! + z[fourth!]!) / 2;
  const below = z[first]! - lower + TINY;
  const above = z[other]! - z[y]!;
  if (derivative) {
    derivative.fill(0);
    derivative[other]! += 1 / below;
    derivative[y]! -= 1 / below;
    const slope = -above / (below * below);
    derivative[first]! += slope;
    if (t === null) derivative[third]! -= slope;
    else {
      derivative[third]! -= slope / 2;
      derivative[fourth!]! -= slope / 2;
    }
  }
  return above / below;
}

export const losses = {
  crossEntropy: { classes: { untargeted: 2, targeted: 2 }, of: crossEntropy },
  margin: { classes: { untargeted: 2, targeted: 2 }, of: margin },
  dlr: { classes: { untargeted: 3, targeted: 4 }, of: dlr },
} as const satisfies Record<string, AttackLoss>;
export type LossName = keyof typeof losses;
