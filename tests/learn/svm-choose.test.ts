/** The choice of C and gamma, and Platt's probabilities. */
import { ConfigError, Rng } from '../../engine/index.ts';
import { chooseSvm, fitSvm, loadSvm, type SvmOptions } from '../../engine/learn/index.ts';
import { fitSigmoid } from '../../engine/learn/svm/platt.ts';
import { assert, suite } from '../harness.ts';
import { throwsError } from '../support/throws.ts';
import { clouds, largestDifference, type Problem } from './svm-problems.ts';

const test = suite('choice and probabilities of support vector machines');
const rbf = (gamma: number) => ({ kind: 'rbf', gamma }) as const;
const part = ({ x, y, d }: Problem, keep: (i: number) => boolean): Problem => ({
  x: x.filter((_, at) => keep(Math.floor(at / d))),
  y: y.filter((_, i) => keep(i)),
  d,
});
const agreeing = (f: Float64Array, y: ArrayLike<number>) =>
  f.reduce((count, v, i) => count + (v > 0 === (y[i] === 1) ? 1 : 0), 0);

test('the grid holds the accuracies of machines fitted without the fold, and the best is fitted with all rows', ({
  seed,
}) => {
  const problem = clouds(seed, 120, 3, 0.2);
  const folds = Int32Array.from({ length: 120 }, (_, i) => [7, -1, 30][i % 3]!);
  const o = { tolerance: 1e-6, classWeights: [1, 2] } as const;
  const choice = chooseSvm(problem.x, problem.y, { ...o, folds, cs: [10, 0.1], gammas: [0.1, 1] });
  assert.equal(
    choice.grid.map(({ c, gamma }) => [c, gamma]),
    [
      [0.1, 0.1],
      [0.1, 1],
      [10, 0.1],
      [10, 1],
    ],
  );
  for (const { c, gamma, accuracy } of choice.grid) {
    let right = 0;
    for (const fold of [7, -1, 30]) {
      const train = part(problem, (i) => folds[i] !== fold);
      const held = part(problem, (i) => folds[i] === fold);
      right += agreeing(fitSvm(train.x, train.y, { ...o, kernel: rbf(gamma), c }).decisions(held.x), held.y);
    }
    assert.is(accuracy, right / 120, `c ${c}, gamma ${gamma}`);
  }
  const best = choice.grid.find(({ c, gamma }) => c === choice.c && gamma === choice.gamma)!;
  assert.is(best.accuracy, Math.max(...choice.grid.map((g) => g.accuracy)));
  const again = fitSvm(problem.x, problem.y, { ...o, kernel: rbf(choice.gamma), c: choice.c });
  assert.equal(choice.model.state(), again.state());
  assert.is(choice.unconverged, 0);
  assert.is(choice.searchRows, 120);
});

test('among equals the smaller C, then the smaller gamma', () => {
  // far apart: whatever the grid offers is right about every row
  const x = Float64Array.from({ length: 40 }, (_, i) => (i % 2 ? 5 : -5) + i / 100);
  const y = Array.from({ length: 40 }, (_, i) => i % 2);
  const folds = y.map((_, i) => (i >> 1) % 4);
  const choice = chooseSvm(x, y, { folds, cs: [100, 1, 10], gammas: [0.5, 0.1, 0.2] });
  assert.ok(choice.grid.every(({ accuracy }) => accuracy === 1));
  assert.equal([choice.c, choice.gamma], [1, 0.1]);
});

test('trap 4.2.3: folds by shadow model, not by row: copies of a record in one fold cannot vote for a large gamma', ({
  seed,
}) => {
  // each record four times, label at random: only memory of a copy predicts it
  const rng = Rng.from(seed);
  const records = 60;
  const x = Float64Array.from({ length: 4 * records }, (_, i) => (i % records) * 10);
  const labels = Array.from({ length: records }, () => rng.below(2));
  const y = Array.from({ length: 4 * records }, (_, i) => labels[i % records]!);
  const best = (folds: number[]) =>
    Math.max(...chooseSvm(x, y, { folds, cs: [1], gammas: [1] }).grid.map((g) => g.accuracy));
  assert.is(best(y.map((_, i) => Math.floor(i / records))), 1);
  // five standard errors of 60 coin flips
  assert.ok(Math.abs(best(y.map((_, i) => (i % records) % 4)) - 0.5) < 5 * Math.sqrt(0.25 / records));
});

test('many rows: the grid is searched on some, with the shares of folds and labels, and all are fitted', ({ seed }) => {
  const problem = clouds(seed, 600, 2, 0.1);
  const folds = Int32Array.from({ length: 600 }, (_, i) => (i % 10 === 0 ? 1 : i % 2 ? 2 : 3));
  const o = { folds, cs: [1], gammas: [0.5], searchRows: 100 };
  const choice = chooseSvm(problem.x, problem.y, o);
  assert.is(choice.searchRows, 100);
  assert.equal(choice.model.state(), fitSvm(problem.x, problem.y, { kernel: rbf(0.5), c: 1 }).state());
  assert.is(Math.round(choice.grid[0]!.accuracy * 100), choice.grid[0]!.accuracy * 100);
  const accuracies = Array.from(
    { length: 6 },
    (_, i) => chooseSvm(problem.x, problem.y, { ...o, rng: Rng.from(i) }).grid[0]!.accuracy,
  );
  assert.ok(new Set(accuracies).size > 1, 'another rng draws other rows');
  assert.is(chooseSvm(problem.x, problem.y, { ...o, rng: Rng.from(3) }).grid[0]!.accuracy, accuracies[3]!);
});

test('grids and folds that cannot be used are refused', () => {
  const { x, y } = clouds(1, 20, 2, 0);
  const folds = Array.from({ length: 20 }, (_, i) => i % 5);
  const o = { folds, cs: [1], gammas: [1] };
  const refused = (other: object, message: RegExp) =>
    throwsError(() => chooseSvm(x, y, { ...o, ...other }), ConfigError, message);
  refused({ cs: [] }, /at least one value in cs/);
  refused({ gammas: [] }, /at least one value in gammas/);
  refused({ gammas: [1, 0] }, /kernel\.gamma to be a finite number > 0, got 0/);
  refused({ cs: [1, -1] }, /expected c to be/);
  refused({ folds: folds.slice(1) }, /a fold for each of 20 rows, got 19/);
  refused({ folds: folds.map(() => 3) }, /at least 2 folds among the rows, got 1/);
  refused({ folds: [...y] }, /both classes outside of each fold, got one class outside of fold 0/);
  refused({ searchRows: 1 }, /searchRows to be a whole number >= 2, got 1/);
});

test("Platt's sigmoid is the one of greatest likelihood", () => {
  // scipy 1.10, minimize(BFGS, gtol=1e-12) of the same likelihood
  const f = Float64Array.of(-2.1, -1.3, -0.4, 0.2, 0.1, 0.9, 1.7, -0.8, 2.2, 0.4);
  const { slope, offset } = fitSigmoid(f, [0, 0, 1, 0, 1, 1, 1, 0, 1, 0]);
  assert.ok(Math.abs(slope - -0.9059907388399611) < 1e-4, `slope ${slope}`);
  assert.ok(Math.abs(offset - 0.07977321919097671) < 1e-4, `offset ${offset}`);
  // neither huge values nor labels that they tell apart leave the finite range
  for (const scale of [1e-3, 1, 1e3, 1e200]) {
    const s = fitSigmoid(
      f.map((v) => v * scale),
      f.map((v) => (v > 0 ? 1 : 0)),
    );
    assert.ok(Number.isFinite(s.slope) && Number.isFinite(s.offset), `scale ${scale}`);
  }
});

test('probabilities rise with the decision, are calibrated, and repeat with their rng', ({ seed }) => {
  const problem = clouds(seed, 400, 2, 0.3);
  const o: SvmOptions = { kernel: rbf(0.3), c: 1, probability: true };
  const model = fitSvm(problem.x, problem.y, o);
  const f = model.decisions(problem.x);
  const p = Float64Array.from({ length: 400 }, (_, i) => model.probability!(problem.x.subarray(2 * i, 2 * i + 2)));
  const order = [...f.keys()].sort((a, b) => f[a]! - f[b]!);
  for (let t = 1; t < 400; t++) assert.ok(p[order[t]!]! >= p[order[t - 1]!]!);
  assert.ok(p.every((v) => v > 0 && v < 1));
  // the sigmoid's likelihood equation for the offset: mean probability = mean label, up to the moved labels and the
  // difference between held-out and fitted decision values
  const mean = (v: ArrayLike<number>) => Array.from(v).reduce((sum, t) => sum + t, 0) / v.length;
  assert.ok(Math.abs(mean(p) - mean(problem.y)) < 0.05, `${mean(p)} for ${mean(problem.y)}`);
  assert.equal(fitSvm(problem.x, problem.y, o).state(), model.state());
  const other = fitSvm(problem.x, problem.y, { ...o, probability: { rng: Rng.from(1), folds: 3 } });
  assert.not.equal(other.platt, model.platt);
  assert.is(largestDifference(other.coefficients, model.coefficients), 0);
  const without = fitSvm(problem.x, problem.y, { ...o, probability: false });
  assert.is(without.probability, undefined);
  assert.is(without.platt, null);
});

test('with two rows of a class, folds without it still give probabilities', () => {
  const x = Float64Array.from({ length: 30 }, (_, i) => i);
  const y = Array.from({ length: 30 }, (_, i) => (i > 27 ? 1 : 0));
  const model = fitSvm(x, y, { kernel: rbf(0.1), c: 1, probability: { folds: 15 } });
  assert.ok(Number.isFinite(model.probability!([3])));
  const one = fitSvm(Float64Array.of(0, 1), [0, 1], { kernel: rbf(1), c: 1, probability: { folds: 2 } });
  assert.ok(Number.isFinite(one.probability!([0.5])));
});

test('a stored state gives the same machine', () => {
  const { x, y } = clouds(9, 80, 3);
  const model = fitSvm(x, y, { kernel: rbf(0.2), c: 3, probability: true });
  const state = structuredClone(model.state());
  const loaded = loadSvm(state);
  assert.is(largestDifference(loaded.decisions(x), model.decisions(x)), 0);
  assert.is(loaded.probability!([0, 1, 2]), model.probability!([0, 1, 2]));
  assert.equal(loaded.state(), model.state());
  // nothing in it but numbers, words and typed arrays
  for (const v of Object.values(state).flatMap((v) => (v && typeof v === 'object' ? Object.values(v) : [v])))
    assert.ok(v === null || ['number', 'string', 'boolean'].includes(typeof v), String(v));
});
