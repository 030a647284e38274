/** ROC, AUC and TPR at FPR against their definitions written out, with ties on purpose. */
import fc from 'fast-check';
import { auc, isResolved, nonMembersNeeded, rank, rocCurve, thinRoc, tprAt } from '../../attacks/metrics/index.ts';
import { assert, suite } from '../harness.ts';
import { testRng } from './random.ts';

const test = suite('metrics: ROC');
const ranking = (members: number[], nonMembers: number[]) =>
  rank({ members: Float64Array.from(members), nonMembers: Float64Array.from(nonMembers) });

/** AUC as it is defined: a tournament of all pairs, a draw counts one half. */
function tournament(members: number[], nonMembers: number[]): number {
  let wins = 0;
  for (const m of members) for (const n of nonMembers) wins += m > n ? 1 : m === n ? 0.5 : 0;
  return wins / (members.length * nonMembers.length);
}

/** TPR at FPR as it is defined: try every score as the threshold, and "nobody". */
function bestTpr(members: number[], nonMembers: number[], fpr: number): number {
  const rate = (x: number[], t: number) => x.filter((s) => s >= t).length / x.length;
  const thresholds = [...members, ...nonMembers].filter((t) => rate(nonMembers, t) <= fpr + 1e-12);
  return Math.max(0, ...thresholds.map((t) => rate(members, t)));
}

// few distinct values, so that most examples have ties within and across the groups
const scores = fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 1, maxLength: 30 });

test('AUC equals the tournament of all pairs', ({ seed }) => {
  fc.assert(
    fc.property(scores, scores, (m, n) => Math.abs(auc(ranking(m, n)) - tournament(m, n)) < 1e-12),
    { seed },
  );
});

test('AUC of exchanged groups, and of negated scores, is 1 - AUC', ({ seed }) => {
  fc.assert(
    fc.property(scores, scores, (m, n) => {
      const a = auc(ranking(m, n));
      const negated = auc(
        ranking(
          m.map((x) => -x),
          n.map((x) => -x),
        ),
      );
      return Math.abs(auc(ranking(n, m)) - (1 - a)) < 1e-12 && Math.abs(negated - (1 - a)) < 1e-12;
    }),
    { seed },
  );
});

test('AUC is the area under the curve by trapezia', ({ seed }) => {
  fc.assert(
    fc.property(scores, scores, (m, n) => {
      const { fpr, tpr } = rocCurve(ranking(m, n));
      let area = 0;
      for (let i = 1; i < fpr.length; i++) area += ((fpr[i]! - fpr[i - 1]!) * (tpr[i]! + tpr[i - 1]!)) / 2;
      return (
        fpr[0] === 0 &&
        tpr[0] === 0 &&
        fpr.at(-1) === 1 &&
        tpr.at(-1) === 1 &&
        Math.abs(area - auc(ranking(m, n))) < 1e-12
      );
    }),
    { seed },
  );
});

test('TPR at FPR is the best over every threshold', ({ seed }) => {
  const fprs = fc.constantFrom(0, 0.05, 0.1, 0.2, 0.29, 0.5, 0.9, 1);
  fc.assert(
    fc.property(scores, scores, fprs, (m, n, fpr) => Math.abs(tprAt(ranking(m, n), fpr) - bestTpr(m, n, fpr)) < 1e-12),
    { seed, numRuns: 500 },
  );
});

test('ties count against the attacker', () => {
  // one operating point at FPR 1/2: nothing is left at FPR 0.1, though a line drawn through (0, 0) would give 0.2
  assert.is(tprAt(ranking([1, 1, 1, 0], [1, 1, 0, 0]), 0.1), 0);
  assert.is(tprAt(ranking([1, 1, 1, 0], [1, 1, 0, 0]), 0.5), 0.75);
  // ten members tie with the one false positive too many
  const nonMembers = Array.from({ length: 100 }, (_, i) => (i < 11 ? 5 : 0));
  assert.is(tprAt(ranking([6, 5, 5, 5], nonMembers), 0.1), 0.25);
});

test('a rate that is a product of decimals is not lost to rounding', () => {
  // 0.29 * 100 = 28.999999999999996
  const nonMembers = Array.from({ length: 100 }, (_, i) => (i < 29 ? 2 : 0));
  assert.is(tprAt(ranking([2, 2, 0, 0], nonMembers), 0.29), 0.5);
  assert.ok(isResolved({ nonMembers: 10_000, fpr: 0.001 }));
  assert.not(isResolved({ nonMembers: 9_999, fpr: 0.001 }));
  assert.equal([0.1, 0.01, 0.001].map(nonMembersNeeded), [100, 1000, 10_000]);
});

test('infinite scores rank, NaN and empty groups are refused', () => {
  assert.is(auc(ranking([Infinity, 0], [-Infinity, 0])), (1 + 1 + 1 + 0.5) / 4);
  assert.throws(() => ranking([1, NaN], [0]), /NaN at members\[1\]/);
  assert.throws(() => ranking([1], []), /at least one score in nonMembers/);
});

test('a thinned curve keeps its ends and the steps at low FPR', ({ seed }) => {
  const rng = testRng(seed);
  const sizes = { members: 20_000, nonMembers: 20_000 };
  const r = rank({ members: rng.normals(sizes.members, 1), nonMembers: rng.normals(sizes.nonMembers) });
  const full = rocCurve(r);
  const thin = thinRoc(full, { points: 400, ...sizes });
  assert.ok(thin.fpr.length <= 402 && thin.fpr.length > 200, `${thin.fpr.length} points`);
  assert.equal([thin.fpr[0], thin.tpr[0], thin.fpr.at(-1), thin.tpr.at(-1)], [0, 0, 1, 1]);
  assert.ok(thin.fpr.filter((f) => f > 0 && f <= 0.01).length >= 50);
  const points = new Set(full.fpr.map((f, i) => `${f},${full.tpr[i]}`));
  for (const [i, f] of thin.fpr.entries()) assert.ok(points.has(`${f},${thin.tpr[i]}`), 'points are picked, not made');
  // no stretch of the curve is skipped: neighbours are close on the linear axes
  for (let i = 1; i < thin.fpr.length; i++) assert.ok(thin.fpr[i]! - thin.fpr[i - 1]! < 0.03);
});
