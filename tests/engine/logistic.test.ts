/** Logistic regression: an independent implementation's numbers, and the conditions that hold at the optimum. */
import { ConfigError, Rng } from '../../engine/index.ts';
import { fitLogistic, type LogisticModel } from '../../engine/learn/index.ts';
import { assert, suite } from '../harness.ts';
import { throwsError } from '../support/throws.ts';

const test = suite('logistic regression');

const rows = [
  [0.5, 10],
  [1.5, 12],
  [2, 9],
  [3.5, 15],
  [1, 30],
  [4, 22],
  [5.5, 8],
  [2.5, 18],
  [6, 25],
  [3, 11],
  [4.5, 14],
  [0, 20],
];
const labels = [0, 0, 1, 1, 0, 1, 1, 0, 1, 0, 1, 0];

test("agrees with scikit-learn's LogisticRegression", () => {
  // scikit-learn 1.2.1: StandardScaler, then LogisticRegression(C=1/l2, solver='newton-cholesky', tol=1e-13)
  const golden: [number, number[], number][] = [
    [1, [1.363367021627125, -0.17820625097203407], 0.009745913779677401],
    [0.1, [2.7157188880770393, -0.5344578061638551], -0.016499701741464645],
    [100, [0.044552079972436036, -0.005828654616721998], 5.130854027878272e-7],
  ];
  for (const [l2, weights, bias] of golden) {
    const model = fitLogistic(Float64Array.from(rows.flat()), labels, { l2 });
    for (const [j, w] of weights.entries()) assert.ok(Math.abs(model.weights[j]! - w) < 1e-11);
    assert.ok(Math.abs(model.bias - bias) < 1e-11);
  }
  const model = fitLogistic(Float64Array.from(rows.flat()), labels);
  // decision_function of the same model, solver 'newton-cg'
  for (const [i, want] of [-1.5420724503884415, -0.8597312380703709, -0.4110642819429722].entries())
    assert.ok(Math.abs(model.decision(rows[i]!) - want) < 1e-9);
});

/** Largest entry of the penalised log-loss's gradient at the fitted coefficients. */
function gradientAt(x: Float64Array, y: ArrayLike<number>, l2: number, m: LogisticModel): number {
  const d = m.weights.length;
  const g = new Float64Array(d + 1);
  for (let i = 0; i < y.length; i++) {
    const row = x.subarray(i * d, (i + 1) * d);
    const excess = 1 / (1 + Math.exp(-m.decision(row))) - y[i]!;
    for (let j = 0; j < d; j++) g[j]! += (excess * (row[j]! - m.mean[j]!)) / m.std[j]!;
    g[d]! += excess;
  }
  for (let j = 0; j < d; j++) g[j]! += l2 * m.weights[j]!;
  return Math.max(...g.map(Math.abs));
}

test('the gradient is 0 at the optimum: easy, separable, lopsided and duplicated data', ({ seed }) => {
  const rng = Rng.from(seed);
  for (let round = 0; round < 300; round++) {
    const n = 2 + rng.below(60);
    const d = 1 + rng.below(4);
    const scale = 10 ** (rng.below(9) - 4);
    const shift = [0, 1, 30][rng.below(3)]!;
    const rare = [0.5, 0.1, 0.02][rng.below(3)]!;
    const y = Array.from({ length: n }, () => (rng.uniform() < rare ? 1 : 0));
    y[0] = 0;
    y[1] = 1;
    const x = Float64Array.from({ length: n * d }, (_, at) => {
      const i = Math.floor(at / d);
      const heavy = rng.below(20) === 0 ? 1e3 : 1;
      return at % d === 3 ? i % 2 : scale * (shift * y[i]! + heavy * rng.normal());
    });
    const l2 = [1, 1e-3, 1e-6, 100][rng.below(4)]!;
    const worst = gradientAt(x, y, l2, fitLogistic(x, y, { l2 }));
    assert.ok(
      worst < 1e-6,
      `round ${round}: n ${n}, d ${d}, scale ${scale}, shift ${shift}, rare ${rare}, l2 ${l2}: gradient ${worst}`,
    );
  }
});

test('without a penalty on separable data it still ends with finite numbers that separate', () => {
  const x = Float64Array.from([1, 2, 3, 10, 11, 12]);
  const m = fitLogistic(x, [0, 0, 0, 1, 1, 1], { l2: 0 });
  for (const [i, v] of x.entries()) {
    assert.ok(Number.isFinite(m.decision([v])));
    assert.is(m.decision([v]) > 0, i >= 3);
  }
});

test('does not depend on the units of the features', () => {
  const x = Float64Array.from(rows.flat());
  const scaled = x.map((v, i) => (i % 2 ? 1e6 * v - 3e7 : v / 1000));
  const [a, b] = [fitLogistic(x, labels), fitLogistic(scaled, labels)];
  for (const j of [0, 1]) assert.ok(Math.abs(a.weights[j]! - b.weights[j]!) < 1e-9);
});

test('a constant feature gets no weight', () => {
  const x = Float64Array.from(rows.flatMap(([a]) => [a!, 7]));
  const m = fitLogistic(x, labels);
  assert.ok(Math.abs(m.weights[1]!) < 1e-12);
  // nor is a value that it never saw blown up by a deviation that is only rounding
  assert.ok(Math.abs(m.decision([1, 7.5]) - m.decision([1, 7])) < 1e-12);
});

test('one class alone, and settings out of range, are refused', () => {
  for (const y of [[0, 0], [1, 1], []])
    throwsError(() => fitLogistic(new Float64Array(y.length), y), ConfigError, /expected rows of both classes/);
  for (const l2 of [-1, Number.NaN])
    throwsError(() => fitLogistic(Float64Array.from([1, 2]), [0, 1], { l2 }), ConfigError, /l2/);
});
