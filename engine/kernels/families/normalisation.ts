/** Group and layer normalisation with their gradients. x is [n, hw, c]; statistics are [n, groups]. */
import { type BufferSpec, defineKernel, input, output, type Problem, problemsOf } from '../family.ts';

type MaybeArray = Float64Array | null;

/** Calls visit(element of x, channel) for every element of one (sample, group). */
function eachOf(
  b: number,
  group: number,
  hw: number,
  c: number,
  groups: number,
  visit: (i: number, channel: number) => void,
): void {
  const perGroup = c / groups;
  for (let p = 0; p < hw; p++)
    for (let k = group * perGroup; k < (group + 1) * perGroup; k++) visit((b * hw + p) * c + k, k);
}

function forward(
  x: Float64Array,
  gamma: MaybeArray,
  beta: MaybeArray,
  y: Float64Array,
  mean: Float64Array,
  rstd: Float64Array,
  n: number,
  hw: number,
  c: number,
  groups: number,
  eps: number,
): void {
  const size = (hw * c) / groups;
  for (let b = 0; b < n; b++)
    for (let group = 0; group < groups; group++) {
      let sum = 0;
      let squares = 0;
      eachOf(b, group, hw, c, groups, (i) => {
        sum += x[i]!;
      });
      const m = sum / size;
      eachOf(b, group, hw, c, groups, (i) => {
        squares += (x[i]! - m) ** 2;
      });
      const r = 1 / Math.sqrt(squares / size + eps);
      mean[b * groups + group] = m;
      rstd[b * groups + group] = r;
      eachOf(b, group, hw, c, groups, (i, k) => {
        y[i] = (x[i]! - m) * r * (gamma ? gamma[k]! : 1) + (beta ? beta[k]! : 0);
      });
    }
}

function backward(
  g: Float64Array,
  x: Float64Array,
  gamma: MaybeArray,
  mean: Float64Array,
  rstd: Float64Array,
  dx: MaybeArray,
  dgamma: MaybeArray,
  dbeta: MaybeArray,
  n: number,
  hw: number,
  c: number,
  groups: number,
): void {
  const size = (hw * c) / groups;
  dgamma?.fill(0);
  dbeta?.fill(0);
  for (let b = 0; b < n; b++)
    for (let group = 0; group < groups; group++) {
      const m = mean[b * groups + group]!;
      const r = rstd[b * groups + group]!;
      let sum = 0;
      let dot = 0;
      eachOf(b, group, hw, c, groups, (i, k) => {
        const xhat = (x[i]! - m) * r;
        sum += g[i]! * (gamma ? gamma[k]! : 1);
        dot += g[i]! * (gamma ? gamma[k]! : 1) * xhat;
        if (dgamma) dgamma[k] = dgamma[k]! + g[i]! * xhat;
        if (dbeta) dbeta[k] = dbeta[k]! + g[i]!;
      });
      eachOf(b, group, hw, c, groups, (i, k) => {
        const xhat = (x[i]! - m) * r;
        if (dx) dx[i] = r * (g[i]! * (gamma ? gamma[k]! : 1) - sum / size - (xhat * dot) / size);
      });
    }
}

const EPS = 1e-5;
type Size = readonly [n: number, hw: number, c: number, groups: number];
const sizes: readonly [Size, ...Size[]] = [
  [0, 3, 4, 2],
  [1, 1, 2, 1],
  [2, 9, 8, 2],
  [2, 5, 6, 2],
  [1, 7, 12, 3],
  [3, 4, 5, 5],
  [2, 6, 7, 1],
  [2, 100, 16, 4],
  [64, 256, 64, 8],
  [5, 64, 160, 8], // more samples than a block of dgamma holds
  [64, 1024, 32, 8],
];
const rowSizes: readonly [readonly [number, number], ...(readonly [number, number])[]] = [
  [0, 4],
  [1, 2],
  [3, 5],
  [2, 16],
  [4, 17],
  [3, 300],
  [1024, 256],
];

const named = (name: string, elements: number, args: Problem['args'], bytes: number): Problem =>
  elements < 100_000 ? { name, args } : { name, args, bytes: bytes * elements, bench: true, benchOnly: true };

/** Every problem with the affine parameters and, when it is small, without them. */
function withAndWithout<S>(
  cases: readonly [S, ...S[]],
  elements: (s: S) => number,
  make: (s: S, affine: boolean) => Problem,
): [Problem, ...Problem[]] {
  const [first, ...rest] = problemsOf(cases, (s) => make(s, true));
  return [first, ...rest, ...cases.filter((s) => elements(s) < 100_000).map((s) => make(s, false))];
}

const optional = (there: boolean, spec: BufferSpec): BufferSpec | null => (there ? spec : null);

export const groupNorm = defineKernel({
  name: 'group_norm',
  about: 'y = gamma (x - mean) rstd + beta, statistics per (sample, group)',
  reference: forward,
  problems: withAndWithout(
    sizes,
    ([n, hw, c]) => n * hw * c,
    ([n, hw, c, groups], affine) => {
      const size = n * hw * c;
      return named(
        `${n}x${hw}x${c} g${groups} ${affine ? 'affine' : 'plain'}`,
        size,
        [
          input(size),
          optional(affine, input(c)),
          optional(affine, input(c)),
          output(size),
          output(n * groups),
          output(n * groups),
          n,
          hw,
          c,
          groups,
          EPS,
        ],
        8,
      );
    },
  ),
  tolerance: () => ({ abs: 2e-6, rel: 2e-6 }),
});

export const groupNormGrad = defineKernel({
  name: 'group_norm_grad',
  about: 'gradients of group_norm by x, gamma and beta',
  reference: backward,
  problems: withAndWithout(
    sizes,
    ([n, hw, c]) => n * hw * c,
    ([n, hw, c, groups], affine) => {
      const size = n * hw * c;
      const statistics = n * groups;
      return named(
        `${n}x${hw}x${c} g${groups} ${affine ? 'affine' : 'dx only'}`,
        size,
        [
          input(size),
          input(size),
          optional(affine, input(c)),
          input(statistics),
          input(statistics, [0.5, 2]),
          output(size),
          optional(affine, output(c)),
          optional(affine, output(c)),
          n,
          hw,
          c,
          groups,
        ],
        12,
      );
    },
  ),
  tolerance: () => ({ abs: 5e-6, rel: 2e-6 }),
});

export const layerNorm = defineKernel({
  name: 'layer_norm',
  about: 'y = gamma (x - mean) rstd + beta, statistics per row',
  reference(
    x: Float64Array,
    gamma: MaybeArray,
    beta: MaybeArray,
    y: Float64Array,
    mean: Float64Array,
    rstd: Float64Array,
    rows: number,
    cols: number,
    eps: number,
  ) {
    forward(x, gamma, beta, y, mean, rstd, rows, 1, cols, 1, eps);
  },
  problems: withAndWithout(
    rowSizes,
    ([rows, cols]) => rows * cols,
    ([rows, cols], affine) =>
      named(
        `${rows}x${cols} ${affine ? 'affine' : 'plain'}`,
        rows * cols,
        [
          input(rows * cols),
          optional(affine, input(cols)),
          optional(affine, input(cols)),
          output(rows * cols),
          output(rows),
          output(rows),
          rows,
          cols,
          EPS,
        ],
        8,
      ),
  ),
  tolerance: () => ({ abs: 2e-6, rel: 2e-6 }),
});

export const layerNormGrad = defineKernel({
  name: 'layer_norm_grad',
  about: 'gradients of layer_norm by x, gamma and beta',
  reference(
    g: Float64Array,
    x: Float64Array,
    gamma: MaybeArray,
    mean: Float64Array,
    rstd: Float64Array,
    dx: MaybeArray,
    dgamma: MaybeArray,
    dbeta: MaybeArray,
    rows: number,
    cols: number,
  ) {
    backward(g, x, gamma, mean, rstd, dx, dgamma, dbeta, rows, 1, cols, 1);
  },
  problems: withAndWithout(
    rowSizes,
    ([rows, cols]) => rows * cols,
    ([rows, cols], affine) =>
      named(
        `${rows}x${cols} ${affine ? 'affine' : 'affine only'}`,
        rows * cols,
        [
          input(rows * cols),
          input(rows * cols),
          optional(affine, input(cols)),
          input(rows),
          input(rows, [0.5, 2]),
          optional(affine, output(rows * cols)),
          output(cols),
          output(cols),
          rows,
          cols,
        ],
        12,
      ),
  ),
  tolerance: () => ({ abs: 5e-6, rel: 2e-6 }),
});
