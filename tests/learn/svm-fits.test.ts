/** How fits behave: what they refuse, SIMD and plain rows, slices, aborts. */
import { ConfigError, NumericError, Rng } from '../../engine/index.ts';
import {
  chooseSvmAsync,
  fitSvm,
  fitSvmAsync,
  fitSvmSlices,
  loadSvm,
  loadSvmKernels,
  type SvmKernel,
  type SvmOptions,
  type SvmProgress,
} from '../../engine/learn/index.ts';
import { pack, plainMaths, range } from '../../engine/learn/svm/rows.ts';
import { exp } from '../../engine/math/index.ts';
import { assert, suite } from '../harness.ts';
import { rejectsError, throwsError } from '../support/throws.ts';
import { clouds } from './svm-problems.ts';

const test = suite('fits of support vector machines');
const o: SvmOptions = { kernel: { kind: 'rbf', gamma: 0.5 }, c: 1 };

test('rows and options out of range are refused, by name', () => {
  const { x, y } = clouds(1, 20, 2, 0);
  const refused = (run: () => unknown, message: RegExp) => throwsError(run, ConfigError, message);
  for (const ones of [0, 20]) {
    const one = Array.from({ length: 20 }, () => (ones ? 1 : 0));
    refused(() => fitSvm(x, one, o), new RegExp(`both classes, got ${ones} of class 1 among 20`));
  }
  for (const bad of [Number.NaN, Infinity, -Infinity]) {
    const broken = x.slice();
    broken[7] = bad;
    refused(() => fitSvm(broken, y, o), new RegExp(`finite features, got ${bad} in row 3, feature 1`));
  }
  refused(() => fitSvm(x.subarray(1), y, o), /features for each of 20 rows, got 39/);
  refused(() => fitSvm(new Float64Array(0), y, o), /features for each of 20 rows, got 0/);
  refused(() => fitSvm(new Float64Array(0), [], o), /features for each of 0 rows/);
  refused(() => fitSvm(x, [...y].fill(-1, 0, 1), o), /labels 0 and 1, got -1 in row 0/);
  const option = (other: object, message: RegExp) => refused(() => fitSvm(x, y, { ...o, ...other }), message);
  for (const bad of [0, -1, Number.NaN, Infinity]) {
    option({ c: bad }, /expected c to be a finite number > 0/);
    option({ tolerance: bad }, /tolerance/);
    option({ cacheBytes: bad }, /cacheBytes/);
    option({ iterations: bad }, /iterations/);
    option({ classWeights: [1, bad] }, /classWeights/);
    option({ kernel: { kind: 'rbf', gamma: bad } }, /kernel\.gamma/);
  }
  for (const degree of [0, 1.5, Number.NaN])
    option({ kernel: { kind: 'polynomial', gamma: 1, coef0: 0, degree } }, /degree to be a whole number >= 1/);
  option({ kernel: { kind: 'polynomial', gamma: 1, coef0: Number.NaN, degree: 2 } }, /coef0 to be finite/);
  option({ probability: { folds: 1 } }, /at least 2 folds, got 1/);
  const model = fitSvm(x, y, o);
  refused(() => model.decision([1]), /rows of 2 features, got 1/);
  refused(() => model.decision([1, 2, 3, 4]), /rows of 2 features, got 4/);
  refused(() => model.decisions(x.subarray(1)), /rows of 2 features, got 39/);
  refused(() => model.decision([1, Number.NaN]), /finite features, got NaN at place 1/);
});

test('a kernel that overflows is reported', () => {
  const x = Float64Array.of(1e100, -1e100, 3e100, 2e100);
  for (const kernel of [
    { kind: 'polynomial', gamma: 1, degree: 4, coef0: 0 },
    { kind: 'polynomial', gamma: 1, degree: 3, coef0: 0 },
    { kind: 'polynomial', gamma: 1e200, degree: 2, coef0: -1 },
  ] as const)
    throwsError(() => fitSvm(x, [0, 1, 0, 1], { kernel, c: 1 }), NumericError, /finite range. Scale the features/);
  // two that are too far apart for their squared distance are only far apart
  assert.ok(fitSvm(Float64Array.of(1e200, -1e200), [0, 1], o).decision([1e200]) < 0);
});

const kernelsOf: readonly SvmKernel[] = [
  { kind: 'rbf', gamma: 0.37 },
  { kind: 'linear' },
  { kind: 'polynomial', gamma: 0.4, degree: 5, coef0: -0.5 },
];

test('SIMD rows have the bits of the plain ones: every kernel, every remainder', async ({ seed }) => {
  const simd = await loadSvmKernels();
  const rng = Rng.from(seed);
  for (const n of [1, 2, 3, 4, 5, 7, 8, 33]) {
    for (const d of [1, 2, 3, 10, 31]) {
      const x = Float64Array.from({ length: n * d }, () => rng.normal() * 10 ** (rng.below(5) - 2));
      const panels = pack(x, d, range(n));
      const q = x.subarray(0, d);
      const [a, b] = [new Float64Array(n), new Float64Array(n)];
      for (const kernel of kernelsOf) {
        simd.row(kernel, panels, q, a);
        plainMaths.row(kernel, panels, q, b);
        assert.equal(a, b, `${kernel.kind}, n ${n}, d ${d}`);
      }
      simd.squares(panels, q, a);
      plainMaths.squares(panels, q, b);
      assert.equal(a, b);
    }
  }
});

test("SIMD exp has the bits of the engine's: over the range, at its edges, subnormal and tiny", async ({ seed }) => {
  const simd = await loadSvmKernels();
  const rng = Rng.from(seed);
  const edges = [0.34657359027997264, 745.1332191019411, 744.9, 708.4, 707, 708, 709.7, 2 ** -28, 1e-300, 5e-324, 0];
  const near = edges.flatMap((v) => [v, v * (1 - 2 ** -52), v * (1 + 2 ** -52)]);
  const halves = Array.from({ length: 2000 }, (_, k) => ((k + 0.5) * Math.LN2) / 2);
  const numbers = [
    ...near.flatMap((v) => [-v, Math.min(v, 709)]),
    ...halves.flatMap((v) => [-v, v * (1 + 2 ** -52)]).filter((v) => v < 709),
    ...Array.from({ length: 20_000 }, () => -745 * rng.uniform()),
    ...Array.from({ length: 20_000 }, () => rng.normal()),
    ...Array.from({ length: 5000 }, () => -(10 ** (20 * rng.uniform() - 15))),
    -1e308,
    -Infinity,
  ];
  const v = Float64Array.from(numbers);
  const [got, want] = [new Float64Array(v.length), v.map((t) => exp(t))];
  simd.exp(v, 1, got);
  for (let i = 0; i < v.length; i++) assert.ok(Object.is(got[i], want[i]), `exp(${v[i]}): ${got[i]}, not ${want[i]}`);
  const [scaled, plain] = [new Float64Array(v.length), new Float64Array(v.length)];
  simd.exp(v, 0.3, scaled);
  plainMaths.exp(v, 0.3, plain);
  assert.equal(scaled, plain);
});

test('fits with SIMD and without have the same bits; they may share the kernels', async ({ seed }) => {
  const kernels = await loadSvmKernels();
  const fits = kernelsOf.slice(0, 2).map((kernel) => {
    const { x, y } = clouds(seed, 150, 3, 0.2);
    const options: SvmOptions = { kernel, c: 2, probability: true };
    return { x, want: fitSvm(x, y, options), slices: fitSvmSlices(x, y, { ...options, kernels, cacheBytes: 1e5 }) };
  });
  // turn by turn, so that each finds the other's rows in the kernels' memory
  const got = fits.map(({ slices }) => slices.next());
  while (got.some(({ done }) => !done))
    for (const [i, { slices }] of fits.entries()) if (!got[i]!.done) got[i] = slices.next();
  for (const [i, { x, want }] of fits.entries()) {
    const next = got[i]!;
    assert.ok(next.done);
    assert.equal(next.value.state(), want.state());
    assert.equal(next.value.decisions(x), want.decisions(x));
    assert.equal(loadSvm(want.state(), { kernels }).decisions(x), want.decisions(x));
  }
});

test('asynchronous fits give the same, tell how far they are, and let others have their turn', async ({ seed }) => {
  const { x, y } = clouds(seed, 1200, 4, 0.5);
  const seen: SvmProgress[] = [];
  const options: SvmOptions = { ...o, c: 30, probability: { folds: 2 } };
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const model = await fitSvmAsync(x, y, { ...options, onProgress: (p) => seen.push(p) });
  clearInterval(timer);
  assert.ok(turns > 0, 'a timer never had its turn');
  assert.equal([...new Set(seen.map(({ done }) => done))], [0, 1, 2]);
  assert.ok(seen.every(({ fits, violation }) => fits === 3 && violation > 0));
  assert.equal(model.state(), fitSvm(x, y, options).state());
});

test('an abort ends fits and searches with its reason', async () => {
  const { x, y } = clouds(2, 1500, 4, 0.5);
  const reason = new RangeError('enough');
  const folds = Array.from(y, (_, i) => i % 5);
  for (const run of [
    (signal: AbortSignal, onProgress: () => void) => fitSvmAsync(x, y, { ...o, c: 1000, signal, onProgress }),
    (signal: AbortSignal, onProgress: () => void) =>
      chooseSvmAsync(x, y, { folds, cs: [1000], gammas: [1], signal, onProgress }),
  ]) {
    const abort = new AbortController();
    let reports = 0;
    await rejectsError(() => run(abort.signal, () => ++reports === 3 && abort.abort(reason)), RangeError, /enough/);
    assert.is(reports, 3, 'went on after the abort');
    await rejectsError(() => run(AbortSignal.abort(reason), () => {}), RangeError, /enough/);
  }
});
