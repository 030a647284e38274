/** Two attacks on the same records, and one attack on several targets. */
import {
  deLong,
  deLongDifference,
  meanOverTargets,
  overTargets,
  pairedDifference,
  rank,
  type Scores,
  summarise,
  tprAt,
} from '../../attacks/metrics/index.ts';
import { studentQuantile } from '../../attacks/metrics/spread.ts';
import { assert, suite } from '../harness.ts';
import { testRng } from './random.ts';

const near = (got: number | null, want: number, abs = 1e-12) =>
  assert.ok(got !== null && Math.abs(got - want) <= abs, `expected ${want}, got ${got}`);
const of = (...x: number[]) => Float64Array.from(x);

/** Two attacks that see the same record through noise of their own: correlated scores. */
function correlated(seed: number, n: number, shiftA: number, shiftB: number): { a: Scores; b: Scores } {
  const rng = testRng(seed);
  const side = (shift: number) => {
    const common = rng.normals(n);
    return [shiftA, shiftB].map((own) => common.map((x) => x + own * shift + 0.3 * rng.normal()));
  };
  const [[ma, mb], [na, nb]] = [side(1), side(0)];
  return { a: { members: ma!, nonMembers: na! }, b: { members: mb!, nonMembers: nb! } };
}

const paired = suite('metrics: paired attacks');

paired("DeLong's covariance against numpy 2.4.6 (placements by the definition, np.cov), with ties", () => {
  const a = { members: of(9, 7, 8, 6, 5, 7, 3, 8), nonMembers: of(2, 5, 1, 6, 3, 4, 2) };
  const b = { members: of(6, 7, 5, 8, 2, 4, 3, 9), nonMembers: of(3, 1, 5, 6, 2, 4, 7) };
  const { difference, pValue } = deLongDifference({ a, b });
  near(difference.value, 0.9017857142857143 - 0.6785714285714286);
  near(difference.low, -0.042126524976063506);
  near(difference.high, 0.4885550964046349);
  near(pValue, 0.09919013482635176);
});

paired(
  'the bootstrap of the difference has the spread that DeLong computes, narrower than two unpaired intervals',
  ({ seed }) => {
    const { a, b } = correlated(seed, 600, 0.9, 0.6);
    const { auc, deLong: exact } = pairedDifference({ a, b, rng: testRng(seed), resamples: 4000 });
    const width = (e: { low: number; high: number }) => e.high - e.low;
    // an end of a percentile interval from 4,000 resamples has a relative error of 3 %: four of those
    near(width(auc) / width(exact.difference), 1, 0.12);
    near(auc.value, exact.difference.value!);
    assert.is(auc.method, 'paired-bootstrap');
    const unpaired = Math.hypot(width(deLong({ ranking: rank(a) })), width(deLong({ ranking: rank(b) })));
    assert.ok(width(auc) < 0.6 * unpaired, `paired ${width(auc)}, unpaired ${unpaired}`);
  },
);

paired('both attacks see the same resample: of an attack against itself the difference is 0 in each', ({ seed }) => {
  const { a } = correlated(seed, 300, 1, 1);
  const copy = { members: a.members.slice(), nonMembers: a.nonMembers.slice() };
  const same = pairedDifference({ a, b: a, rng: testRng(1) });
  assert.equal([same.auc.value, same.auc.low, same.auc.high, same.deLong.pValue], [0, 0, 0, null]);
  const twice = pairedDifference({ a, b: copy, rng: testRng(1) });
  // equal on these records, which does not say equal on all
  assert.ok(twice.auc.low < 0 && twice.auc.high > 0 && twice.auc.high < 0.02);
});

paired('intervals cover: 200 simulated pairs of equal attacks, and of different ones', ({ seed }) => {
  const runs = 200;
  let [tpr, auc] = [0, 0];
  for (let run = 0; run < runs; run++) {
    const { a, b } = correlated(seed + run, 200, 0.8, 0.8);
    const d = pairedDifference({ a, b, rng: testRng(run), resamples: 200, fprs: [0.1] });
    if (d.tprAtFpr['0.1']!.low <= 0 && 0 <= d.tprAtFpr['0.1']!.high) tpr++;
    if (d.auc.low <= 0 && 0 <= d.auc.high) auc++;
  }
  // nominal 0.95 and at most a little over; standard error 0.015: four of those below
  for (const covered of [tpr / runs, auc / runs]) assert.ok(covered >= 0.89, `covers ${covered}`);
  const { a, b } = correlated(seed, 1000, 1.5, 0.3);
  assert.ok(pairedDifference({ a, b, rng: testRng(2), fprs: [0.01] }).tprAtFpr['0.01']!.low > 0);
});

paired('values are those of the attacks alone; a rate that is not resolved has none', ({ seed }) => {
  const { a, b } = correlated(seed, 500, 1, 0.5);
  const d = pairedDifference({ a, b, rng: testRng(3) });
  near(d.tprAtFpr['0.1']!.value, tprAt(rank(a), 0.1) - tprAt(rank(b), 0.1));
  assert.equal([d.tprAtFpr['0.01'], d.tprAtFpr['0.001']], [null, null]);
  assert.throws(
    () => pairedDifference({ a, b: { ...b, members: of(1) }, rng: testRng(3) }),
    /same records, got scores of 500 members .* and of 1 and 500/,
  );
});

paired('resampling keeps a record together: shuffled members of one attack widen the interval', ({ seed }) => {
  const { a, b } = correlated(seed, 400, 0.8, 0.8);
  const shuffled = { ...b, members: b.members.slice().reverse(), nonMembers: b.nonMembers.slice().reverse() };
  const width = (other: Scores) => {
    const { auc } = pairedDifference({ a, b: other, rng: testRng(4) });
    return auc.high - auc.low;
  };
  assert.ok(width(shuffled) > 1.5 * width(b));
});

const spread = suite('metrics: several targets');

spread("Student's t against scipy 1.17.1 t.ppf", () => {
  for (const [p, degrees, want] of [
    [0.975, 1, 12.706204736174694],
    [0.975, 4, 2.7764451051977934],
    [0.975, 9, 2.262157162798205],
    [0.9995, 2, 31.599054576445365],
    [0.9, 30, 1.3104150253913955],
  ] as const)
    near(studentQuantile(p, degrees) / want, 1, 1e-9);
  assert.is(studentQuantile(0.5, 3), 0);
});

spread('the mean of five TPRs against scipy 1.17.1 t.interval', () => {
  const e = meanOverTargets({ values: [0.084, 0.071, 0.102, 0.066, 0.09] });
  near(e.value, 0.0826);
  near(e.low, 0.06457233860649217);
  near(e.high, 0.10062766139350784);
  assert.equal([e.n, e.method], [5, 't']);
});

spread('one target says nothing about another; the bootstrap over targets needs a generator, and is named', () => {
  const one = meanOverTargets({ values: [0.3] });
  assert.equal([one.value, one.low, one.high, one.n], [0.3, 0, 1, 1]);
  const values = Array.from({ length: 12 }, (_, i) => 0.2 + i / 100);
  const t = meanOverTargets({ values });
  const b = meanOverTargets({ values, method: 'bootstrap', rng: testRng(1) });
  assert.is(b.method, 'bootstrap');
  near((b.high - b.low) / (t.high - t.low), 1, 0.25);
  assert.throws(() => meanOverTargets({ values, method: 'bootstrap' }), /generator/);
  assert.throws(() => meanOverTargets({ values: [] }), /at least one target/);
});

spread('trap 4.2.10: the mean of the TPRs over targets is not the TPR of their pooled scores', ({ seed }) => {
  const rng = testRng(seed);
  // the same leak everywhere, but each target's scores lie elsewhere and are as wide as it pleases
  const targets = Array.from({ length: 6 }, (_, t): Scores => {
    const place = (x: Float64Array) => x.map((s) => 5 * t + (1 + t) * s);
    return { members: place(rng.normals(1000, 1)), nonMembers: place(rng.normals(1000)) };
  });
  const pooled = {
    members: Float64Array.from(targets.flatMap((t) => [...t.members])),
    nonMembers: Float64Array.from(targets.flatMap((t) => [...t.nonMembers])),
  };
  const mean = overTargets({ targets });
  assert.is(mean.targets, 6);
  // Phi(1 + z(0.01)) = 0.092 for each of them
  near(mean.tprAtFpr['0.01']!.value, 0.092, 0.03);
  const wrong = tprAt(rank(pooled), 0.01);
  assert.ok(wrong < mean.tprAtFpr['0.01']!.low, `pooled ${wrong}, mean from ${mean.tprAtFpr['0.01']!.low}`);
  // 1,000 non-members each do not resolve 0.1 %; 6,000 pooled ones would not either, 10,000 pooled ones would seem to
  assert.is(mean.tprAtFpr['0.001'], null);
});

const fixed = suite('metrics: TPR with a fixed threshold');

fixed('Clopper-Pearson on request: the bootstrap stays the default, and each says what it is', ({ seed }) => {
  const rng = testRng(seed);
  const scores = { members: rng.normals(1000, 1), nonMembers: rng.normals(1000), threshold: null };
  const usual = summarise({ ...scores, rng: testRng(1) });
  const exact = summarise({ ...scores, rng: testRng(1), tprInterval: 'clopper-pearson' });
  const [a, b] = [usual.tprAtFpr['0.01']!, exact.tprAtFpr['0.01']!];
  assert.equal([a.method, b.method, usual.auc, a.value], ['bootstrap', 'clopper-pearson', exact.auc, b.value]);
  // the threshold is itself estimated from ten false positives, which the exact interval does not know
  assert.ok(b.high - b.low < a.high - a.low);
});
