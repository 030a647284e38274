/**
 * Natural evolution strategies: the gradient from probabilities, by finite differences along random directions and their opposites,
 * and projected ascent along it:
 *
 *   g = 1 / (sigma n) sum over i <= n / 2 of u_i (L(x + sigma u_i) - L(x - sigma u_i)),   u_i normal
 *   v = mu v + (1 - mu) g;   x = project(x + alpha direction(v))
 *
 * Source: Ilyas, Engstrom, Athalye, Lin 2018, Black-box adversarial attacks with limited queries and information (ICML), section 3.1.
 */
import type { Rng } from '../../../engine/index.ts';
import { defineEvasionAttack } from '../define-evasion.ts';
import { losses } from '../losses.ts';
import { stepAlong } from '../norms.ts';
import { gather } from '../rows.ts';
import { type InputSpace, project } from '../space.ts';
import { asPresented } from '../standing.ts';
import { faults, numbersAlone } from '../white-box/index.ts';
import { askScores, type ScoreQuestions } from './scores.ts';

export interface Estimation {
  readonly questions: ScoreQuestions;
  readonly space: InputSpace;
  /** points [rows.length, width], and the rows that they belong to */
  readonly points: Float32Array;
  readonly rows: Int32Array;
  /** questions about each point: pairs of opposite directions */
  readonly samples: number;
  readonly sigma: number;
  /** of the directions, which the points share: drawing more would cost more than a small model's answers */
  readonly rng: Rng;
}

/** Estimated gradients of the loss [rows, width]. Points are asked about inside the bounds; what is fixed stays as it is. */
export async function estimateGradients(o: Estimation): Promise<Float32Array> {
  const { questions, points, rows, sigma, space, rng } = o;
  const { width, low, high, fixed } = space;
  const pairs = Math.max(1, Math.round(o.samples / 2));
  const directions = Float32Array.from({ length: pairs * width }, (_, at) => (fixed[at % width] ? 0 : rng.normal()));
  // of each point, pair after pair, first along the direction, then against it
  const { losses: found } = await askScores(
    questions,
    2 * pairs * rows.length,
    (place) => rows[Math.floor(place / (2 * pairs))]!,
    (place, into, at) => {
      const point = Math.floor(place / (2 * pairs)) * width;
      const direction = (Math.floor(place / 2) % pairs) * width;
      const by = place % 2 === 0 ? sigma : -sigma;
      for (let j = 0; j < width; j++) {
        const value = points[point + j]! + by * directions[direction + j]!;
        into[at + j] = Math.max(low[j]!, Math.min(high[j]!, value));
      }
    },
  );
  const out = new Float32Array(points.length);
  const sum = new Float64Array(width);
  for (const k of rows.keys()) {
    sum.fill(0);
    for (let pair = 0; pair < pairs; pair++) {
      const at = 2 * (k * pairs + pair);
      const difference = found[at]! - found[at + 1]!;
      for (let j = 0; j < width; j++) sum[j]! += difference * directions[pair * width + j]!;
    }
    for (let j = 0; j < width; j++) out[k * width + j] = sum[j]! / (2 * sigma * pairs);
  }
  return out;
}

export const nes = defineEvasionAttack({
  name: 'nes',
  title: 'NES (natural evolution strategies)',
  paper:
    'Ilyas, Engstrom, Athalye, Lin 2018, Black-box Adversarial Attacks with Limited Queries and Information, ICML, section 3.1',
  threat: { access: 'probabilities', knowledge: ['training-distribution'], goal: 'evasion' },
  options: {
    steps: { about: 'steps along estimated gradients', kind: 'whole', default: 100, min: 1, max: 100_000 },
    samples: {
      about: 'questions for each estimate (n): pairs of opposite directions',
      kind: 'whole',
      default: 50,
      min: 2,
      max: 100_000,
    },
    sigma: { about: 'how far they look, in the units that the model sees', default: 1e-3, min: 1e-9, max: 10 },
    step: { about: 'size of a step, in epsilons', default: 0.05, min: 1e-6, max: 2 },
    momentum: { about: 'share of earlier estimates in each step (mu)', default: 0.9, min: 0, max: 0.999 },
    margin: {
      about: 'climbs the margin instead of the cross-entropy: 1 or 0',
      kind: 'switch',
      default: 0,
      min: 0,
      max: 1,
    },
  },
  norms: ['linf', 'l2'],
  seeks: 'within',
  targeted: true,
  family: 'score-based',
  canary: { norm: 'linf', epsilon: 0.25, below: 0.1, options: { steps: 40 } },
  async run({ target, options, ...task }) {
    const { x, y, targets, norm, epsilon, best, rng, signal } = task;
    const space = numbersAlone(task.space);
    const { width } = space;
    const { steps, momentum } = options;
    const loss = options.margin === 1 ? losses.margin : losses.crossEntropy;
    const questions: ScoreQuestions = { target, loss, y, targets, width, signal };
    let rows = Int32Array.from(y.keys());
    let points = x.slice();
    let velocity = new Float32Array(points.length);
    const highest = new Float64Array(y.length).fill(-Infinity);
    for (let step = 0; step <= steps; step++) {
      const shown = asPresented(task, epsilon, points, rows);
      const now = await askScores(
        questions,
        rows.length,
        (k) => rows[k]!,
        (k, into, at) => into.set(shown.subarray(k * width, (k + 1) * width), at),
      );
      for (const [k, i] of rows.entries()) {
        // a row that is done is left alone, so what it held before did not fool
        if (!now.won[k] && !(now.losses[k]! > highest[i]!)) continue;
        highest[i] = now.losses[k]!;
        best.set(shown.subarray(k * width, (k + 1) * width), i * width);
      }
      const trace = { restart: 0, step, rows: rows.length, loss: meanOf(now.losses) };
      task.onProgress?.(step / steps);
      const open = Int32Array.from(rows.keys()).filter((k) => !now.won[k]);
      if (step === steps || open.length === 0) {
        task.onStep?.({ ...trace, ...faults(null, width) });
        return;
      }
      points = gather(points, open, width);
      velocity = gather(velocity, open, width);
      rows = open.map((k) => rows[k]!);
      const gradients = await estimateGradients({
        questions,
        space,
        points,
        rows,
        samples: options.samples,
        sigma: options.sigma,
        rng: rng.split(`step ${step}`),
      });
      task.onStep?.({ ...trace, ...faults(gradients, width) });
      for (const [at, value] of gradients.entries()) velocity[at] = momentum * velocity[at]! + (1 - momentum) * value;
      for (const [k, i] of rows.entries()) {
        const point = { values: points, at: k * width };
        stepAlong(norm, options.step * epsilon, { values: velocity, at: k * width }, point, width);
        project(space, norm, epsilon, point, { values: x, at: i * width });
      }
    }
  },
});

function meanOf(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
