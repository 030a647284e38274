/**
 * Carlini and Wagner's L2 attack: the least perturbation whose loss says that it fools, by gradient descent in a variable whose
 * values are all inside the bounds, and a search over the weight c of the loss. For bounds of middle m and half width h:
 *
 *   x'(w) = m + h tanh(w)
 *   minimise |x' - x|_2^2 + c f(x') over w,   f = max(z_y - max_{j != y} z_j + kappa, 0)
 *   targeted:                                 f = max(max_{j != t} z_j - z_t + kappa, 0)
 *
 * Where a c fools, a smaller one is tried: the middle of the largest that did not and the smallest that did; else ten times as much
 * until one does. A row is given up for a c when its loss has not sunk by 1/10,000 in a tenth of the iterations. The authors' code
 * looks at the sum of a batch; here each row has its own, so that results do not depend on other rows.
 *
 * Source: Carlini & Wagner 2017 (S&P), Towards evaluating the robustness of neural networks, section VI-A, loss f_6; defaults and
 * the early end from the authors' code (l2_attack.py); Adam: Kingma & Ba 2015.
 */
import { exp, log1p } from '../../../engine/math/index.ts';
import type { GradientTarget } from '../../target/index.ts';
import { defineEvasionAttack, type EvasionTask } from '../define-evasion.ts';
import { losses } from '../losses.ts';
import type { InputSpace } from '../space.ts';
import { isFooled } from '../standing.ts';
import { numbersAlone } from './numbers-alone.ts';

interface Settings {
  readonly searches: number;
  readonly c: number;
  readonly iterations: number;
  readonly rate: number;
  readonly confidence: number;
  readonly abort: number;
}

/** keeps values at a bound from needing an infinite w */
const INSIDE = 0.999999;
/** the authors' largest c */
const MOST = 1e10;

export const carliniWagner = defineEvasionAttack({
  name: 'carlini-wagner',
  title: 'Carlini-Wagner L2',
  paper: 'Carlini, Wagner 2017, Towards Evaluating the Robustness of Neural Networks, IEEE S&P, section VI-A',
  threat: { access: 'gradients', knowledge: ['architecture'], goal: 'evasion' },
  options: {
    searches: {
      about: 'weights c that are tried; the paper has 20, the code 9',
      kind: 'whole',
      default: 9,
      min: 1,
      max: 50,
    },
    c: { about: 'first weight of the loss', default: 1e-3, min: 1e-12, max: 1e9 },
    iterations: { about: 'steps of Adam for each c, at most', kind: 'whole', default: 10_000, min: 1, max: 1_000_000 },
    rate: { about: 'learning rate of Adam', default: 0.01, min: 1e-6, max: 10 },
    confidence: { about: 'margin of the logits by which it must fool (kappa)', default: 0, min: 0, max: 1e6 },
    abort: { about: 'gives a c up where the loss sinks no more: 1 or 0', kind: 'switch', default: 1, min: 0, max: 1 },
  },
  norms: ['l2'],
  seeks: 'nearest',
  targeted: true,
  family: 'iterative',
  canary: { norm: 'l2', epsilon: 1, below: 0.1, options: { searches: 4, c: 0.1, iterations: 100, rate: 0.05 } },
  async run({ target, options, ...task }) {
    const n = task.y.length;
    const c = new Float64Array(n).fill(options.c);
    const fails = new Float64Array(n);
    const fools = new Float64Array(n).fill(Infinity);
    const nearest = new Float64Array(n).fill(Infinity);
    for (let search = 0; search < options.searches; search++) {
      // the authors' last c, when they try ten or more, is the smallest that fooled, so as to end on one that does
      const isLast = search === options.searches - 1 && search >= 9;
      if (isLast) for (const [i, known] of fools.entries()) c[i] = Math.min(known, MOST);
      const fooled = await descend(target, task, options, c, nearest, (done) =>
        task.onProgress?.((search + done) / options.searches),
      );
      for (let i = 0; i < n; i++) {
        if (fooled[i]) fools[i] = Math.min(fools[i]!, c[i]!);
        else fails[i] = Math.max(fails[i]!, c[i]!);
        c[i] = fools[i]! < Infinity ? (fails[i]! + fools[i]!) / 2 : Math.min(MOST, 10 * c[i]!);
      }
    }
  },
});

/** Minimises for one c of each row. Returns 1 for each row that fooled on the way [n]; the nearest such points go into `best`. */
async function descend(
  target: GradientTarget,
  { x, y, targets, space, best, signal }: EvasionTask,
  { iterations, rate, confidence, abort }: Settings,
  c: Float64Array,
  nearest: Float64Array,
  progress: (done: number) => void,
): Promise<Uint8Array> {
  const { width } = space;
  const { classes } = target;
  const n = y.length;
  const box = new TanhBox(numbersAlone(space));
  const w = box.inverse(x);
  const adam = new Adam(w.length, rate);
  const numbers = () => new Float32Array(w.length);
  const buffers = { points: numbers(), slopes: numbers(), gradients: numbers() };
  const fooled = new Uint8Array(n);
  const before = new Float64Array(n).fill(Infinity);
  const patience = Math.max(1, Math.floor(iterations / 10));
  const derivative = new Float64Array(classes);
  let rows = Int32Array.from({ length: n }, (_, i) => i);
  for (let step = 0; step < iterations && rows.length > 0; step++) {
    signal?.throwIfAborted();
    const open = rows;
    const points = buffers.points.subarray(0, open.length * width);
    const gradients = buffers.gradients.subarray(0, points.length).fill(0);
    const { slopes } = buffers;
    box.points(w, x, open, points, slopes);
    const loss = new Float64Array(open.length);
    const won = new Uint8Array(open.length);
    await target.inputGradients(points, (logits, back, from) => {
      const cotangent = new Float64Array(logits.length);
      for (let k = 0; k < logits.length / classes; k++) {
        const i = open[from + k]!;
        const z = logits.subarray(k * classes, (k + 1) * classes);
        const goal = targets ? targets[i]! : null;
        const margin = losses.margin.of(z, y[i]!, goal, derivative);
        won[from + k] = isFooled(z, y[i]!, goal) && margin >= confidence ? 1 : 0;
        if (!(margin < confidence)) continue;
        loss[from + k] = c[i]! * (confidence - margin);
        for (let j = 0; j < classes; j++) cotangent[k * classes + j] = -c[i]! * derivative[j]!;
      }
      if (cotangent.some((value) => value !== 0)) gradients.set(back(cotangent), from * width);
    });
    adam.tick();
    for (const [k, i] of open.entries()) {
      let squares = 0;
      for (let j = 0; j < width; j++) {
        const by = points[k * width + j]! - x[i * width + j]!;
        squares += by * by;
        adam.step(w, i * width + j, (gradients[k * width + j]! + 2 * by) * slopes[k * width + j]!);
      }
      loss[k]! += squares;
      if (!won[k]) continue;
      fooled[i] = 1;
      if (!(squares < nearest[i]!)) continue;
      nearest[i] = squares;
      best.set(points.subarray(k * width, (k + 1) * width), i * width);
    }
    if (abort === 1 && step % patience === 0) {
      rows = open.filter((i, k) => !(loss[k]! > 0.9999 * before[i]!));
      for (const [k, i] of open.entries()) before[i] = loss[k]!;
    }
    if (step % 16 === 0) progress(step / iterations);
  }
  return fooled;
}

/** The change of variables; numbers that cannot change, or have no room, keep their value and have no slope. */
class TanhBox {
  readonly #space: InputSpace;
  readonly #middle: Float64Array;
  readonly #half: Float64Array;

  constructor(space: InputSpace) {
    const { low, high, fixed } = space;
    this.#space = space;
    this.#middle = Float64Array.from(low, (value, j) => (value + high[j]!) / 2);
    this.#half = Float64Array.from(low, (value, j) => (fixed[j] ? 0 : (high[j]! - value) / 2));
  }

  inverse(x: Float32Array): Float32Array {
    const { width } = this.#space;
    return x.map((value, i) => {
      const half = this.#half[i % width]!;
      if (!(half > 0)) return 0;
      const u = (INSIDE * (value - this.#middle[i % width]!)) / half;
      return (log1p(u) - log1p(-u)) / 2;
    });
  }

  /** Puts x' of the chosen rows into `points` and dx'/dw = h (1 - tanh(w)^2) into `slopes`, both [rows, width]. */
  points(w: Float32Array, x: Float32Array, rows: Int32Array, points: Float32Array, slopes: Float32Array): void {
    const { width, low, high } = this.#space;
    for (const [k, i] of rows.entries()) {
      for (let j = 0; j < width; j++) {
        const [from, to] = [i * width + j, k * width + j];
        const half = this.#half[j]!;
        if (!(half > 0)) {
          points[to] = x[from]!;
          slopes[to] = 0;
          continue;
        }
        // tanh(w) = 1 - 2 s, 1 - tanh(w)^2 = 4 s (1 - s): nothing cancels near the bounds
        const s = 1 / (exp(2 * w[from]!) + 1);
        points[to] = Math.min(high[j]!, Math.max(low[j]!, this.#middle[j]! + half * (1 - 2 * s)));
        slopes[to] = 4 * half * s * (1 - s);
      }
    }
  }
}

/** Adam for numbers one by one, all of which take their steps together. */
class Adam {
  readonly #rate: number;
  readonly #mean: Float32Array;
  readonly #square: Float32Array;
  #power1 = 1;
  #power2 = 1;
  #by = 0;

  constructor(size: number, rate: number) {
    this.#rate = rate;
    this.#mean = new Float32Array(size);
    this.#square = new Float32Array(size);
  }

  tick(): void {
    this.#power1 *= 0.9;
    this.#power2 *= 0.999;
    this.#by = (this.#rate * Math.sqrt(1 - this.#power2)) / (1 - this.#power1);
  }

  step(w: Float32Array, at: number, gradient: number): void {
    this.#mean[at] = 0.9 * this.#mean[at]! + 0.1 * gradient;
    this.#square[at] = 0.999 * this.#square[at]! + 0.001 * gradient * gradient;
    w[at]! -= (this.#by * this.#mean[at]!) / (Math.sqrt(this.#square[at]!) + 1e-8);
  }
}
