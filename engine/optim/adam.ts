import * as k from '../kernels/families/index.ts';
import { launch } from '../kernels/launch.ts';
import { add, addScalar, affine, div, mul, scale, sqrt, sub } from '../ops/index.ts';
import { checkSetting, type Optimizer, optimizerOf } from './optimizer.ts';
import { type Schedule, toSchedule } from './schedules.ts';

export interface AdamOptions {
  /** default 1e-3 */
  readonly learningRate?: number | Schedule;
  /** default [0.9, 0.999] */
  readonly betas?: readonly [number, number];
  /** default 1e-8 */
  readonly eps?: number;
  /** adam: L2 penalty added to the gradient, default 0; adamW: shrinks weights by lr * weightDecay, default 0.01 */
  readonly weightDecay?: number;
}

/** x^n by squaring: the same bits in every JavaScript engine. */
function power(x: number, n: number): number {
  let result = 1;
  for (let base = x, left = n; left > 0; left = Math.floor(left / 2), base *= base) if (left % 2 === 1) result *= base;
  return result;
}

// Under the root of the pure update: the slope of sqrt at 0 is infinite, and times the 0 it meets there NaN. Far below
// eps^2 and any square of an f32 gradient that matters, so it changes no result.
const TINY = 1e-36;

function build(name: string, decoupled: boolean, o: Required<AdamOptions>): Optimizer {
  const [beta1, beta2] = o.betas;
  const share = (b: number) => b >= 0 && b < 1;
  checkSetting('betas', o.betas, share(beta1) && share(beta2), 'two numbers in [0, 1)');
  checkSetting('eps', o.eps, o.eps > 0 && o.eps < Infinity, 'a number > 0');
  checkSetting('weightDecay', o.weightDecay, o.weightDecay >= 0 && o.weightDecay < Infinity, 'a number >= 0');
  return optimizerOf({
    name,
    slots: ['mean', 'square'],
    learningRate: toSchedule(o.learningRate),
    fused(p, g, [m, v], lr, t) {
      const c1 = 1 - power(beta1, t);
      const c2 = 1 - power(beta2, t);
      launch(k.adam, p, g, m!, v!, p.size, lr, beta1, beta2, o.eps, o.weightDecay, +decoupled, c1, c2);
    },
    pure(p, g, [m, v], lr, t) {
      const c1 = 1 - power(beta1, t);
      const c2 = 1 - power(beta2, t);
      const gradient = !decoupled && o.weightDecay > 0 ? add(g, scale(p, o.weightDecay)) : g;
      const from = decoupled && o.weightDecay > 0 ? scale(p, 1 - lr * o.weightDecay) : p;
      const mean = add(scale(m!, beta1), scale(gradient, 1 - beta1));
      const square = add(scale(v!, beta2), scale(mul(gradient, gradient), 1 - beta2));
      const step = div(scale(mean, 1 / c1), addScalar(sqrt(affine(square, 1 / c2, TINY)), o.eps));
      return [sub(from, scale(step, lr)), mean, square];
    },
  });
}

/** Adam (Kingma & Ba 2015, algorithm 1). */
export const adam = (o: AdamOptions = {}): Optimizer =>
  build('adam', false, { learningRate: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, ...o });

/** Adam with decoupled weight decay (Loshchilov & Hutter 2019, algorithm 2). */
export const adamW = (o: AdamOptions = {}): Optimizer =>
  build('adamW', true, { learningRate: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0.01, ...o });
