/**
 * The error of convolutions in tiles by their points, simulated in f32: how the points of assembly/winograd-6.ts and
 * winograd-8.ts were chosen. Prints the RMS error relative to that of the direct sum.
 *
 *   npx tsx --conditions=keyhole-source scripts/winograd-points.ts [CHANNELS] [TRIALS]
 */
import { Rng } from '../engine/index.ts';

type Matrix = number[][];
const f32 = Math.fround;
const range = (n: number) => Array.from({ length: n }, (_, i) => i);
/** x to the power n, a whole number. */
const power = (x: number, n: number): number => (n === 0 ? 1 : x * power(x, n - 1));
const transpose = (m: Matrix): Matrix => m[0]!.map((_, j) => m.map((row) => row[j]!));

/** Cook-Toom for m outputs of r taps: y = A^T ((G g) * (B^T d)). The last point is infinity. */
function matrices(points: readonly number[], m: number, r: number) {
  /** coefficients of the product of (x - p) over all points but number `skip` */
  const factors = (skip: number) => {
    let c = [1];
    for (const [l, p] of points.entries())
      if (l !== skip) c = [...c, 0].map((_, i) => (c[i - 1] ?? 0) - p * (c[i] ?? 0));
    return [...c, ...range(m + r - 1 - c.length).map(() => 0)];
  };
  const norm = (j: number) => points.reduce((n, p, l) => (l === j ? n : n * (points[j]! - p)), 1);
  return {
    bT: [...points.map((_, j) => factors(j)), factors(-1)],
    g: [
      ...points.map((p, j) => range(r).map((i) => power(p, i) / norm(j))),
      range(r).map((i) => (i === r - 1 ? 1 : 0)),
    ],
    aT: range(m).map((i) => [...points.map((p) => power(p, i)), i === m - 1 ? 1 : 0]),
  };
}

/** a b, every step rounded to f32. */
const product = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) =>
    b[0]!.map((_, j) => row.reduce((sum, v, k) => (v === 0 ? sum : f32(sum + f32(f32(v) * b[k]![j]!))), 0)),
  );
const both = (m: Matrix, x: Matrix): Matrix => product(product(m, x), transpose(m));

function errorRatio(points: readonly number[], m: number, r: number, channels: number, trials: number): number {
  const { bT, g, aT } = matrices(points, m, r);
  const rng = Rng.from(1);
  const square = (n: number): Matrix => range(n).map(() => range(n).map(() => f32(2 * rng.uniform() - 1)));
  let [tiled, direct] = [0, 0];
  for (let t = 0; t < trials; t++) {
    const inputs = range(channels).map(() => square(m + r - 1));
    const taps = range(channels).map(() => square(r));
    let sum: Matrix = bT.map((row) => row.map(() => 0));
    for (const c of range(channels)) {
      const [v, u] = [both(bT, inputs[c]!), both(g, taps[c]!)];
      sum = sum.map((row, i) => row.map((s, j) => f32(s + f32(v[i]![j]! * u[i]![j]!))));
    }
    const outputs = both(aT, sum);
    for (const i of range(m))
      for (const j of range(m)) {
        let [exact, rounded] = [0, 0];
        for (const y of range(r))
          for (const x of range(r))
            for (const c of range(channels)) {
              const term = inputs[c]![i + y]![j + x]! * taps[c]![y]![x]!;
              exact += term;
              rounded = f32(rounded + f32(term));
            }
        tiled += (outputs[i]![j]! - exact) ** 2;
        direct += (rounded - exact) ** 2;
      }
  }
  return Math.sqrt(tiled / direct);
}

const [channels = 16, trials = 40] = process.argv.slice(2).map(Number);
const pairs = (...p: number[]) => [0, ...p.flatMap((x) => [x, -x])];
const sets = {
  6: [
    pairs(1, 2),
    pairs(1, 0.5),
    [0, 1, -1, 2, -0.5],
    pairs(0.625, 1.5),
    pairs(0.625, 1.75),
    pairs(0.6875, 1.5),
    pairs(0.75, 1.5),
  ],
  8: [pairs(0.5, 1, 2), pairs(0.5, 1, 1.75), pairs(0.5625, 1, 2), pairs(0.5625, 1, 1.75), pairs(0.4375, 0.875, 2)],
};
for (const [m, r] of [
  [4, 3],
  [3, 4],
  [4, 5],
  [5, 4],
  [2, 5],
] as const) {
  for (const points of sets[(m + r - 1) as 6 | 8]) {
    console.log(
      `F(${m}, ${r})  ${points.join(' ').padEnd(32)} ${errorRatio(points, m, r, channels, trials).toFixed(1)}`,
    );
  }
}
