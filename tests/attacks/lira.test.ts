/** LiRA on arrays: the reference code's numbers, a second implementation, the analytic AUC, and every way to lack models. */
import fc from 'fast-check';
import { auc, type LiraOptions, liraScores, type Observations, rank } from '../../attacks/index.ts';
import { normalCdf } from '../../privacy/maths/index.ts';
import { assert, suite } from '../harness.ts';
import { testRng } from './random.ts';

const near = (got: ArrayLike<number>, want: readonly number[], tolerance = 1e-12) => {
  assert.is(got.length, want.length);
  for (const [i, w] of want.entries())
    assert.ok(Math.abs(got[i]! - w) <= tolerance * Math.max(1, Math.abs(w)), `${i}: ${got[i]}, expected ${w}`);
};

const golden = suite('LiRA: numbers of the reference code');

/** 6 models, 5 records in 3 models each, 2 views, in multiples of 1/8; all models agree about view 0 of record 3. */
function goldenObservations(): Observations {
  const [models, records, views] = [6, 5, 2];
  const phi = (m: number, v: number, j: number) =>
    j === 3 && v === 0 ? 1.5 : (((m * 37 + j * 23 + v * 11 + m * j * 5) % 61) - 30) / 8;
  const own = (v: number, j: number) => (j === 3 && v === 0 ? 1.5 : (((j * 29 + v * 17 + 7) % 53) - 26) / 8);
  const array = (of: (j: number) => number) => Float64Array.from({ length: records }, (_, j) => of(j));
  const times = <T>(n: number, of: (i: number) => T) => Array.from({ length: n }, (_, i) => of(i));
  return {
    target: times(views, (v) => array((j) => own(v, j))),
    models: times(models, (m) => times(views, (v) => array((j) => phi(m, v, j)))),
    trainedOn: times(models, (m) => Uint8Array.from({ length: records }, (_, j) => +((m + j) % 2 === 0))),
  };
}

/** What all ratios have in common; NaN where they differ. */
function commonRatio(a: ArrayLike<number>, b: readonly number[]): number {
  const ratios = b.map((v, i) => a[i]! / v);
  return ratios.every((r) => Math.abs(r / ratios[0]! - 1) < 1e-12) ? ratios[0]! : Number.NaN;
}

// numpy 2 and scipy.stats.norm.logpdf in generate_ours and generate_ours_offline of plot.py, tensorflow/privacy
// research/mi_lira_2021 at 3d499e6, sign turned so that members are high
const OWN = [1.1507676463383436, 0.8816039021874278, -0.8794455460447612, -0.4631879914224448, 0.28124999999999994];
const FIXED = [0.8195992656787512, 0.8363447671341626, -0.5209711563905797, -0.5358560465731677, 0.04465467054776395];
// the same medians and deviations, as z = (phi - median) / (std + 1e-30), mean over views
const Z_OWN = [
  -0.27133167185065205, -0.41593049919882685, -0.8951926401695328, -0.28357464950903916, 0.7654655446197431,
];
const Z_FIXED = [
  -0.33715552327270387, -0.39845652750410454, -0.7969130550082091, -0.30650502115700345, 0.3065050211570035,
];

golden('online with deviations of each record', () => {
  near(liraScores(goldenObservations(), { mode: 'online', variance: 'per-record' }), OWN);
});

golden('online with one deviation: the same scores in another unit', () => {
  const scores = liraScores(goldenObservations(), { mode: 'online', variance: 'shared' });
  // plot.py takes the deviation of all numbers together, here it is that within records
  assert.ok(commonRatio(scores, FIXED) > 0);
});

golden('offline', () => {
  near(liraScores(goldenObservations(), { mode: 'offline', variance: 'per-record' }), Z_OWN);
  assert.ok(commonRatio(liraScores(goldenObservations(), { mode: 'offline', variance: 'shared' }), Z_FIXED) > 0);
});

const second = suite('LiRA: a second implementation');

/** By the formulas, one record after the other, without a thought for speed. */
function plainly({ target, models, trainedOn }: Observations, { mode, variance }: LiraOptions): number[] {
  const records = [...target[0]!.keys()];
  const views = [...target.keys()];
  const values = (i: number, v: number, side: number) =>
    models.filter((_, m) => trainedOn[m]![i] === side).map((answers) => answers[v]![i]!);
  const mean = (a: readonly number[]) => a.reduce((x, y) => x + y, 0) / a.length;
  const median = (a: readonly number[]) => {
    const s = [...a].sort((x, y) => x - y);
    return (s[Math.floor((s.length - 1) / 2)]! + s[Math.ceil((s.length - 1) / 2)]!) / 2;
  };
  const squares = (a: readonly number[]) => a.reduce((sum, x) => sum + (x - mean(a)) ** 2, 0);
  const pool = (sides: readonly number[]) => {
    const groups = sides
      .flatMap((side) => views.flatMap((v) => records.map((i) => values(i, v, side))))
      .filter((g) => g.length);
    const freedom = groups.reduce((sum, g) => sum + g.length - 1, 0);
    return freedom === 0 ? 1 : Math.sqrt(groups.reduce((sum, g) => sum + squares(g), 0) / freedom);
  };
  const shared = [pool([0, 1]), pool([0, 1])];
  const apart = [pool([0]), pool([1])];
  const all = mode === 'offline' || variance !== 'shared' ? apart : shared;
  const std = (i: number, v: number, side: number) => {
    const own = values(i, v, side);
    return (variance === 'per-record' && own.length > 1 ? Math.sqrt(squares(own) / own.length) : all[side]!) + 1e-30;
  };
  const logDensity = (x: number, mu: number, s: number) => -Math.log(s) - (x - mu) ** 2 / (2 * s * s);
  return records.map((i) =>
    mean(
      views.map((v) => {
        const [out, inside] = [values(i, v, 0), values(i, v, 1)];
        const x = target[v]![i]!;
        const seen = records.filter((j) => values(j, v, 0).length && (mode === 'offline' || values(j, v, 1).length));
        if (mode === 'offline') {
          const typical = seen.length ? mean(seen.map((j) => median(values(j, v, 0)))) : 0;
          return (x - (out.length ? median(out) : typical)) / std(i, v, 0);
        }
        const moves = seen.map((j) => median(values(j, v, 1)) - median(values(j, v, 0)));
        const shift = moves.length ? mean(moves) : 0;
        const muOut = out.length ? median(out) : median(inside) - shift;
        const muIn = inside.length ? median(inside) : median(out) + shift;
        return logDensity(x, muIn, std(i, v, 1)) - logDensity(x, muOut, std(i, v, 0));
      }),
    ),
  );
}

second('agrees on random arrays with ties, lone models and records that no model or every model knows', ({ seed }) => {
  const rows = (n: number) => fc.array(fc.integer({ min: -6, max: 6 }), { minLength: n, maxLength: n });
  const setting = fc
    .record({
      models: fc.integer({ min: 1, max: 7 }),
      views: fc.integer({ min: 1, max: 3 }),
      n: fc.integer({ min: 1, max: 6 }),
    })
    .chain(({ models, views, n }) =>
      fc.record({
        target: fc.array(rows(n), { minLength: views, maxLength: views }),
        models: fc.array(fc.array(rows(n), { minLength: views, maxLength: views }), {
          minLength: models,
          maxLength: models,
        }),
        marks: fc.array(fc.array(fc.integer({ min: 0, max: 1 }), { minLength: n, maxLength: n }), {
          minLength: models,
          maxLength: models,
        }),
        mode: fc.constantFrom('online' as const, 'offline' as const),
        variance: fc.constantFrom('per-record' as const, 'shared' as const, 'apart' as const),
      }),
    );
  fc.assert(
    fc.property(setting, ({ target, models, marks, mode, variance }) => {
      const quarter = (a: readonly number[]) => Float64Array.from(a, (x) => x / 4);
      const o: Observations = {
        target: target.map(quarter),
        models: models.map((views) => views.map(quarter)),
        trainedOn: marks.map((m) => Uint8Array.from(m)),
      };
      const scores = liraScores(o, { mode, variance });
      assert.ok(scores.every(Number.isFinite));
      near(scores, plainly(o, { mode, variance }), 1e-9);
    }),
    { seed, numRuns: 2000 },
  );
});

const statistics = suite('LiRA: statistics');

/**
 * Records with phi ~ N(mu_i, 1) outside and N(mu_i + shift, 1) inside, and models that say exactly that: two on each side, one
 * deviation below and above the mean.
 */
function gaussian(n: number, shift: number, seed: number): { o: Observations; members: number } {
  const rng = testRng(seed);
  const centre = rng.normals(n).map((z) => 3 * z);
  const members = n / 2;
  const target = centre.map((mu, i) => mu + (i < members ? shift : 0) + rng.normal());
  const model = (inside: number, by: number) => [centre.map((mu) => mu + inside * shift + by)];
  const mark = (inside: number) => new Uint8Array(n).fill(inside);
  return {
    o: {
      target: [target],
      models: [model(0, -1), model(0, 1), model(1, -1), model(1, 1)],
      trainedOn: [mark(0), mark(0), mark(1), mark(1)],
    },
    members,
  };
}

for (const shift of [0.5, 1, 2]) {
  statistics(`the AUC of the likelihood ratio at a shift of ${shift} deviations is Phi(${shift} / sqrt 2)`, () => {
    const { o, members } = gaussian(20_000, shift, 7);
    const want = normalCdf(shift / Math.SQRT2);
    // four standard errors, by the bound (1 - AUC) AUC / (n / 2) on the variance of the AUC (Birnbaum & Klose 1957)
    const tolerance = 4 * Math.sqrt((want * (1 - want)) / members);
    for (const mode of ['online', 'offline'] as const) {
      for (const variance of ['per-record', 'shared', 'apart'] as const) {
        const scores = liraScores(o, { mode, variance });
        const got = auc(rank({ members: scores.slice(0, members), nonMembers: scores.slice(members) }));
        assert.ok(
          Math.abs(got - want) < tolerance,
          `${mode} ${variance}: ${got}, expected ${want} within ${tolerance}`,
        );
      }
    }
    // and the natural threshold errs on both sides alike: Phi(-shift / 2)
    const scores = liraScores(o, { mode: 'online', variance: 'per-record' });
    const error = normalCdf(-shift / 2);
    const missed = scores.slice(0, members).filter((s) => s < 0).length / members;
    assert.ok(Math.abs(missed - error) < 4 * Math.sqrt((error * (1 - error)) / members));
  });
}

statistics('a single threshold on phi does not see what the ratio sees', () => {
  const { o, members } = gaussian(20_000, 1, 8);
  const of = (scores: Float64Array) =>
    auc(rank({ members: scores.slice(0, members), nonMembers: scores.slice(members) }));
  // sigma of phi over records is sqrt(10): Phi(1 / sqrt 20)
  assert.ok(Math.abs(of(o.target[0]!) - normalCdf(1 / Math.sqrt(20))) < 0.02);
  assert.ok(of(liraScores(o, { mode: 'online', variance: 'shared' })) > of(o.target[0]!) + 0.1);
});

const numerics = suite('LiRA: numerics');

numerics('trap 4.2.7: saturated answers give finite scores, and those that differ by little do not tie', () => {
  // models agree to the last bit, as saturated ones do
  const n = 4;
  const flat = (v: number) => [new Float64Array(n).fill(v)];
  const mark = (inside: number) => new Uint8Array(n).fill(inside);
  const o: Observations = {
    target: [Float64Array.from([104, -104, 103.9999, 50])],
    models: [flat(104), flat(104), flat(-104), flat(-104)],
    trainedOn: [mark(1), mark(1), mark(0), mark(0)],
  };
  for (const variance of ['per-record', 'shared', 'apart'] as const) {
    const scores = liraScores(o, { mode: 'online', variance });
    assert.ok(scores.every(Number.isFinite), `${scores}`);
    assert.ok(scores[0]! > scores[2]! && scores[2]! > scores[3]! && scores[3]! > scores[1]!, `${scores}`);
  }
  // Phi(z) is 1 for z = 9 and for z = 10: the score is z itself
  const far: Observations = {
    target: [Float64Array.from([9, 10])],
    models: [[Float64Array.from([-1, -1])], [Float64Array.from([1, 1])]],
    trainedOn: [new Uint8Array(2), new Uint8Array(2)],
  };
  near(liraScores(far, { mode: 'offline', variance: 'per-record' }), [9, 10]);
});
