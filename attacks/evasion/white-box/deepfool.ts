/**
 * DeepFool: to the nearest boundary of the linearised model, again and again until the class changes. With y the class of x, f_k =
 * z_k - z_y and w_k its gradient at the point reached so far:
 *
 *   l = argmin_k |f_k| / |w_k|_q          q = 2 (l2), 1 (linf)
 *   r_i = |f_l| w_l / |w_l|_2^2 (l2), |f_l| sign(w_l) / |w_l|_1 (linf)
 *   x_{i+1} = x + (1 + eta) (r_0 + ... + r_i)
 *
 * Rivals k are the most likely classes of x itself. One forward pass and a map back for each rival are an iteration of all rows;
 * rows whose class has changed are left out. The overshoot eta is in every point that the model is asked about, as in the authors'
 * code, so that the last one is the adversarial row.
 *
 * Source: Moosavi-Dezfooli, Fawzi, Frossard 2016 (CVPR), algorithm 2; other norms: equations 11 and 12.
 */
import type { GradientTarget } from '../../target/index.ts';
import { defineEvasionAttack, type EvasionTask } from '../define-evasion.ts';
import { largestBut, mostLikely } from '../losses.ts';
import { gather } from '../rows.ts';
import { project } from '../space.ts';
import { dualSize } from './hyperplane.ts';
import { numbersAlone } from './numbers-alone.ts';

export interface DeepFoolOptions {
  readonly norm: 'l2' | 'linf';
  readonly overshoot: number;
  readonly iterations: number;
  /** most likely classes that are looked at, the row's own among them */
  readonly classes: number;
}

export type DeepFoolTask = Pick<EvasionTask, 'x' | 'y' | 'space' | 'best' | 'signal' | 'onProgress'>;

/** what f32 logits may be off by, of their size: a tie would never be left otherwise */
const LOGIT_ERROR = 2 ** -22;

/** Writes the points that it reaches into `best`. Returns 1 for each row whose class is known to have changed [n]. */
export async function deepFool(
  target: GradientTarget,
  { x, y, space, best, signal, onProgress }: DeepFoolTask,
  { norm, overshoot, iterations, classes: likely }: DeepFoolOptions,
): Promise<Uint8Array> {
  const { width, fixed } = space;
  const { classes } = target;
  const n = y.length;
  const rivals = Math.min(likely, classes) - 1;
  const rivalsOf = new Int32Array(n * rivals);
  const moved = new Float64Array(n * width);
  const changed = new Uint8Array(n);
  let rows = Int32Array.from({ length: n }, (_, i) => i);
  for (let step = 0; step < iterations && rows.length > 0; step++) {
    signal?.throwIfAborted();
    const open = rows;
    const points = step === 0 ? x : gather(best, open, width);
    /** to the nearest boundary so far, the gradient there and what it is multiplied with */
    const nearest = new Float64Array(open.length).fill(Infinity);
    const normals = new Float32Array(open.length * width);
    const by = new Float64Array(open.length);
    await target.inputGradients(points, (logits, back, from) => {
      const count = logits.length / classes;
      const z = (k: number) => logits.subarray(k * classes, (k + 1) * classes);
      for (let k = 0; k < count; k++) {
        const i = open[from + k]!;
        if (step === 0) rivalsOf.set(mostLikely(z(k), y[i]!, rivals), i * rivals);
        if (largestBut(z(k), -1) !== y[i]) changed[i] = 1;
      }
      if (open.subarray(from, from + count).every((i) => changed[i])) return;
      for (let r = 0; r < rivals; r++) {
        const cotangent = new Float64Array(logits.length);
        for (let k = 0; k < count; k++) {
          const i = open[from + k]!;
          cotangent[k * classes + rivalsOf[i * rivals + r]!] = 1;
          cotangent[k * classes + y[i]!] = -1;
        }
        const gradients = back(cotangent);
        for (let k = 0; k < count; k++) {
          const i = open[from + k]!;
          if (changed[i]) continue;
          const w = gradients.subarray(k * width, (k + 1) * width);
          for (let j = 0; j < width; j++) if (fixed[j]) w[j] = 0;
          const size = dualSize(norm, w);
          const [rival, own] = [z(k)[rivalsOf[i * rivals + r]!]!, z(k)[y[i]!]!];
          const gap = own - rival + LOGIT_ERROR * (Math.abs(own) + Math.abs(rival));
          // a gradient of zero, or one that is not finite, shows no boundary
          if (!(size > 0 && gap / size < nearest[from + k]!)) continue;
          nearest[from + k] = gap / size;
          by[from + k] = norm === 'l2' ? gap / (size * size) : gap / size;
          normals.set(w, (from + k) * width);
        }
      }
    });
    for (const [k, i] of open.entries()) {
      if (changed[i] || nearest[k] === Infinity) continue;
      for (let j = 0; j < width; j++) {
        const w = normals[k * width + j]!;
        moved[i * width + j]! += by[k]! * (norm === 'l2' ? w : Math.sign(w));
        best[i * width + j] = x[i * width + j]! + (1 + overshoot) * moved[i * width + j]!;
      }
      project(space, norm, Infinity, { values: best, at: i * width }, { values: x, at: i * width });
    }
    rows = open.filter((i, k) => !changed[i] && nearest[k]! < Infinity);
    onProgress?.((step + 1) / iterations);
  }
  return changed;
}

export const deepfool = defineEvasionAttack({
  name: 'deepfool',
  title: 'DeepFool',
  paper:
    'Moosavi-Dezfooli, Fawzi, Frossard 2016, DeepFool: A Simple and Accurate Method to Fool Deep Neural Networks, CVPR, algorithm 2',
  threat: { access: 'gradients', knowledge: ['architecture'], goal: 'evasion' },
  options: {
    overshoot: { about: 'how far beyond the boundary, as a share of the way', default: 0.02, min: 0, max: 10 },
    iterations: { about: 'linearisations, at most', kind: 'whole', default: 50, min: 1, max: 10_000 },
    classes: {
      about: 'most likely classes that are looked at, with the own one',
      kind: 'whole',
      default: 10,
      min: 2,
      max: 10_000,
    },
  },
  norms: ['l2', 'linf'],
  seeks: 'nearest',
  targeted: false,
  family: 'iterative',
  canary: { norm: 'l2', epsilon: 1, below: 0.1 },
  async run({ target, options, norm, ...task }) {
    const space = numbersAlone(task.space);
    await deepFool(target, { ...task, space }, { ...options, norm: norm === 'l2' ? 'l2' : 'linf' });
  },
});
