/**
 * The polynomials in assembly/math.ts and assembly/random.ts, with the errors they make before rounding to f32.
 *
 *   npx tsx scripts/polynomials.ts
 *
 * Remez' exchange algorithm: a polynomial of n coefficients has the smallest largest error exactly when the error reaches
 * it n + 1 times with alternating signs. Start with n + 1 points, solve for the coefficients and the common error, move the
 * points to where the error is largest between its sign changes, and repeat.
 */
import { erf, erfcScaled } from '../engine/kernels/special.ts';

interface Fit {
  /** constant term first */
  readonly coefficients: number[];
  readonly error: number;
}

/** Solves the square system whose rows are [a_1 … a_n, b], by elimination with the largest pivot. */
function solve(rows: number[][]): number[] {
  const n = rows.length;
  for (let i = 0; i < n; i++) {
    let pivot = i;
    for (let r = i; r < n; r++) if (Math.abs(rows[r]![i]!) > Math.abs(rows[pivot]![i]!)) pivot = r;
    [rows[i], rows[pivot]] = [rows[pivot]!, rows[i]!];
    for (let r = 0; r < n; r++) {
      if (r === i) continue;
      const factor = rows[r]![i]! / rows[i]![i]!;
      for (let k = i; k <= n; k++) rows[r]![k]! -= factor * rows[i]![k]!;
    }
  }
  return rows.map((row, i) => row[n]! / row[i]!);
}

/** Minimises the largest |weight(x) (f(x) - sum of c_j x^j)| over [low, high], on a grid of Chebyshev points. */
function remez(f: (x: number) => number, weight: (x: number) => number, n: number, low: number, high: number): Fit {
  const size = 4000;
  const grid = Array.from(
    { length: size + 1 },
    (_, i) => (low + high - (high - low) * Math.cos((Math.PI * i) / size)) / 2,
  );
  let points = Array.from({ length: n + 1 }, (_, i) => Math.round((i * size) / n));
  let best: Fit = { coefficients: [], error: Infinity };
  for (let round = 0; round < 40; round++) {
    const rows = points.map((p, i) => {
      const x = grid[p]!;
      return [...Array.from({ length: n }, (_, j) => x ** j), (i % 2 ? 1 : -1) / weight(x), f(x)];
    });
    const coefficients = solve(rows).slice(0, n);
    const errors = grid.map((x) => weight(x) * (f(x) - coefficients.reduce((sum, c, j) => sum + c * x ** j, 0)));
    const error = Math.max(...errors.map(Math.abs));
    if (error < best.error) best = { coefficients, error };
    const extremes = [0];
    for (let i = 1; i <= size; i++) {
      const last = extremes.length - 1;
      const top = errors[extremes[last]!]!;
      if (Math.sign(errors[i]!) !== Math.sign(top)) extremes.push(i);
      else if (Math.abs(errors[i]!) > Math.abs(top)) extremes[last] = i;
    }
    while (extremes.length > n + 1) {
      if (Math.abs(errors[extremes[0]!]!) < Math.abs(errors[extremes.at(-1)!]!)) extremes.shift();
      else extremes.pop();
    }
    if (extremes.length < n + 1) break;
    points = extremes;
  }
  return best;
}

function show(name: string, { coefficients, error }: Fit): void {
  console.log(`${name}: error ${error.toExponential(1)}`);
  for (const c of [...coefficients].reverse()) console.log(`  ${Number(Math.fround(c).toPrecision(10))},`);
}

/** Near 0, where the formula would cancel, the first terms of the series instead. */
const series = (x: number, near: number, terms: readonly number[], formula: (x: number) => number): number =>
  Math.abs(x) < near ? terms.reduceRight((sum, c) => sum * x + c, 0) : formula(x);

const half = (Math.LN2 / 2) * 1.002;
show(
  'exp: e^r = 1 + r + r^2 P(r), |r| <= ln 2 / 2',
  remez(
    (r) => series(r, 1e-3, [1 / 2, 1 / 6, 1 / 24, 1 / 120], () => (Math.expm1(r) - r) / r ** 2),
    (r) => r ** 2 / Math.exp(r) || 1e-300,
    5,
    -half,
    half,
  ),
);

show(
  'log: log(1 + f) = f - f^2 / 2 + f^3 P(f), sqrt(1/2) <= 1 + f <= sqrt 2',
  remez(
    (f) =>
      series(
        f,
        0.03,
        Array.from({ length: 14 }, (_, k) => (-1) ** k / (k + 3)),
        () => (Math.log1p(f) - f + f ** 2 / 2) / f ** 3,
      ),
    (f) => (f === 0 ? 1e-300 : Math.abs(f ** 3 / Math.log1p(f)) + 1e-12),
    8,
    Math.SQRT1_2 - 1,
    Math.SQRT2 - 1,
  ),
);

show(
  'tanh: tanh x = x + x^3 P(x^2), x <= 0.625',
  remez(
    (z) =>
      series(z, 1e-3, [-1 / 3, 2 / 15, -17 / 315, 62 / 2835], () => (Math.tanh(Math.sqrt(z)) / Math.sqrt(z) - 1) / z),
    (z) => z + 1e-12,
    5,
    0,
    0.625 ** 2,
  ),
);

show(
  'erf: erf x = x + x P(x^2), x <= 1',
  remez(
    (z) => (z < 1e-12 ? 2 / Math.sqrt(Math.PI) : erf(Math.sqrt(z)) / Math.sqrt(z)) - 1,
    () => 1,
    7,
    0,
    1,
  ),
);

const toT = (q: number) => (2 * (1 + q)) / (1 - q);
show(
  'erfc: (1 + 2t) e^(t^2) erfc t = P(q), q = (t - 2) / (t + 2), t <= 10.25',
  remez(
    (q) => (1 + 2 * toT(q)) * erfcScaled(toT(q)),
    (q) => 1 / ((1 + 2 * toT(q)) * erfcScaled(toT(q))),
    10,
    -1,
    8.25 / 12.25,
  ),
);

const quarter = (Math.PI / 4) ** 2 * 1.001;
show(
  'sin: sin x = x + x^3 P(x^2), |x| <= pi / 4',
  remez(
    (z) => series(z, 1e-3, [-1 / 6, 1 / 120, -1 / 5040], () => (Math.sin(Math.sqrt(z)) / Math.sqrt(z) - 1) / z),
    (z) => z + 1e-12,
    3,
    0,
    quarter,
  ),
);
show(
  'cos: cos x = 1 - x^2 / 2 + x^4 P(x^2), |x| <= pi / 4',
  remez(
    (z) =>
      series(z, 1e-2, [1 / 24, -1 / 720, 1 / 40320, -1 / 3628800], () => (Math.cos(Math.sqrt(z)) - 1 + z / 2) / z ** 2),
    (z) => z ** 2 + 1e-12,
    3,
    0,
    quarter,
  ),
);
