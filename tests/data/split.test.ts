import fc from 'fast-check';
import { membershipSplit, stratifiedSplit } from '../../data/index.ts';
import { Rng } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { throwsConfig } from './throws.ts';

const test = suite('stratified split');

const problem = fc.record({
  y: fc.integer({ min: 1, max: 8 }).chain((classes) =>
    fc.record({
      classes: fc.constant(classes),
      labels: fc.array(fc.integer({ min: 0, max: classes - 1 }), { minLength: 1, maxLength: 120 }),
    }),
  ),
  cuts: fc.array(fc.nat({ max: 1000 }), { minLength: 1, maxLength: 5 }),
  seed: fc.nat(),
});

function sizesFrom(cuts: readonly number[], rows: number): Record<string, number> {
  const total = cuts.reduce((sum, n) => sum + n, 0) + 1;
  return Object.fromEntries(cuts.map((n, i) => [`part ${i}`, Math.floor((n * rows) / total)]));
}

test('parts are disjoint, exact, and within one row of each class share', ({ seed }) => {
  fc.assert(
    fc.property(problem, ({ y: { classes, labels }, cuts, seed: s }) => {
      const sizes = sizesFrom(cuts, labels.length);
      const parts = stratifiedSplit(labels, classes, sizes, Rng.from(s));
      const seen = new Set<number>();
      for (const [name, size] of Object.entries(sizes)) {
        const rows = parts[name]!;
        assert.is(rows.length, size);
        for (const row of rows) {
          assert.not.ok(seen.has(row));
          seen.add(row);
        }
        for (let c = 0; c < classes; c++) {
          const share = (size * labels.filter((label) => label === c).length) / labels.length;
          const got = rows.filter((row) => labels[row] === c).length;
          assert.ok(Math.abs(got - share) < 1, `class ${c}: share ${share}, got ${got}`);
        }
      }
    }),
    { seed, numRuns: 500 },
  );
});

test('the same seed gives the same split, another seed another', () => {
  const y = Int32Array.from({ length: 200 }, (_, i) => i % 4);
  const split = (seed: number) => stratifiedSplit(y, 4, { a: 50, b: 70 }, Rng.from(seed));
  assert.equal(split(1), split(1));
  assert.not.equal(split(1), split(2));
});

test('classes are mixed within a part', () => {
  const y = Int32Array.from({ length: 100 }, (_, i) => (i < 50 ? 0 : 1));
  const { a } = stratifiedSplit(y, 2, { a: 60 }, Rng.from(3));
  const firstHalf = a.slice(0, 30).filter((row) => y[row] === 0).length;
  assert.ok(firstHalf > 3 && firstHalf < 27, `${firstHalf} of 30`);
});

test('a shadow pool takes what is left', () => {
  const y = Int32Array.from({ length: 100 }, (_, i) => i % 3);
  const { targetTrain, targetOut, shadowPool } = membershipSplit(
    { y, classes: 3 },
    { targetTrain: 30, targetOut: 20 },
    Rng.from(1),
  );
  assert.equal([targetTrain.length, targetOut.length, shadowPool.length], [30, 20, 50]);
  assert.is(new Set([...targetTrain, ...targetOut, ...shadowPool]).size, 100);
});

test('too many rows asked for: the numbers and the remedy', () => {
  throwsConfig(
    () => stratifiedSplit(new Int32Array(10), 1, { a: 8, b: 5 }, Rng.from(1)),
    'split: expected parts of at most 10 rows together, got 13 (a 8, b 5). Ask for 3 fewer, or choose a larger data set.',
  );
  throwsConfig(
    () => stratifiedSplit(new Int32Array(10), 1, { a: 1.5 }, Rng.from(1)),
    "split: expected a whole number of rows for 'a', got 1.5.",
  );
  throwsConfig(
    () => stratifiedSplit([0, 3], 2, { a: 1 }, Rng.from(1)),
    'split: expected labels in 0 .. 1, got 3 in row 1.',
  );
});
