/** Metrics of parts of the records: per class and by slices, with what is too small said to be so. */
import {
  aboveAfter,
  type Groups,
  medianOverClasses,
  perClass,
  quartileGroups,
  rank,
  sliceBy,
  thresholdMetrics,
  tprAt,
} from '../../attacks/metrics/index.ts';
import { assert, suite } from '../harness.ts';
import { testRng } from './random.ts';

const near = (got: number | null, want: number, abs = 1e-12) =>
  assert.ok(got !== null && Math.abs(got - want) <= abs, `expected ${want}, got ${got}`);

/** Records given as [class, member, score], repeated. */
function records(rows: readonly (readonly [label: number, member: number, score: number, times: number])[]) {
  const all = rows.flatMap(([label, member, score, times]) =>
    Array.from({ length: times }, () => [label, member, score]),
  );
  return {
    labels: all.map(([label]) => label!),
    isMember: all.map(([, member]) => member!),
    scores: all.map(([, , score]) => score!),
  };
}

const classes = suite('metrics: per class');

// class 0: 12 of 15 members and 3 of 15 non-members called; class 2: 40 of 45 and 5 of 5; class 5: no non-member
const HAND = records([
  [2, 1, 1, 40],
  [2, 1, 0, 5],
  [2, 0, 1, 5],
  [0, 1, 1, 12],
  [0, 1, 0, 3],
  [0, 0, 1, 3],
  [0, 0, 0, 12],
  [5, 1, 0, 2],
]);

classes(
  'precision and recall by hand, with scipy 1.17.1 binomtest limits, medians over the classes that have one',
  () => {
    const { classes: found, median } = perClass({ ...HAND, threshold: 0.5 });
    assert.equal(
      found.map((c) => [c.class, c.members, c.nonMembers, c.truePositives, c.falsePositives]),
      [
        [0, 15, 15, 12, 3],
        [2, 45, 5, 40, 5],
        [5, 2, 0, 0, 0],
      ],
    );
    const [first, second, third] = found;
    near(first!.precision.value, 0.8);
    near(first!.precision.low, 0.5191088661931469, 1e-9);
    near(first!.precision.high, 0.956687994894164, 1e-9);
    near(first!.recall.value, 0.8);
    near(first!.balancedAccuracy!.value, 0.8);
    near(second!.precision.low, 0.7594641915044859, 1e-9);
    near(second!.precision.high, 0.9629233386928087, 1e-9);
    // nobody was called a member there, and nobody could be called one wrongly
    assert.equal([third!.precision.value, third!.recall.value, third!.balancedAccuracy], [null, 0, null]);
    near(median.precision, (0.8 + 40 / 45) / 2);
    near(median.recall, 0.8);
    near(median.balancedAccuracy, (0.8 + (40 / 45 + 0) / 2) / 2);
    assert.equal(
      found.map((c) => c.precision.method),
      ['clopper-pearson', 'clopper-pearson', 'clopper-pearson'],
    );
  },
);

classes('trap 4.2.4: precision moves with the shares of members and non-members, balanced accuracy does not', () => {
  const equal = records([
    [0, 1, 1, 80],
    [0, 1, 0, 20],
    [0, 0, 1, 40],
    [0, 0, 0, 60],
  ]);
  const fourfold = records([
    [0, 1, 1, 80],
    [0, 1, 0, 20],
    [0, 0, 1, 160],
    [0, 0, 0, 240],
  ]);
  const [a] = perClass({ ...equal, threshold: 0.5 }).classes;
  const [b] = perClass({ ...fourfold, threshold: 0.5 }).classes;
  near(a!.precision.value, 2 / 3);
  near(b!.precision.value, 1 / 3);
  // what guessing gets stands beside it, so 1/3 is seen to be above chance
  assert.equal([a!.baseline, b!.baseline], [0.5, 0.2]);
  near(a!.balancedAccuracy!.value, 0.7);
  near(b!.balancedAccuracy!.value, 0.7);
});

classes('the interval of the median covers it: 200 simulated attacks on ten classes', ({ seed }) => {
  const rng = testRng(seed);
  const runs = 200;
  // true recall of class c is 0.5 + c / 25: the median of the ten is 0.68
  const recall = (c: number) => 0.5 + c / 25;
  let covered = 0;
  for (let run = 0; run < runs; run++) {
    const labels = Array.from({ length: 1200 }, (_, i) => i % 10);
    const isMember = labels.map((_, i) => (i < 600 ? 1 : 0));
    const scores = labels.map((c, i) => (rng.uniform() < (isMember[i] ? recall(c) : 0.3) ? 1 : 0));
    const { classes: found } = perClass({ labels, isMember, scores, threshold: 0.5 });
    const { recall: e } = medianOverClasses({ classes: found, rng, resamples: 300 });
    assert.ok(e.low <= e.value! && e.value! <= e.high);
    if (e.low <= 0.68 && 0.68 <= e.high) covered++;
  }
  // nominal 0.95, standard error sqrt(0.95 x 0.05 / 200) = 0.015: four of those below
  assert.ok(covered / runs >= 0.88, `covers ${covered / runs}`);
});

classes('classes with only hits are no certainty', () => {
  const all = perClass({
    ...records([0, 1, 2].flatMap((c) => [[c, 1, 1, 20] as const, [c, 0, 0, 20] as const])),
    threshold: 0.5,
  });
  const { precision, recall } = medianOverClasses({ classes: all.classes, rng: testRng(1) });
  for (const e of [precision, recall]) assert.ok(e.value === 1 && e.high === 1 && e.low < 0.98 && e.low > 0.8);
});

classes('a median of nothing is undefined, and no interval is claimed', () => {
  const none = perClass({
    ...records([
      [0, 1, 0, 10],
      [0, 0, 0, 10],
    ]),
    threshold: 0.5,
  });
  assert.is(none.median.precision, null);
  const { precision, recall } = medianOverClasses({ classes: none.classes, rng: testRng(1) });
  assert.equal([precision.value, precision.low, precision.high, precision.n], [null, 0, 1, 0]);
  assert.equal([recall.value, recall.n], [0, 1]);
  assert.throws(() => perClass({ ...HAND, labels: [1], threshold: 0 }), /each of 82 scores, got 1 and 82/);
  assert.throws(() => perClass({ ...HAND, threshold: NaN }), /threshold, got NaN/);
});

const slices = suite('metrics: slices');

function leaky(seed: number, n: number, shiftOf: (i: number) => number, groups: (i: number) => number) {
  const rng = testRng(seed);
  const isMember = Uint8Array.from({ length: 2 * n }, (_, i) => i % 2);
  const scores = Float64Array.from(isMember, (member, i) => rng.normal() + (member ? shiftOf(i) : 0));
  const of = Int32Array.from(isMember, (_, i) => groups(i));
  return { isMember, scores, of, rng };
}

slices('each slice has the metrics of its own records, and counts; records in no group are left out', ({ seed }) => {
  const group = (i: number) => (i < 2000 ? 0 : i < 2600 ? 1 : i < 2615 ? 2 : -1);
  const { scores, isMember, of, rng } = leaky(seed, 1500, (i) => (group(i) === 0 ? 2 : 0), group);
  const groups: Groups = { by: 'colour', names: ['red', 'green', 'blue', 'none'], of };
  const table = sliceBy({ scores, isMember, groups, threshold: 1, rng });
  assert.is(table.by, 'colour');
  assert.equal(
    table.slices.map((s) => [s.value, s.members, s.nonMembers, s.tooSmall]),
    [
      ['red', 1000, 1000, false],
      ['green', 300, 300, false],
      ['blue', 7, 8, true],
    ],
  );
  const [red, green, blue] = table.slices;
  const side = (member: number) => scores.filter((_, i) => of[i] === 0 && isMember[i] === member);
  const own = { members: side(1), nonMembers: side(0) };
  near(red!.tprAtFpr['0.1']!.value, tprAt(rank(own), 0.1));
  const hits = (x: Float64Array) => x.filter((s) => s >= 1).length;
  const confusion = { truePositives: hits(own.members), falsePositives: hits(own.nonMembers) };
  assert.equal(
    red!.balancedAccuracy,
    thresholdMetrics({ ...confusion, members: 1000, nonMembers: 1000 }).balancedAccuracy,
  );
  assert.ok(red!.auc!.low > 0.85 && green!.auc!.low < 0.5 && green!.auc!.high > 0.5);
  assert.is(red!.auc!.method, 'delong');
  // 99.9 % would be missed once in a thousand; a slice that leaks and one that does not keep apart
  assert.equal([blue!.auc, blue!.balancedAccuracy, blue!.tprAtFpr['0.1']], [null, null, null]);
  // red: AUC, balanced accuracy, TPR at 10 % and at 1 %; green: no TPR at 1 %
  assert.is(table.looks, 7);
});

slices('trap 4.2.1: a slice reports no TPR that its own non-members do not resolve', ({ seed }) => {
  const { scores, isMember, of, rng } = leaky(
    seed,
    1000,
    () => 1,
    (i) => (i < 1900 ? 0 : 1),
  );
  const groups = { by: 'part', names: ['large', 'small'], of };
  const [large, small] = sliceBy({ scores, isMember, groups, threshold: null, rng }).slices;
  // 950 and 50 non-members: 10 % takes 100, 1 % takes 1,000
  assert.ok(large!.tprAtFpr['0.1'] && large!.tprAtFpr['0.01'] === null);
  assert.equal([small!.tprAtFpr['0.1'], small!.tprAtFpr['0.01']], [null, null]);
  assert.ok(small!.auc);
  assert.is(large!.balancedAccuracy, null);
});

slices('twenty slices of nothing: about one interval misses, none is above chance after the allowance', () => {
  let plain = 0;
  let allowed = 0;
  const seeds = 30;
  for (let seed = 1; seed <= seeds; seed++) {
    const { scores, isMember, of, rng } = leaky(
      seed,
      1000,
      () => 0,
      (i) => (i >> 1) % 20,
    );
    const names = Array.from({ length: 20 }, (_, i) => `${i}`);
    const table = sliceBy({ scores, isMember, groups: { by: 'x', names, of }, threshold: null, rng });
    for (const { auc } of table.slices) {
      if (auc!.low > 0.5) plain++;
      if (aboveAfter(table.looks, auc!, 0.5)) allowed++;
    }
  }
  // 600 one-sided looks at 2.5 %: 15 expected, standard deviation 3.8; after Bonferroni 0.025 a table, 0.75 in all
  assert.ok(plain >= 3, `${plain} of 600 above chance: without looking twenty times nothing needs allowing for`);
  assert.ok(allowed <= 4, `${allowed} above chance after the allowance`);
});

slices('perfect separation in a slice is no certainty', () => {
  const isMember = Uint8Array.from({ length: 40 }, (_, i) => i % 2);
  const [slice] = sliceBy({
    scores: Float64Array.from(isMember),
    isMember,
    groups: { by: 'all', names: ['all'], of: new Int32Array(40) },
    threshold: 0.5,
    rng: testRng(1),
  }).slices;
  assert.equal([slice!.auc!.value, slice!.auc!.method, slice!.auc!.n], [1, 'clopper-pearson', 40]);
  assert.ok(slice!.auc!.low < 0.9 && slice!.balancedAccuracy!.low < 0.9);
});

slices('quartiles: equal numbers stay together, missing values are a group', () => {
  const four = quartileGroups('age', [1, 2, 3, 4, 5, 6, 7, NaN, 8]);
  assert.equal(four.names, ['below 3', '3 to 5', '5 to 7', '7 and above', 'missing']);
  assert.equal([...(four.of as Int32Array)], [0, 0, 1, 1, 2, 2, 3, 4, 3]);
  const skewed = quartileGroups('gain', [0, 0, 0, 0, 0, 0, 5, 9]);
  assert.equal(skewed.names, ['below 5', '5 and above', 'missing']);
  assert.equal([...(skewed.of as Int32Array)], [0, 0, 0, 0, 0, 0, 1, 1]);
  const constant = quartileGroups('one', [3, 3, 3]);
  assert.equal(
    [constant.names, [...(constant.of as Int32Array)]],
    [
      ['all', 'missing'],
      [0, 0, 0],
    ],
  );
  assert.equal(quartileGroups('none', [NaN]).of[0], quartileGroups('none', [NaN]).names.indexOf('missing'));
});
