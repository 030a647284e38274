/**
 * The boundary attack: a random walk among adversarial rows, towards the row itself, from labels alone.
 *
 *   sideways: x' = x~ + delta d n / |n| without its part along x~ - x, moved back to the distance d = |x~ - x|;   n normal
 *   towards:  x'' = x + (1 - s) (x' - x), kept where it is adversarial
 *
 * delta grows where more than half of the sideways points are adversarial and shrinks where less than a fifth are; s alike with a
 * quarter and a tenth of the kept ones.
 *
 * Source: Brendel, Rauber, Bethge 2018 (ICLR), section 2; thresholds as in the authors' foolbox (Rauber et al. 2017), which looks
 * at sliding windows of 100 and 30 and begins with steps of 0.01: here at 30 at a time, from 0.1 and 0.02.
 */
import { Pacer, type Rng } from '../../../engine/index.ts';
import { bisect, bisections, crosses, distanceTo } from '../../boundary/index.ts';
import { defineEvasionAttack } from '../define-evasion.ts';
import { gather } from '../rows.ts';
import { acrossQuestions, checkStarts, startAcross } from './start.ts';

/** Every so many steps the sideways point is asked about too. */
const CHECK = 10;
const ADAPT = 1.5;
const WINDOW = 30;
/** Steps towards the row that are this small find nothing more. */
const CONVERGED = 1e-7;

/** How often something went well of late. */
interface Rate {
  hits: number;
  of: number;
}

export const boundary = defineEvasionAttack({
  name: 'boundary',
  title: 'Boundary attack',
  paper:
    'Brendel, Rauber, Bethge 2018, Decision-Based Adversarial Attacks: Reliable Attacks Against Black-Box Machine Learning Models, ICLR',
  threat: { access: 'label-only', knowledge: ['training-distribution'], goal: 'evasion' },
  options: {
    queries: { about: 'questions about each row', kind: 'whole', default: 5000, min: 50, max: 1e7 },
    sideways: {
      about: 'first size of a step sideways, in distances to the row (delta)',
      default: 0.1,
      min: 1e-6,
      max: 1,
    },
    towards: { about: 'first share of the distance that a step goes nearer (s)', default: 0.02, min: 1e-6, max: 0.9 },
  },
  norms: ['l2'],
  seeks: 'nearest',
  targeted: true,
  family: 'decision-based',
  canary: { norm: 'l2', epsilon: 1.2, below: 0.1, options: { queries: 600 } },
  check: checkStarts,
  async run({ options, ...task }) {
    const { best, rng, space } = task;
    const { width } = space;
    const { queries } = options;
    const questions = acrossQuestions(task);
    const { asked } = questions;
    const pacer = new Pacer(task.signal);
    const least = bisections('l2', width);
    let active = await startAcross(task, questions, queries - least);
    // on the boundary at once: the paper walks there
    const begin = gather(best, active, width);
    await bisect(questions, active, begin);
    for (const [k, i] of active.entries()) best.set(begin.subarray(k * width, (k + 1) * width), i * width);

    const n = asked.length;
    const scratch = new Float64Array(width);
    const [sideways, towards] = [new Float64Array(n).fill(options.sideways), new Float64Array(n).fill(options.towards)];
    const streams = Array.from({ length: n }, (_, i) => rng.split(`row ${i} walk`));
    const rates = () => Array.from({ length: n }, (): Rate => ({ hits: 0, of: 0 }));
    const [beside, nearer] = [rates(), rates()];
    for (let step = 0; ; step++) {
      const checks = step % CHECK === 0;
      active = active.filter((i) => asked[i]! + (checks ? 2 : 1) <= queries && towards[i]! > CONVERGED);
      if (active.length === 0) return;
      const side = gather(best, active, width);
      const near = new Float32Array(side.length);
      for (const [k, i] of active.entries()) {
        const at = k * width;
        const before = distanceTo(questions, i, best, i * width);
        stepSideways(side, at, task.x, i * width, scratch, sideways[i]! * before, streams[i]!);
        const shrink = 1 - towards[i]!;
        for (let j = 0; j < width; j++) {
          const own = task.x[i * width + j]!;
          near[at + j] = own + shrink * (side[at + j]! - own);
        }
        questions.fit?.(side, at, i);
        questions.fit?.(near, at, i);
      }
      const copy = (from: Float32Array) => (k: number, into: Float32Array, at: number) =>
        into.set(from.subarray(k * width, (k + 1) * width), at);
      const held = checks ? await crosses(questions, active, copy(side)) : null;
      const won = await crosses(questions, active, copy(near));
      for (const [k, i] of active.entries()) {
        const isNearer = distanceTo(questions, i, near, k * width) < distanceTo(questions, i, best, i * width);
        if (won[k] && isNearer) best.set(near.subarray(k * width, (k + 1) * width), i * width);
        count(nearer[i]!, won[k]!);
        if (held) count(beside[i]!, held[k]!);
        // sideways steps that often fail make steps nearer fail too: both change together
        const wide = adapt(beside[i]!, 0.5, 0.2);
        sideways[i] = Math.min(1, sideways[i]! * wide);
        towards[i] = Math.min(0.9, towards[i]! * wide * adapt(nearer[i]!, 0.25, 0.1));
      }
      if (checks) task.onProgress?.(Math.min(1, asked[active[0]!]! / queries));
      await pacer.breathe();
    }
  },
});

/** Moves the point at `at` by a random step of a size along the sphere around the row. @param step memory for it [width] */
function stepSideways(
  points: Float32Array,
  at: number,
  x: Float32Array,
  own: number,
  step: Float64Array,
  size: number,
  rng: Rng,
): void {
  let [length, way, along] = [0, 0, 0];
  for (let j = 0; j < step.length; j++) {
    const [drawn, apart] = [rng.normal(), points[at + j]! - x[own + j]!];
    step[j] = drawn;
    length += drawn * drawn;
    way += apart * apart;
    along += drawn * apart;
  }
  if (way === 0) return;
  // what is left without the part along the way, in units of the size
  const by = size / Math.sqrt(length);
  let moved = 0;
  for (let j = 0; j < step.length; j++) {
    const apart = points[at + j]! - x[own + j]!;
    step[j] = apart + by * (step[j]! - (along / way) * apart);
    moved += step[j]! * step[j]!;
  }
  const back = Math.sqrt(way / moved);
  for (let j = 0; j < step.length; j++) points[at + j] = x[own + j]! + back * step[j]!;
}

function count(rate: Rate, hit: number): void {
  rate.hits += hit;
  rate.of++;
}

/** Once a window is full: what step sizes change by. */
function adapt(rate: Rate, high: number, low: number): number {
  if (rate.of < WINDOW) return 1;
  const share = rate.hits / rate.of;
  [rate.hits, rate.of] = [0, 0];
  if (share > high) return ADAPT;
  return share < low ? 1 / ADAPT : 1;
}
