/**
 * Group normalisation of x [n, hw, c], statistics [n, groups], and its gradients. Layer normalisation of rows is the
 * same with hw = 1 and one group.
 */
import { defineKernel } from '../family.ts';

type F64 = Float64Array;
type Sizes = [n: number, hw: number, c: number, groups: number];

/** Calls visit(element of x, channel) for every element of one (sample, group). */
function eachOf(b: number, group: number, [, hw, c, groups]: Sizes, visit: (i: number, channel: number) => void): void {
  const perGroup = c / groups;
  for (let p = 0; p < hw; p++)
    for (let k = group * perGroup; k < (group + 1) * perGroup; k++) visit((b * hw + p) * c + k, k);
}

function forward(x: F64, gamma: F64 | null, beta: F64 | null, y: F64, mean: F64, rstd: F64, sizes: Sizes, eps: number) {
  const [n, hw, c, groups] = sizes;
  const size = (hw * c) / groups;
  for (let b = 0; b < n; b++)
    for (let group = 0; group < groups; group++) {
      let sum = 0;
      let squares = 0;
      eachOf(b, group, sizes, (i) => {
        sum += x[i]!;
      });
      const m = sum / size;
      eachOf(b, group, sizes, (i) => {
        squares += (x[i]! - m) ** 2;
      });
      const r = 1 / Math.sqrt(squares / size + eps);
      mean[b * groups + group] = m;
      rstd[b * groups + group] = r;
      eachOf(b, group, sizes, (i, k) => {
        y[i] = (x[i]! - m) * r * (gamma ? gamma[k]! : 1) + (beta ? beta[k]! : 0);
      });
    }
}

type Gradients = [dx: F64 | null, dgamma: F64 | null, dbeta: F64 | null];

function backward(
  g: F64,
  x: F64,
  gamma: F64 | null,
  mean: F64,
  rstd: F64,
  [dx, dgamma, dbeta]: Gradients,
  sizes: Sizes,
): void {
  const [n, hw, c, groups] = sizes;
  const size = (hw * c) / groups;
  dgamma?.fill(0);
  dbeta?.fill(0);
  for (let b = 0; b < n; b++)
    for (let group = 0; group < groups; group++) {
      const m = mean[b * groups + group]!;
      const r = rstd[b * groups + group]!;
      let sum = 0;
      let dot = 0;
      eachOf(b, group, sizes, (i, k) => {
        const xhat = (x[i]! - m) * r;
        sum += g[i]! * (gamma ? gamma[k]! : 1);
        dot += g[i]! * (gamma ? gamma[k]! : 1) * xhat;
        if (dgamma) dgamma[k]! += g[i]! * xhat;
        if (dbeta) dbeta[k]! += g[i]!;
      });
      eachOf(b, group, sizes, (i, k) => {
        const xhat = (x[i]! - m) * r;
        if (dx) dx[i] = r * (g[i]! * (gamma ? gamma[k]! : 1) - sum / size - (xhat * dot) / size);
      });
    }
}

type Forward = [x: F64, gamma: F64 | null, beta: F64 | null, y: F64, mean: F64, rstd: F64];
type Backward = [g: F64, x: F64, gamma: F64 | null, mean: F64, rstd: F64, ...Gradients];

export const groupNorm = defineKernel({
  name: 'group_norm',
  about: 'y = gamma (x - mean) rstd + beta, statistics per (sample, group)',
  reference(...[x, gamma, beta, y, mean, rstd, n, hw, c, groups, eps]: [...Forward, ...Sizes, eps: number]) {
    forward(x, gamma, beta, y, mean, rstd, [n, hw, c, groups], eps);
  },
});

export const groupNormGrad = defineKernel({
  name: 'group_norm_grad',
  about: 'gradients of group_norm by x, gamma and beta',
  reference(...[g, x, gamma, mean, rstd, dx, dgamma, dbeta, ...sizes]: [...Backward, ...Sizes]) {
    backward(g, x, gamma, mean, rstd, [dx, dgamma, dbeta], sizes);
  },
});

export const layerNorm = defineKernel({
  name: 'layer_norm',
  about: 'y = gamma (x - mean) rstd + beta, statistics per row',
  reference(
    ...[x, gamma, beta, y, mean, rstd, rows, cols, eps]: [...Forward, rows: number, cols: number, eps: number]
  ) {
    forward(x, gamma, beta, y, mean, rstd, [rows, 1, cols, 1], eps);
  },
});

export const layerNormGrad = defineKernel({
  name: 'layer_norm_grad',
  about: 'gradients of layer_norm by x, gamma and beta',
  reference(...[g, x, gamma, mean, rstd, dx, dgamma, dbeta, rows, cols]: [...Backward, rows: number, cols: number]) {
    backward(g, x, gamma, mean, rstd, [dx, dgamma, dbeta], [rows, 1, cols, 1]);
  },
});
