/** Quantile regression: the network finds a distribution that depends on the record, and its threshold holds on new records. */
import { auc, rank } from '../../attacks/index.ts';
import { fitQuantileNetwork } from '../../attacks/membership/quantile-network.ts';
import { upperQuantile } from '../../attacks/membership/quantile-regression.ts';
import { Pacer, Rng, type Rows } from '../../engine/index.ts';
import { normalQuantile } from '../../privacy/maths/index.ts';
import { assert, suite } from '../harness.ts';
import { testEngine } from '../support/engine.ts';

const engine = await testEngine();
const test = suite('quantile regression');

interface Drawn {
  readonly rows: Rows;
  readonly s: Float64Array;
  /** (s - mu) / sigma by the distribution that s was drawn from */
  readonly z: Float64Array;
}

/** s ~ N(3 x_0 + 2 [y = 1], exp(x_1 / 2)^2) of rows of three features. */
function draw(n: number, seed: number): Drawn {
  const rng = Rng.from(seed).split('quantile rows');
  const x = Float32Array.from({ length: 3 * n }, () => rng.normal());
  const y = Int32Array.from({ length: n }, () => rng.below(2));
  const z = Float64Array.from({ length: n }, () => rng.normal());
  return { rows: { x, y }, z, s: z.map((v, i) => 3 * x[3 * i]! + 2 * y[i]! + v * Math.exp(x[3 * i + 1]! / 2)) };
}
const options = (seed: number) => ({ classes: 2, hidden: 32, epochs: 60, rng: Rng.from(seed), pacer: new Pacer() });

const correlation = (a: Float64Array, b: Float64Array) => {
  const mean = (v: Float64Array) => v.reduce((x, y) => x + y, 0) / v.length;
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += (a[i]! - ma) * (b[i]! - mb);
    aa += (a[i]! - ma) ** 2;
    bb += (b[i]! - mb) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
};

test('standings on new rows are those of the distribution itself, and the threshold keeps its false-positive rate', async () => {
  const population = draw(3000, 1);
  const network = await fitQuantileNetwork(engine, population.rows, population.s, options(2));
  const fresh = draw(4000, 3);
  const standing = await network.standing(fresh.rows, fresh.s);
  network.dispose();
  assert.ok(correlation(standing, fresh.z) > 0.97, `correlation ${correlation(standing, fresh.z)}`);
  assert.ok(correlation(fresh.s, fresh.z) < 0.5, 's itself says little');
  for (const fpr of [0.02, 0.1, 0.5]) {
    const threshold = upperQuantile(network.heldOut, fpr)!;
    const share = standing.filter((v) => v > threshold).length / 4000;
    // four standard errors: of 4,000 draws, and of the quantile of 750
    const error = Math.sqrt(fpr * (1 - fpr) * (1 / 4000 + 1 / 750));
    assert.ok(Math.abs(share - fpr) < 4 * error, `${share} of ${fpr}`);
    assert.ok(Math.abs(threshold - normalQuantile(1 - fpr)) < 0.4, `${threshold}`);
  }
  // members' s are two deviations higher: found far better by standing than by s
  const members = draw(2000, 4);
  const raised = members.s.map((v, i) => v + 2 * Math.exp(members.rows.x[3 * i + 1]! / 2));
  const again = await fitQuantileNetwork(engine, population.rows, population.s, options(2));
  const inside = await again.standing(members.rows, raised);
  again.dispose();
  const area = (m: Float64Array, n: Float64Array) => auc(rank({ members: m, nonMembers: n }));
  // Phi(2 / sqrt 2) = 0.921 is the best there is
  assert.ok(area(inside, standing) > 0.9, `${area(inside, standing)}`);
  assert.ok(area(raised, fresh.s) < 0.8, `${area(raised, fresh.s)}`);
});

test('where nothing depends on the record it stays at one distribution for all', async () => {
  const { rows, z } = draw(400, 5);
  const network = await fitQuantileNetwork(engine, rows, z, options(6));
  const fresh = draw(500, 7);
  const standing = await network.standing(fresh.rows, fresh.z);
  network.dispose();
  assert.ok(correlation(standing, fresh.z) > 0.95);
});

test('constant numbers and constant features give finite standings', async () => {
  const n = 40;
  const rows = { x: new Float32Array(2 * n).fill(7), y: new Int32Array(n) };
  const network = await fitQuantileNetwork(engine, rows, new Float64Array(n).fill(3), options(1));
  const standing = await network.standing(
    rows,
    Float64Array.from({ length: n }, (_, i) => i),
  );
  network.dispose();
  assert.ok(standing.every(Number.isFinite));
  for (let i = 1; i < n; i++) assert.ok(standing[i]! > standing[i - 1]!);
});

test('the same seed gives the same bits, another seed others', async () => {
  const { rows, s } = draw(300, 8);
  const standings = async (seed: number) => {
    const network = await fitQuantileNetwork(engine, rows, s, { ...options(seed), epochs: 3 });
    const out = await network.standing(rows, s);
    network.dispose();
    return out;
  };
  const first = await standings(1);
  assert.equal(await standings(1), first);
  assert.not.equal(await standings(2), first);
});

test('an abort leaves nothing behind', async () => {
  const { rows, s } = draw(300, 9);
  const controller = new AbortController();
  const started = fitQuantileNetwork(engine, rows, s, {
    ...options(1),
    epochs: 1000,
    pacer: new Pacer(controller.signal),
  });
  controller.abort(new RangeError('stop'));
  try {
    await started;
    assert.unreachable('expected the reason of the abort');
  } catch (error) {
    assert.instance(error, RangeError);
  }
});

test('upper quantiles by hand', () => {
  const draws = Float64Array.from([5, 1, 4, 2, 3, 9, 8, 7, 6]);
  // of 9 draws a tenth is exceeded with probability 1 / 10 at the largest
  assert.is(upperQuantile(draws, 0.1), 9);
  assert.is(upperQuantile(draws, 0.2), 8);
  assert.is(upperQuantile(draws, 0.5), 5);
  assert.is(upperQuantile(draws, 0.09), null);
});
