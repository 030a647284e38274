/** Certificates as jobs, and the attack on them: what it may not find inside a radius, and must find where the radius is wrong. */
import { localTarget } from '../../../attacks/index.ts';
import { loadSet } from '../../../data/index.ts';
import { certify, smoothedGradients } from '../../../defenses/index.ts';
import { ConfigError, FormatError, Rng } from '../../../engine/index.ts';
import {
  CERTIFICATES_FILE,
  certificateCheck,
  certificates,
  climbWithin,
  readCertificates,
  robustModel,
} from '../../../experiments/adversarial/index.ts';
import type { Needed } from '../../../experiments/runner/index.ts';
import { assert, suite } from '../../harness.ts';
import { testEngine } from '../../support/engine.ts';
import { digitsNet, linearTarget } from '../../support/evasion.ts';
import { rejectsError } from '../../support/throws.ts';
import { testJob } from '../recipes/context.ts';

const engine = await testEngine();
const fooled = await digitsNet(engine);
const digits = await loadSet('digits', {});
const rows = { train: 1200, seed: 3 } as const;
const smoothing = { sigma: 0.25, n0: 100, n: 500, alpha: 1e-5 } as const;
const model = testJob(
  robustModel,
  {
    model: 'mlp',
    recipe: { epochs: 10, batchSize: 32, optimizer: 'adam', learningRate: 2e-3, momentum: 0.9, weightDecay: 0 },
    augmentation: null,
    defence: { name: 'gaussian-augmentation', options: { sigma: 0.25 } },
    rows,
    seed: 1,
  },
  digits,
  { checkpointEvery: 60 },
);
const asked = { rows, certified: 40, smoothing, radii: [0, 0.2, 0.4, 5], seed: 2 };
const certifying = (over: object = {}) =>
  testJob(certificates, { ...asked, ...over }, digits, { needs: [model.needed()] });
const search = { draws: 16, steps: 10, restarts: 1 };
const attack = { rows, certified: 40, smoothing, search, control: { share: 3, rows: 30 }, seed: 4 };
const checked = async (certified: Needed, over: object = {}) =>
  certificateCheck.parseResult(
    await testJob(certificateCheck, { ...attack, ...over }, digits, { needs: [model.needed(), certified] }).run(),
  );

const jobs = suite('smoothing: jobs');

jobs('certificates are kept row by row, and the curve counts those that are right and reach so far', async () => {
  await model.run();
  const job = certifying();
  const result = certificates.parseResult(await job.run());
  const kept = readCertificates(job.files.get(CERTIFICATES_FILE)!);
  assert.is(kept.length, 40);
  assert.is(result.abstained, kept.filter(({ label }) => label === null).length);
  const lines = new TextDecoder().decode(job.files.get(CERTIFICATES_FILE)).trimEnd().split('\n').slice(1);
  const reaching = (least: number) =>
    lines.filter((line) => {
      const [own, label, radius] = line.split(',');
      return own === label && Number(radius) >= least;
    }).length;
  for (const { radius, accuracy } of result.curve) assert.is(accuracy.value, reaching(radius) / 40);
  assert.ok(result.curve[0]!.accuracy.value! > 0.7 && result.curve[3]!.accuracy.value === 0);
  // no abstention is right, however large the radii
  assert.ok(result.curve[0]!.accuracy.value! <= 1 - result.abstained / 40);
  assert.equal(await certifying().run(), result);
  assert.throws(
    () => readCertificates(new TextEncoder().encode('class,radius\n1,2\n')),
    (error: unknown) => error instanceof FormatError && /expected the columns class,certified/.test(error.message),
  );
});

jobs(
  'PGD inside the radius violates no certificate, and beyond it changes classes: the check could have failed',
  async () => {
    const job = certifying();
    await job.run();
    const { inside, beyond } = await checked(job.needed());
    assert.is(inside.changed, 0);
    assert.ok(inside.rows >= 30 && inside.distance! > 0.9 && inside.distance! <= 0.999, `${inside.distance}`);
    assert.is(beyond!.rows, 30);
    assert.ok(beyond!.changed >= 10, `${beyond!.changed} of 30 changed`);
    assert.equal((await checked(job.needed(), { control: null })).inside, inside);
  },
);

jobs('trap: radii that are three times too large are violated', async () => {
  const job = certifying();
  await job.run();
  const honest = job.needed();
  const text = new TextDecoder().decode(job.files.get(CERTIFICATES_FILE));
  const inflated = text.replace(
    /^(\d+,\d+),([\d.]+)/gm,
    (_, start: string, radius: string) => `${start},${3 * Number(radius)}`,
  );
  const planted: Needed = { ...honest, file: async () => new Uint8Array(new TextEncoder().encode(inflated)) };
  const { inside } = await checked(planted, { control: null });
  assert.ok(inside.changed >= 10, `${inside.changed} of ${inside.rows} violated`);
});

jobs('rows are certified again as they were certified, and there must be as many', async () => {
  const job = certifying();
  await job.run();
  for (const key of ['sigma', 'n0', 'n', 'alpha'] as const)
    await rejectsError(
      () => checked(job.needed(), { smoothing: { ...smoothing, [key]: key === 'alpha' ? 0.01 : 7 } }),
      ConfigError,
      new RegExp(`expected ${key} to be ${smoothing[key]}, that of the certificates' job`),
    );
  await rejectsError(
    () => certifying({ certified: 1000 }).run(),
    ConfigError,
    /at most the \d+ test rows of digits, got 1000/,
  );
});

const climbing = suite('smoothing: the attack');

climbing('its gradients are those of the log of mean probabilities, by central differences', async () => {
  const target = linearTarget([
    [1, -2, 0.5],
    [-1, 1, 0.3],
    [0.2, 0.4, -1],
  ]);
  const x = Float32Array.of(0.3, -0.1, 0.7, 0.2, 0.5, -0.4);
  const smooth = smoothedGradients(target, { draws: 8, sigma: 0.3, rng: Rng.from(2) });
  const cotangent = Float64Array.of(1, -0.5, 0.2, -1, 0.7, 0.4);
  let gradient: Float32Array = new Float32Array(0);
  const z = await smooth.inputGradients(x, (_, back) => {
    gradient = back(cotangent);
  });
  assert.equal(z, await smooth.logits(x));
  const loss = async (at: Float32Array) => (await smooth.logits(at)).reduce((sum, v, j) => sum + v * cotangent[j]!, 0);
  for (const j of x.keys()) {
    const [up, down] = [x.slice(), x.slice()];
    up[j]! += 2 ** -8;
    down[j]! -= 2 ** -8;
    const slope = ((await loss(up)) - (await loss(down))) / (up[j]! - down[j]!);
    assert.ok(Math.abs(slope - gradient[j]!) < 1e-4, `${j}: ${gradient[j]} for ${slope}`);
  }
  assert.throws(() => smoothedGradients(target, { draws: 257, sigma: 1, rng: Rng.from(1) }), /1 to 256, got 257/);
});

climbing('each row stays in its own ball, and goes straight to the boundary of a linear model', async () => {
  const target = linearTarget([
    [0, 0],
    [3, 4],
  ]);
  const x = Float32Array.of(0.6, 0.8, -1.2, -1.6, 0.06, 0.08);
  const radii = Float64Array.of(0.5, 1.5, 1e-3);
  const options = { sigma: 0.25, draws: 100, steps: 20, restarts: 1, engine, rng: Rng.from(3) };
  const found = await climbWithin({ target, x, y: Int32Array.of(1, 0, 1), radii, ...options });
  for (const [i, radius] of radii.entries()) {
    const [dx, dy] = [found[2 * i]! - x[2 * i]!, found[2 * i + 1]! - x[2 * i + 1]!];
    assert.ok(Math.hypot(dx, dy) <= radius);
    // (0.6, 0.8) is the direction from class 0 to class 1
    const along = (0.6 * dx + 0.8 * dy) * (i === 1 ? 1 : -1);
    assert.ok(along > 0.98 * radius, `row ${i}: ${along} of ${radius}`);
  }
});

climbing('knowing of the noise, it turns more votes than PGD on the model alone does', async () => {
  const target = localTarget(fooled.classifier);
  const { x } = fooled.rows;
  const y = await target.labels(x);
  const radii = new Float64Array(y.length).fill(0.6);
  const shared = { target, x, y, radii, steps: 10, restarts: 1, engine };
  const noise = { sigma: 0.25, n: 500, alpha: 0.01, rng: Rng.from(9), engine };
  const outvoted = async (points: Float32Array) =>
    (await certify(target, points, noise)).filter(({ vote }, i) => vote !== y[i]).length;
  const before = await outvoted(x);
  const aware = await outvoted(await climbWithin({ ...shared, sigma: 0.25, draws: 32, rng: Rng.from(1) }));
  const unaware = await outvoted(await climbWithin({ ...shared, sigma: 1e-6, draws: 1, rng: Rng.from(1) }));
  assert.ok(before < unaware && unaware < aware, `${before}, ${unaware}, ${aware}`);
});
