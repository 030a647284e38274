/**
 * Group normalisation of x [n, hw, c], statistics [n, groups], and its gradients. Layer normalisation of rows is the
 * same with hw = 1 and one group.
 */
import { defineKernel, type Four, items } from '../family.ts';

type F64 = Float64Array;

/** The elements of one (sample, group), in order; element i is of channel i % c. */
function elementsOf(sample: number, group: number, hw: number, c: number, groups: number): number[] {
  const size = c / groups;
  const elements: number[] = [];
  for (let p = 0; p < hw; p++)
    for (let k = group * size; k < (group + 1) * size; k++) elements.push((sample * hw + p) * c + k);
  return elements;
}

type Forward = [x: F64, gamma: F64 | null, beta: F64 | null, y: F64, mean: F64, rstd: F64];

export const groupNorm = defineKernel({
  name: 'group_norm',
  about: 'y = gamma (x - mean) rstd + beta, statistics per (sample, group)',
  reference(...[x, gamma, beta, y, mean, rstd, n, hw, c, groups, eps]: [...Forward, ...Four, eps: number]) {
    for (let b = 0; b < n; b++)
      for (let group = 0; group < groups; group++) {
        const elements = elementsOf(b, group, hw, c, groups);
        let sum = 0;
        for (const i of elements) sum += x[i]!;
        const m = sum / elements.length;
        let squares = 0;
        for (const i of elements) squares += (x[i]! - m) ** 2;
        const r = 1 / Math.sqrt(squares / elements.length + eps);
        for (const i of elements) y[i] = (x[i]! - m) * r * (gamma?.[i % c] ?? 1) + (beta?.[i % c] ?? 0);
        mean[b * groups + group] = m;
        rstd[b * groups + group] = r;
      }
  },
  split: (...[, , , , , , n, hw, c, groups]) =>
    items(6, n, [
      [0, hw * c],
      [3, hw * c],
      [4, groups],
      [5, groups],
    ]),
});

export const layerNorm = defineKernel({
  name: 'layer_norm',
  about: 'y = gamma (x - mean) rstd + beta, statistics per row',
  reference(
    ...[x, gamma, beta, y, mean, rstd, rows, cols, eps]: [...Forward, rows: number, cols: number, eps: number]
  ) {
    groupNorm.reference(x, gamma, beta, y, mean, rstd, rows, 1, cols, 1, eps);
  },
  split: (...[, , , , , , rows, cols]) =>
    items(6, rows, [
      [0, cols],
      [3, cols],
      [4, 1],
      [5, 1],
    ]),
});

type Gradients = [dx: F64 | null, dgamma: F64 | null, dbeta: F64 | null];
type Backward = [g: F64, x: F64, gamma: F64 | null, mean: F64, rstd: F64, ...Gradients];

export const groupNormGrad = defineKernel({
  name: 'group_norm_grad',
  about: 'gradients of group_norm by x, gamma and beta',
  reference(...[g, x, gamma, mean, rstd, dx, dgamma, dbeta, n, hw, c, groups]: [...Backward, ...Four]) {
    dgamma?.fill(0);
    dbeta?.fill(0);
    for (let b = 0; b < n; b++)
      for (let group = 0; group < groups; group++) {
        const elements = elementsOf(b, group, hw, c, groups);
        const m = mean[b * groups + group]!;
        const r = rstd[b * groups + group]!;
        let sum = 0;
        let dot = 0;
        for (const i of elements) {
          const [k, xhat] = [i % c, (x[i]! - m) * r];
          const slope = g[i]! * (gamma?.[k] ?? 1);
          sum += slope;
          dot += slope * xhat;
          if (dgamma) dgamma[k]! += g[i]! * xhat;
          if (dbeta) dbeta[k]! += g[i]!;
        }
        if (!dx) continue;
        for (const i of elements) {
          const xhat = (x[i]! - m) * r;
          dx[i] = r * (g[i]! * (gamma?.[i % c] ?? 1) - sum / elements.length - (xhat * dot) / elements.length);
        }
      }
  },
  // dgamma and dbeta are sums over all samples
  split: (...[, , , , , , dgamma, dbeta, n, hw, c, groups]) =>
    dgamma || dbeta
      ? null
      : items(8, n, [
          [0, hw * c],
          [1, hw * c],
          [3, groups],
          [4, groups],
          [5, hw * c],
        ]),
});

export const layerNormGrad = defineKernel({
  name: 'layer_norm_grad',
  about: 'gradients of layer_norm by x, gamma and beta',
  reference(...[g, x, gamma, mean, rstd, dx, dgamma, dbeta, rows, cols]: [...Backward, rows: number, cols: number]) {
    groupNormGrad.reference(g, x, gamma, mean, rstd, dx, dgamma, dbeta, rows, 1, cols, 1);
  },
  split: (...[, , , , , , dgamma, dbeta, rows, cols]) =>
    dgamma || dbeta
      ? null
      : items(8, rows, [
          [0, cols],
          [1, cols],
          [3, 1],
          [4, 1],
          [5, cols],
        ]),
});
