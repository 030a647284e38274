/** Optimiser steps, fused and in place. */
import { defineKernel, elements, type Four } from '../family.ts';

export const sgd = defineKernel({
  name: 'sgd',
  about: "g' = g + wd p; v = momentum v + g'; p -= lr (v, or g' + momentum v, or g' without v)",
  reference(
    p: Float64Array,
    g: Float64Array,
    v: Float64Array | null,
    n: number,
    ...[lr, momentum, weightDecay, nesterov]: Four
  ) {
    for (let i = 0; i < n; i++) {
      const slope = g[i]! + weightDecay * p[i]!;
      let step = slope;
      if (v) {
        v[i] = momentum * v[i]! + slope;
        step = nesterov ? slope + momentum * v[i]! : v[i]!;
      }
      p[i] = p[i]! - lr * step;
    }
  },
  split: (...[, , , n]) => elements(3, n, [0, 1, 2]),
});

export const adam = defineKernel({
  name: 'adam',
  about: 'p -= lr (m / correction1) / (sqrt(v / correction2) + eps); decoupled = 1 is AdamW',
  reference(
    p: Float64Array,
    g: Float64Array,
    m: Float64Array,
    v: Float64Array,
    n: number,
    ...[lr, beta1, beta2, eps, weightDecay, decoupled, correction1, correction2]: [...Four, ...Four]
  ) {
    for (let i = 0; i < n; i++) {
      const slope = decoupled ? g[i]! : g[i]! + weightDecay * p[i]!;
      const weight = decoupled ? p[i]! * (1 - lr * weightDecay) : p[i]!;
      m[i] = beta1 * m[i]! + (1 - beta1) * slope;
      v[i] = beta2 * v[i]! + (1 - beta2) * slope * slope;
      p[i] = weight - (lr * (m[i]! / correction1)) / (Math.sqrt(v[i]! / correction2) + eps);
    }
  },
  split: (...[, , , , n]) => elements(4, n, [0, 1, 2, 3]),
});
