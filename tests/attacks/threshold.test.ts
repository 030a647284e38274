/** The threshold that separates a shadow model's members from its non-members best. */
import fc from 'fast-check';
import { bestThreshold } from '../../attacks/index.ts';
import { KeyholeError } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { throwsError } from '../support/throws.ts';

const test = suite('best threshold on shadow scores');
const share = (scores: readonly number[], t: number) => scores.filter((s) => s >= t).length / scores.length;
const advantage = (members: readonly number[], others: readonly number[], t: number) =>
  share(members, t) - share(others, t);
const best = (members: readonly number[], others: readonly number[]) =>
  bestThreshold(Float64Array.from(members), Float64Array.from(others));

test('no other threshold has a larger advantage', ({ seed }) => {
  const few = fc.array(fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(-Infinity, Infinity, 0.5)), {
    minLength: 1,
    maxLength: 12,
  });
  fc.assert(
    fc.property(few, few, (members, others) => {
      const got = advantage(members, others, best(members, others));
      // every threshold that can matter: each score, and one above all
      return [...members, ...others, Number.NaN].every((t) => advantage(members, others, t) <= got + 1e-12);
    }),
    { seed, numRuns: 1000 },
  );
});

test('by hand', () => {
  assert.is(best([3, 4, 5], [0, 1, 2]), 3);
  assert.is(best([5, 5, 1], [4, 2, 0]), 5);
  // the higher of two equally good ones calls fewer records members
  assert.is(best([3, 1], [2, 0]), 3);
});

test('scores that are NaN are refused instead of searched for ever', () => {
  throwsError(() => best([1, Number.NaN], [0]), KeyholeError, /expected a score for each record, got NaN/);
  throwsError(() => best([1], [Number.NaN]), KeyholeError, /NaN/);
});

test('hundreds of thousands of scores are no trouble', () => {
  const n = 300_000;
  const scores = Float64Array.from({ length: n }, (_, i) => i / n);
  assert.is(
    bestThreshold(
      scores.map((s) => s + 1),
      scores,
    ),
    1,
  );
});
