/** Support vector machines: libsvm's numbers, the conditions at the optimum, and what must not change the result. */
import { Rng } from '../../engine/index.ts';
import { fitSvm, type SvmKernel, type SvmOptions } from '../../engine/learn/index.ts';
import { assert, suite } from '../harness.ts';
import { clouds, largestDifference, type Problem, violation } from './svm-problems.ts';

const test = suite('support vector machine');

const X = Float64Array.from(
  [
    [0.5, 1.0],
    [1.5, 1.2],
    [2, 0.9],
    [3.5, 1.5],
    [1, 3.0],
    [4, 2.2],
    [5.5, 0.8],
    [2.5, 1.8],
    [6, 2.5],
    [3, 1.1],
    [4.5, 1.4],
    [0, 2.0],
    [2.2, 1.3],
    [2.9, 2.7],
  ].flat(),
);
const Y = [0, 0, 1, 1, 0, 1, 1, 0, 1, 0, 1, 0, 1, 0];
const QUERIES = Float64Array.of(1, 1, 3, 2, 5, 0, 2.5, 1.5);

interface Golden {
  readonly options: Omit<SvmOptions, 'tolerance'>;
  readonly supports: readonly number[];
  /** the optimality conditions solved as linear equations with 40 digits by mpmath 1.3, on libsvm's bounded and free rows */
  readonly intercept: number;
  readonly decisions: readonly number[];
  /** scikit-learn 1.2.1 (libsvm, which keeps kernel values in f32), SVC(tol=1e-10).decision_function */
  readonly libsvm: readonly number[];
}
const golden: Record<string, Golden> = {
  rbf: {
    options: { kernel: { kind: 'rbf', gamma: 0.5 }, c: 1 },
    supports: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13],
    intercept: -0.006815204532846027,
    decisions: [-0.8521025934213307, -0.3172519096567841, 0.5351454481777798, -0.39554948017066077],
    libsvm: [-0.8521025544861893, -0.3172518998636535, 0.5351454487480767, -0.39554946667254215],
  },
  'rbf, large C and gamma': {
    options: { kernel: { kind: 'rbf', gamma: 2 }, c: 100 },
    supports: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13],
    intercept: -0.11765021169096983,
    decisions: [-1.420356263425596, -0.765760736317147, 0.07124424951972004, -0.2376634757772105],
    libsvm: [-1.4203563085226014, -0.7657607747307588, 0.07124424587018911, -0.23766344869512773],
  },
  linear: {
    options: { kernel: { kind: 'linear' }, c: 1 },
    supports: [1, 2, 3, 5, 7, 9, 12, 13],
    intercept: -1.5273838630806846,
    decisions: [-1.3753056234718828, -0.07359413202933991, 4.22078239608802, -0.14963325183374085],
    libsvm: [-1.3753060584788832, -0.07359409635911263, 4.220782803921642, -0.14963334204230083],
  },
  polynomial: {
    options: { kernel: { kind: 'polynomial', gamma: 0.5, degree: 3, coef0: 1 }, c: 0.5 },
    supports: [1, 2, 3, 5, 7, 9, 12],
    intercept: -0.7084444167083278,
    decisions: [-1.0193070010430718, -0.6709147157303884, 3.1820275064936143, -0.5182499885266751],
    libsvm: [-1.0193089720936237, -0.6709263973913193, 3.1821194472091108, -0.5182495844367876],
  },
  'class weights': {
    options: { kernel: { kind: 'rbf', gamma: 0.5 }, c: 1, classWeights: [3, 0.5] },
    supports: [0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13],
    intercept: -0.4883109848874613,
    decisions: [-0.9886052392520918, -0.9236799746951013, -0.01539837479305859, -1.1080081874469898],
    libsvm: [-0.9886052360360673, -0.9236799801309064, -0.015398369954403635, -1.1080082063877374],
  },
};
for (const [name, { options, supports, intercept, decisions, libsvm }] of Object.entries(golden)) {
  test(`agrees with exact solutions and with libsvm: ${name}`, () => {
    const model = fitSvm(X, Y, { ...options, tolerance: 1e-11 });
    assert.equal([...model.supportRows], supports);
    assert.ok(Math.abs(-model.rho - intercept) < 1e-9, `intercept ${-model.rho}, expected ${intercept}`);
    const got = model.decisions(QUERIES);
    const error = largestDifference(got, Float64Array.from(decisions));
    assert.ok(error < 1e-9, `decision values off by ${error}`);
    assert.ok(largestDifference(got, Float64Array.from(libsvm)) < 1e-4);
  });
}

const kernels: readonly SvmKernel[] = [
  { kind: 'rbf', gamma: 0.3 },
  { kind: 'rbf', gamma: 30 },
  { kind: 'linear' },
  { kind: 'polynomial', gamma: 0.2, degree: 2, coef0: 1 },
  { kind: 'polynomial', gamma: 0.3, degree: 3, coef0: 0 },
];

test('the optimality conditions hold to the tolerance: random problems, kernels, C from 1e-3 to 1e4', ({ seed }) => {
  const rng = Rng.from(seed);
  for (let round = 0; round < 60; round++) {
    const problem = clouds(rng.below(2 ** 31), 10 + rng.below(150), 1 + rng.below(6), rng.uniform() / 2);
    const kernel = kernels[round % kernels.length]!;
    const c = kernel.kind === 'rbf' ? 10 ** (rng.below(8) - 3) : 10 ** (rng.below(4) - 3);
    const weights = [1, [0.5, 4][rng.below(2)]!] as const;
    const tolerance = [1e-3, 1e-6][rng.below(2)]!;
    const model = fitSvm(problem.x, problem.y, { kernel, c, classWeights: weights, tolerance });
    const worst = violation(problem, model, [c * weights[0], c * weights[1]]);
    const what = `round ${round}: ${JSON.stringify(kernel)}, c ${c}, n ${problem.y.length}`;
    assert.ok(model.converged && model.violation < tolerance && model.warning === null, what);
    // rho is an average over free rows or the middle of an interval, so no row is off by more than the gap; the balance
    // and the decision values are sums of numbers up to c
    assert.ok(worst < tolerance + 1e-10 * (1 + c), `${what}: violated by ${worst}`);
  }
});

const reordered = ({ x, y, d }: Problem, order: Int32Array): Problem => ({
  x: Float64Array.from(x, (_, at) => x[order[Math.floor(at / d)]! * d + (at % d)]!),
  y: y.map((_, i) => y[order[i]!]!),
  d,
});

test('shrinking, the size of the cache and the order of rows do not change decision values', ({ seed }) => {
  const problem = clouds(seed, 300, 3, 0.3);
  for (const c of [0.1, 30]) {
    const o: SvmOptions = { kernel: { kind: 'rbf', gamma: 0.5 }, c, tolerance: 1e-6 };
    const want = fitSvm(problem.x, problem.y, o).decisions(problem.x);
    const others: Record<string, Partial<SvmOptions>> = {
      'without shrinking': { shrinking: false },
      'a cache of two rows': { cacheBytes: 1 },
      'a cache of forty rows': { cacheBytes: 40 * 300 * 8 },
      'forty rows, no shrinking': { cacheBytes: 40 * 300 * 8, shrinking: false },
    };
    for (const [name, other] of Object.entries(others)) {
      const error = largestDifference(want, fitSvm(problem.x, problem.y, { ...o, ...other }).decisions(problem.x));
      // the cache alone changes nothing but time
      assert.ok(error < (other.shrinking === undefined ? 1e-9 : 1e-5), `${name}, c ${c}: off by ${error}`);
    }
    const mixed = reordered(problem, Rng.from(seed).permutation(300));
    const error = largestDifference(want, fitSvm(mixed.x, mixed.y, o).decisions(problem.x));
    assert.ok(error < 1e-5, `another order, c ${c}: off by ${error}`);
  }
});

test('rows set aside too early come back: the optimality conditions hold for them too', ({ seed }) => {
  // steps enough for several rounds of shrinking
  const problem = clouds(seed, 400, 2, 0.4);
  const model = fitSvm(problem.x, problem.y, { kernel: { kind: 'rbf', gamma: 1 }, c: 1000, tolerance: 1e-4 });
  assert.ok(model.iterations > 4000, `${model.iterations} steps: too few to shrink often`);
  assert.ok(violation(problem, model, [1000, 1000]) < 1e-4 + 1e-7);
});

test('constant features decide nothing; rows that are all equal get one answer', () => {
  const { x, y } = clouds(1, 60, 1);
  const with7 = Float64Array.from({ length: 120 }, (_, at) => (at % 2 ? 7 : x[at >> 1]!));
  const o: SvmOptions = { kernel: { kind: 'rbf', gamma: 1 }, c: 1, tolerance: 1e-8 };
  const [a, b] = [fitSvm(x, y, o), fitSvm(with7, y, o)];
  assert.ok(largestDifference(a.decisions(x), b.decisions(with7)) < 1e-12);
  const same = fitSvm(new Float64Array(60).fill(3), y, o);
  assert.ok(same.converged);
  assert.is(new Set(same.decisions(new Float64Array(60).fill(3))).size, 1);
});

test('the same row with both labels lies on the boundary, at the upper bound', () => {
  for (const kernel of kernels) {
    const x = Float64Array.of(0, 0, 1, 1, 1, 1, 2, 2);
    const model = fitSvm(x, [0, 0, 1, 1], { kernel, c: 2, tolerance: 1e-10 });
    assert.ok(model.converged);
    assert.ok(Math.abs(model.coefficients[model.supportRows.indexOf(1)]!) === 2, JSON.stringify(kernel));
    assert.ok(Math.abs(model.coefficients[model.supportRows.indexOf(2)]!) === 2, JSON.stringify(kernel));
  }
});

test('C at its extremes: all coefficients at a tiny bound, none at a huge one on separable rows', () => {
  const { x, y } = clouds(3, 80, 2, 0);
  const tiny = fitSvm(x, y, { kernel: { kind: 'rbf', gamma: 1 }, c: 1e-9 });
  assert.ok(tiny.coefficients.every((a) => Math.abs(a) === 1e-9));
  assert.is(tiny.coefficients.length, 80);
  // hard margin: every row is on the right side by 1
  const huge = fitSvm(x, y, { kernel: { kind: 'rbf', gamma: 30 }, c: 1e9, tolerance: 1e-6 });
  const margins = huge.decisions(x).map((f, i) => (y[i] ? f : -f));
  assert.ok(Math.min(...margins) > 1 - 1e-5, `${Math.min(...margins)}`);
});

test('the linear machine of two points is the bisector', () => {
  const model = fitSvm(Float64Array.of(0, 0, 2, 0), [0, 1], { kernel: { kind: 'linear' }, c: 10, tolerance: 1e-12 });
  for (const [row, f] of [
    [[1, 5], 0],
    [[2, -3], 1],
    [[5, 0], 4],
  ] as const)
    assert.ok(Math.abs(model.decision(row) - f) < 1e-12);
});

test('iterations that run out give a model that says so', () => {
  const { x, y } = clouds(5, 200, 2, 0.5);
  const o: SvmOptions = { kernel: { kind: 'rbf', gamma: 1 }, c: 1000, tolerance: 1e-6 };
  const cut = fitSvm(x, y, { ...o, iterations: 50 });
  assert.is(cut.iterations, 50);
  assert.not(cut.converged);
  assert.match(cut.warning!, /stopped after 50 iterations with optimality violated by \d/);
  assert.ok(cut.violation > 1e-6 && cut.decisions(x).every(Number.isFinite));
  assert.is(fitSvm(x, y, o).warning, null);
});
