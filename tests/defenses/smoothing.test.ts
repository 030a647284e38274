/** Randomised smoothing: certificates against exact radii, against SciPy, and against an attack that knows the defence. */
import { runEvasionAttack } from '../../attacks/evasion/index.ts';
import { pgd } from '../../attacks/evasion/white-box/index.ts';
import { localTarget } from '../../attacks/index.ts';
import { certifiedAccuracy, certifiedRadius, certify, predict, smoothed, trainDefended } from '../../defenses/index.ts';
import { ConfigError, Rng } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { testEngine } from '../support/engine.ts';
import { digitsRows, digitsSpace, linearTarget } from '../support/evasion.ts';
import { rejectsError } from '../support/throws.ts';

const engine = await testEngine();

const radius = suite('randomised smoothing: the radius');
// 0.5 * norm.ppf(beta.ppf(alpha, hits, n - hits + 1)), scipy.stats 1.17; null: the bound is not above 1/2
const RADII: readonly [hits: number, n: number, alpha: number, radius: number | null][] = [
  [10_000, 10_000, 1e-3, 1.5992887573691692],
  [9999, 10_000, 1e-3, 1.556981796091315],
  [9900, 10_000, 1e-3, 1.1062098325510947],
  [9000, 10_000, 1e-3, 0.6143550305149925],
  [5200, 10_000, 1e-3, 0.005642350595748035],
  [5160, 10_000, 1e-3, 0.0006267696417879188],
  [5150, 10_000, 1e-3, null],
  [0, 10_000, 1e-3, null],
  [100, 100, 1e-3, 0.7502375120603182],
  [99, 100, 1e-5, 0.5554034807159607],
  [100_000, 100_000, 1e-5, 1.8416437357856075],
  [60, 100, 0.05, 0.016265647460961638],
  [7, 10, 0.05, null],
];
for (const [hits, n, alpha, expected] of RADII) {
  radius(`${hits} of ${n} at alpha ${alpha}: never above the exact bound, and next to it`, () => {
    const got = certifiedRadius({ hits, n, alpha, sigma: 0.5 });
    if (expected === null) return assert.is(got, null);
    assert.ok(got! <= expected && got! > expected - 1e-9, `${got}, exact ${expected}`);
  });
}

const exact = suite('randomised smoothing: a linear model, whose robust radius is known');
// f is sure of class 1 on one side of a line at distance d; smoothed, its radius is d itself
const line = linearTarget(
  [
    [0, 0],
    [0.6, 0.8],
  ],
  [0, 0],
);

exact('certified radii stay below the distance to the boundary, and come near it', async () => {
  const distances = [0.02, 0.1, 0.3, 0.5, -0.4];
  const x = Float32Array.from(distances.flatMap((d) => [0.6 * d, 0.8 * d]));
  const found = await certify(line, x, { sigma: 0.25, n: 10_000, alpha: 1e-3, rng: Rng.from(1) });
  for (const [i, d] of distances.entries()) {
    const { label, radius, hits, n } = found[i]!;
    assert.is(n, 10_000);
    if (label === null) {
      assert.is(radius, 0);
      continue;
    }
    assert.is(label, d > 0 ? 1 : 0);
    assert.ok(radius < Math.abs(d), `${radius} of ${d}, ${hits} hits`);
    // three standard deviations of the count cost less than a tenth of sigma where p is not near 1
    assert.ok(radius > Math.abs(d) - 0.1, `${radius} of ${d}`);
  }
  assert.equal(
    certifiedAccuracy(found, Int32Array.of(1, 1, 1, 1, 1), [0, 0.2, 0.4]).map(({ value }) => value),
    [0.8, 0.4, 0.2],
  );
});

exact('on the boundary it abstains', async () => {
  const found = await certify(line, new Float32Array(2), { sigma: 0.25, n: 1000, rng: Rng.from(1) });
  assert.equal([found[0]!.label, found[0]!.radius], [null, 0]);
});

exact('rows have noise of their own, whatever other rows there are', async () => {
  const options = { sigma: 0.25, n: 500, n0: 20 };
  const both = await certify(line, Float32Array.of(0.1, 0.1, 0.05, 0), { ...options, rng: Rng.from(2) });
  const one = await certify(line, Float32Array.of(0.1, 0.1), { ...options, rng: Rng.from(2) });
  assert.equal(both[0], one[0]);
});

exact('votes are the shares of noisy copies, drawn anew for each question', async () => {
  const target = smoothed(line as never, { sigma: 0.25, draws: 2000, rng: Rng.from(4) });
  const x = Float32Array.of(0.6 * 0.1, 0.8 * 0.1);
  const [one, two] = [await target.probabilities(x), await target.probabilities(x)];
  assert.is.not(one[1], two[1]);
  // Phi(0.4) = 0.6554217416103242 (scipy.stats.norm.cdf); five standard deviations
  for (const p of [one, two]) {
    assert.ok(Math.abs(p[1]! - 0.6554217416103242) < 5 * Math.sqrt((0.6554 * 0.3446) / 2000), `${p[1]}`);
    assert.ok(Math.abs(p[0]! + p[1]! - 1) < 1e-12);
  }
  assert.equal([...(await target.labels(x))], [1]);
});

exact('trap: the draws that choose a class are not those that bound it', async () => {
  // on the boundary each class is as likely: counted in the draws that chose it, the chosen one would have at least half of them
  const x = new Float32Array(2 * 200);
  const found = await certify(line, x, { sigma: 0.25, n0: 101, n: 101, rng: Rng.from(7) });
  const fewer = found.filter(({ hits }) => hits < 51).length;
  // a fair coin for each of 200 rows, five standard deviations
  assert.ok(Math.abs(fewer - 100) < 5 * Math.sqrt(50), `${fewer} of 200 with fewer than half`);
});

exact('trap: an abstention counts as wrong, at a radius of 0 too, and whatever class is likely', () => {
  const certificates = [
    { label: 1, radius: 0.3, hits: 90, n: 100, vote: 1 },
    { label: null, radius: 0, hits: 55, n: 100, vote: 1 },
    { label: 0, radius: 0.3, hits: 90, n: 100, vote: 0 },
  ];
  const [at0] = certifiedAccuracy(certificates, Int32Array.of(1, 1, 1), [0]);
  assert.equal([at0!.value, at0!.n], [1 / 3, 3]);
});

exact("noise by the engine's kernels: the same certificates up to the draws, its own for each row", async () => {
  const d = 0.1;
  const x = Float32Array.from({ length: 8 }, (_, j) => (j % 2 === 0 ? 0.6 : 0.8) * d);
  const n = 5000;
  const found = await certify(line, x, { sigma: 0.25, n, rng: Rng.from(8), engine });
  // Phi(0.4) = 0.6554217416103242 (scipy.stats.norm.cdf); five standard deviations
  for (const { hits, label, vote } of found) {
    assert.ok(Math.abs(hits / n - 0.6554217416103242) < 5 * Math.sqrt((0.6554 * 0.3446) / n), `${hits}`);
    assert.equal([label, vote], [1, 1]);
  }
  assert.ok(new Set(found.map(({ hits }) => hits)).size > 1);
});

exact(
  'PREDICT says the class where it can be told, and abstains at the boundary no oftener wrong than alpha',
  async () => {
    const at = (d: number) => [0.6 * d, 0.8 * d];
    const settings = { sigma: 0.25, n: 200, alpha: 0.05, rng: Rng.from(12) };
    const clear = await predict(line, Float32Array.from([...at(0.3), ...at(-0.3)]), settings);
    assert.equal(
      clear.map(({ label }) => label),
      [1, 0],
    );
    assert.equal(
      clear.map(({ hits, next }) => hits + next),
      [200, 200],
    );
    // on the boundary whatever it says is by chance: of 400 rows at most alpha, and what the test really spends is
    // P(|X - 100| >= 15) = 0.0400 of a fair coin thrown 200 times (its binomial coefficients summed); five standard deviations
    const said = (await predict(line, new Float32Array(2 * 400), settings)).filter(
      ({ label }) => label !== null,
    ).length;
    assert.ok(Math.abs(said - 16) < 5 * Math.sqrt(400 * 0.04 * 0.96), `${said} of 400`);
  },
);

exact('settings that make no sense are refused', async () => {
  const x = new Float32Array(2);
  for (const [options, message] of [
    [{ sigma: 0 }, /sigma to be a number > 0, that of the training noise, got 0/],
    [{ sigma: 1, n: 0 }, /n to be a whole number >= 1, got 0/],
    [{ sigma: 1, n0: 1.5 }, /n0 to be a whole number >= 1, got 1\.5/],
    [{ sigma: 1, alpha: 0.5 }, /alpha to be a probability from 1e-15 to below 0\.5, got 0\.5/],
    [{ sigma: 1, alpha: 1e-17 }, /alpha to be a probability from 1e-15 to below 0\.5, got 1e-17/],
  ] as const)
    await rejectsError(() => certify(line, x, { ...options, rng: Rng.from(1) }), ConfigError, message);
});

const attacked = suite('randomised smoothing: certificates under attack');

attacked(
  'trap 4.3: no certificate is violated by an attack inside its radius, certified again at the adversarial point',
  async () => {
    const { train, test, model } = await digitsRows(40);
    const sigma = 0.25;
    const recipe = { epochs: 10, batchSize: 32 };
    const trained = await trainDefended(engine, model, train, {
      defence: 'gaussian-augmentation',
      options: { sigma },
      recipe,
      seed: 1,
    });
    try {
      const target = localTarget(trained.classifier);
      const certificates = await certify(target, test.x, { sigma, n: 1000, alpha: 1e-3, rng: Rng.from(3) });
      const { width } = digitsSpace;
      const right = [...certificates.keys()].filter((i) => certificates[i]!.label === test.y[i]);
      assert.ok(right.length > 20, `${right.length} certified right`);
      let moved = 0;
      for (const i of right.slice(0, 25)) {
        const { radius, label } = certificates[i]!;
        const { x } = await runEvasionAttack(pgd, {
          target,
          x: test.x.slice(i * width, (i + 1) * width),
          y: test.y.slice(i, i + 1),
          space: digitsSpace,
          norm: 'l2',
          epsilon: radius * 0.999,
          options: { steps: 10, full: 1 },
          rng: Rng.from(5),
        });
        moved += x.some((value, j) => value !== test.x[i * width + j]) ? 1 : 0;
        const [again] = await certify(target, x, { sigma, n: 1000, alpha: 1e-3, rng: Rng.from(6) });
        // an abstention proves nothing against the certificate; another class would
        assert.ok(again!.label === null || again!.label === label, `row ${i}: ${again!.label} for ${label}`);
      }
      assert.ok(moved >= 20, `${moved} rows moved`);
    } finally {
      trained.classifier.dispose();
    }
  },
  { timeout: 60_000 },
);
