import fc from 'fast-check';
import { poissonBatches, shuffledBatches } from '../../data/index.ts';
import { Rng } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { throwsConfig } from './throws.ts';

const test = suite('samplers');

test('every epoch visits every row once', ({ seed }) => {
  fc.assert(
    fc.property(fc.nat({ max: 50 }), fc.integer({ min: 1, max: 20 }), fc.nat(), (rows, batch, s) => {
      const batches = [...shuffledBatches({ rows, batch, epochs: 2, rng: Rng.from(s) })];
      const perEpoch = Math.ceil(rows / batch);
      assert.is(batches.length, 2 * perEpoch);
      for (const epoch of [batches.slice(0, perEpoch), batches.slice(perEpoch)]) {
        const seen = epoch.flatMap((b) => [...b]).sort((a, b) => a - b);
        assert.equal(
          seen,
          Array.from({ length: rows }, (_, i) => i),
        );
        assert.ok(epoch.slice(0, -1).every((b) => b.length === batch));
      }
    }),
    { seed },
  );
});

test('epochs come in different orders, the same for the same seed', () => {
  const order = (seed: number) =>
    [...shuffledBatches({ rows: 64, batch: 64, epochs: 2, rng: Rng.from(seed) })].map((b) => [...b]);
  assert.not.equal(order(1)[0], order(1)[1]);
  assert.equal(order(1), order(1));
});

test('dropLast leaves out the partial batch', () => {
  const sizes = (dropLast: boolean) =>
    [...shuffledBatches({ rows: 10, batch: 4, rng: Rng.from(1), dropLast })].map((b) => b.length);
  assert.equal(sizes(false), [4, 4, 2]);
  assert.equal(sizes(true), [4, 4]);
});

test('given rows are drawn from, not counted', () => {
  const rows = Int32Array.of(7, 3, 99);
  const [batch] = shuffledBatches({ rows, batch: 3, rng: Rng.from(1) });
  assert.equal(
    [...batch!].sort((a, b) => a - b),
    [3, 7, 99],
  );
  assert.equal([...poissonBatches({ rows, rate: 1, steps: 1, rng: Rng.from(1) })], [rows]);
});

test('Poisson batches: inclusion at the rate, independent rows, empty batches yielded', ({ seed }) => {
  const [rows, rate, steps] = [50, 0.03, 4000];
  const batches = [...poissonBatches({ rows, rate, steps, rng: Rng.from(seed) })];
  assert.is(batches.length, steps);
  const n = rows * steps;
  const included = batches.reduce((sum, b) => sum + b.length, 0);
  // Five standard deviations of a binomial.
  assert.ok(Math.abs(included - n * rate) < 5 * Math.sqrt(n * rate * (1 - rate)), `${included} of ${n}`);
  const empty = batches.filter((b) => b.length === 0).length;
  const pEmpty = (1 - rate) ** rows;
  assert.ok(Math.abs(empty - steps * pEmpty) < 5 * Math.sqrt(steps * pEmpty * (1 - pEmpty)), `${empty} empty`);
  const sizes = batches.map((b) => b.length);
  const variance = sizes.reduce((sum, k) => sum + (k - rows * rate) ** 2, 0) / steps;
  assert.ok(Math.abs(variance / (rows * rate * (1 - rate)) - 1) < 0.15, `variance ${variance}`);
});

test('bad options are refused', () => {
  throwsConfig(
    () => [...shuffledBatches({ rows: 3, batch: 0, rng: Rng.from(1) })],
    'batch: expected a whole number of at least 1, got 0.',
  );
  throwsConfig(
    () => [...poissonBatches({ rows: 3, rate: 1.5, steps: 1, rng: Rng.from(1) })],
    'poissonBatches: expected a rate in 0 .. 1, got 1.5. It is batch size / rows.',
  );
});
