/** Privacy risk scores: posteriors that are calibrated on other records, class by class, and never certain from little. */
import { fitRisk, mostExposed } from '../../attacks/metrics/index.ts';
import { assert, suite } from '../harness.ts';
import { testRng } from './random.ts';

const test = suite('metrics: privacy risk scores');

/** n records of each class and side; members of class c score N(shifts[c], 1). */
function draw(seed: number, n: number, shifts: readonly number[]) {
  const rng = testRng(seed);
  const labels: number[] = [];
  const isMember: number[] = [];
  const scores: number[] = [];
  for (const [label, shift] of shifts.entries()) {
    for (let i = 0; i < 2 * n; i++) {
      labels.push(label);
      isMember.push(i % 2);
      scores.push(rng.normal() + (i % 2 ? shift : 0));
    }
  }
  return { labels, isMember, scores };
}

test('of normals, the posterior of Bayes: sigmoid(shift (s - shift / 2)), with a prior of one half and others', ({
  seed,
}) => {
  const shift = 1.5;
  const shadow = draw(seed, 5000, [shift]);
  for (const prior of [0.5, 0.1]) {
    const { risk } = fitRisk({ ...shadow, prior });
    for (const s of [-1, 0, 0.75, 1.5, 2.5]) {
      const odds = (prior / (1 - prior)) * Math.exp(shift * (s - shift / 2));
      const want = odds / (1 + odds);
      // 200 records in a bin: a share of them has a standard error of at most 0.035; four of those, and the bin's own width
      assert.ok(Math.abs(risk(s, 0) - want) < 0.15, `prior ${prior}, score ${s}: ${risk(s, 0)}, expected ${want}`);
    }
  }
});

test('calibrated: of fresh records with a risk of about r, a share of r are members', ({ seed }) => {
  const { risk } = fitRisk(draw(seed, 2000, [1.5, 0.5]));
  const fresh = draw(seed + 1, 20_000, [1.5, 0.5]);
  const bins = Array.from({ length: 10 }, () => ({ sum: 0, members: 0, n: 0 }));
  for (const [i, s] of fresh.scores.entries()) {
    const r = risk(s, fresh.labels[i]!);
    const bin = bins[Math.min(9, Math.floor(r * 10))]!;
    bin.sum += r;
    bin.members += fresh.isMember[i]!;
    bin.n++;
  }
  for (const { sum, members, n } of bins) {
    // the shadow's bins have at least 80 records: 0.056 of standard error where one bin makes up a decile, doubled
    if (n >= 500) assert.ok(Math.abs(sum / n - members / n) < 0.11, `risk ${sum / n}, members ${members / n} of ${n}`);
  }
});

test('no label of the target enters: risks depend on the shadow records, the score and the class only', ({ seed }) => {
  const shadow = draw(seed, 300, [2, 0]);
  const { risk } = fitRisk(shadow);
  // class 0 leaks and class 1 does not: the same score means different things
  assert.ok(risk(3, 0) > 0.9 && risk(-2, 0) < 0.1);
  assert.ok(Math.abs(risk(3, 1) - 0.5) < 0.3 && Math.abs(risk(0, 1) - 0.5) < 0.2);
});

test('a higher score never means a lower risk, unless the plain histogram is asked for', ({ seed }) => {
  const shadow = draw(seed, 200, [0.5]);
  const at = Array.from({ length: 200 }, (_, i) => -4 + i / 25);
  const falls = (monotone: boolean) => {
    const { risk } = fitRisk({ ...shadow, monotone });
    return at.filter((s, i) => i > 0 && risk(s, 0) < risk(at[i - 1]!, 0)).length;
  };
  assert.is(falls(true), 0);
  assert.ok(falls(false) > 0);
});

test('a class with few shadow records is judged by those of all classes, and named', ({ seed }) => {
  const shadow = draw(seed, 400, [1]);
  const few = draw(seed + 1, 5, [0, 1]);
  const offset = few.labels.map((c) => c + 1);
  const { risk, pooled } = fitRisk({
    scores: [...shadow.scores, ...few.scores],
    labels: [...shadow.labels, ...offset],
    isMember: [...shadow.isMember, ...few.isMember],
  });
  assert.equal(pooled, [1, 2]);
  assert.is(risk(1.2, 1), risk(1.2, 2));
  // a class that the shadow models never saw, too
  assert.is(risk(1.2, 9), risk(1.2, 1));
});

test('perfectly separated shadows promise no certainty, and ties are one bin', () => {
  const shadow = { labels: new Array(40).fill(0), isMember: [], scores: [] } as Record<string, number[]>;
  for (let i = 0; i < 40; i++) {
    shadow['isMember']!.push(i % 2);
    shadow['scores']!.push(i % 2);
  }
  const { risk } = fitRisk(shadow as never);
  assert.ok(risk(1, 0) > 0.9 && risk(1, 0) < 1 && risk(0, 0) < 0.1 && risk(0, 0) > 0);
  assert.is(risk(Number.POSITIVE_INFINITY, 0), risk(1, 0));
  assert.is(risk(Number.NEGATIVE_INFINITY, 0), risk(0, 0));
});

test('only members are exposed, the riskiest first, ties by score and then by place', () => {
  const risks = [0.9, 0.99, 0.9, 0.9, 0.1];
  const scores = [1, 5, 3, 1, 0];
  assert.equal(mostExposed({ risks, scores, isMember: [1, 0, 1, 1, 1] }), [2, 0, 3, 4]);
  assert.equal(mostExposed({ risks, scores, isMember: [1, 0, 1, 1, 1], most: 1 }), [2]);
});

test('what is refused', () => {
  const one = { labels: [0, 0], scores: [1, 2], isMember: [1, 0] };
  assert.throws(() => fitRisk({ ...one, prior: 1 }), /prior between 0 and 1/);
  assert.throws(() => fitRisk({ ...one, isMember: [1, 1] }), /got 2 and 0/);
  assert.throws(() => fitRisk({ ...one, labels: [0] }), /each of 2 scores/);
});
