/** summarise: what is reported, what is withheld, and that it is fast. */
import { type SummariseOptions, summarise } from '../../attacks/metrics/index.ts';
import { assert, suite } from '../harness.ts';
import { testRng } from './random.ts';

const test = suite('metrics: summary');

function options(seed: number, n: number, shift: number, more: Partial<SummariseOptions> = {}): SummariseOptions {
  const rng = testRng(seed);
  return { members: rng.normals(n, shift), nonMembers: rng.normals(n), threshold: shift / 2, rng, ...more };
}

test('withholds a TPR that the non-members cannot resolve, and says how many it takes', ({ seed }) => {
  const s = summarise(options(seed, 450, 1));
  assert.ok(s.tprAtFpr['0.1']!.value! > 0.2);
  assert.is(s.tprAtFpr['0.01'], null);
  assert.is(s.tprAtFpr['0.001'], null);
  assert.equal(
    s.warnings.map((w) => w.code),
    ['few-samples', 'few-samples'],
  );
  assert.match(s.warnings[0]!.message, 'TPR at 1 % FPR is not resolved: needs at least 1,000 non-members');
  assert.match(s.warnings[1]!.message, 'TPR at 0.1 % FPR');
  assert.match(s.warnings[1]!.message, '10,000');
});

test('a real difference is outside the interval of chance, no difference is inside, at 99.9 % confidence', ({
  seed,
}) => {
  const leak = summarise(options(seed, 450, 1, { confidence: 0.999 }));
  assert.ok(leak.auc.low > 0.5 && leak.advantage!.low > 0 && leak.balancedAccuracy!.low > 0.5);
  assert.ok(leak.tprAtFpr['0.1']!.low > 0.1);
  const none = summarise(options(seed + 1, 450, 0, { confidence: 0.999 }));
  assert.ok(none.auc.low < 0.5 && 0.5 < none.auc.high);
  assert.ok(none.advantage!.low < 0 && 0 < none.advantage!.high);
  assert.is(none.auc.confidence, 0.999);
});

test('higher confidence is wider', ({ seed }) => {
  const width = (confidence: number) => {
    const { auc } = summarise(options(seed, 300, 0.5, { confidence }));
    return auc.high - auc.low;
  };
  assert.ok(width(0.8) < width(0.95) && width(0.95) < width(0.999));
});

test('the same seed gives the same bits, another seed another interval', ({ seed }) => {
  const run = (k: number) => summarise({ ...options(seed, 300, 0.5), rng: testRng(k) });
  assert.equal(run(1), run(1));
  assert.is.not(run(1).auc.low, run(2).auc.low);
  assert.is(run(1).auc.value, run(2).auc.value);
});

test('no hit and only hits get exact intervals, and no false certainty', () => {
  const [one, zero] = [new Float64Array(200).fill(1), new Float64Array(200)];
  const rng = testRng(7);
  const all = summarise({ members: one, nonMembers: zero, threshold: 0.5, rng });
  // (alpha / 2)^(1 / 200), the exact limit for 200 of 200
  const limit = 0.025 ** (1 / 200);
  for (const e of [all.auc, all.tprAtFpr['0.1']!]) {
    assert.equal([e.value, e.high, e.method], [1, 1, 'clopper-pearson']);
    assert.ok(Math.abs(e.low - limit) < 1e-9);
  }
  assert.ok(all.advantage!.low < 1 && all.balancedAccuracy!.low < 1);
  const none = summarise({ members: zero, nonMembers: one, threshold: 2, rng });
  assert.equal([none.auc.value, none.tprAtFpr['0.1']!.value], [0, 0]);
  assert.ok(none.tprAtFpr['0.1']!.high > 0 && none.auc.high > 0);
  // nobody is called a member: precision is undefined rather than 0 or 1
  assert.equal([none.precision!.value, none.precision!.low, none.precision!.high], [null, 0, 1]);
});

test('threshold metrics by hand: 30 of 40 members and 10 of 50 non-members at or above', () => {
  const scores = (n: number, above: number) => Float64Array.from({ length: n }, (_, i) => (i < above ? 1 : 0));
  const s = summarise({ members: scores(40, 30), nonMembers: scores(50, 10), threshold: 1, rng: testRng(3), fprs: [] });
  const close = (got: number | null, want: number) => assert.ok(Math.abs(got! - want) < 1e-12, `${got} ${want}`);
  close(s.recall!.value, 0.75);
  close(s.precision!.value, 0.75);
  close(s.advantage!.value, 0.55);
  close(s.balancedAccuracy!.value, 0.775);
  close(s.auc.value, 0.775); // one operating point: the area of two triangles
});

test('an attack without a threshold has no threshold metrics', ({ seed }) => {
  const s = summarise(options(seed, 100, 1, { threshold: null }));
  assert.equal([s.balancedAccuracy, s.advantage, s.precision, s.recall], [null, null, null, null]);
  assert.throws(() => summarise(options(seed, 100, 1, { threshold: NaN })), /threshold, got NaN/);
});

test('every interval contains its value', () => {
  for (let seed = 0; seed < 20; seed++) {
    const s = summarise(options(seed, 120, seed / 10, { resamples: 100 }));
    for (const e of [s.auc, s.balancedAccuracy, s.advantage, s.precision, s.recall, s.tprAtFpr['0.1']]) {
      assert.ok(e!.low <= e!.value! && e!.value! <= e!.high);
    }
  }
});

test('1,000 resamples of 5,000 + 5,000 scores take well under a second', ({ seed }) => {
  summarise(options(seed, 450, 1));
  const o = options(seed, 5000, 1);
  const started = performance.now();
  summarise(o);
  const ms = performance.now() - started;
  // about 200 ms on a 2020s laptop core; the bound allows for a machine that is busy elsewhere
  assert.ok(ms < 2000, `${ms.toFixed(0)} ms`);
});
