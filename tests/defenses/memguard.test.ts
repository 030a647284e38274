/** MemGuard: the search for changed answers, the coin that releases them, and the surrogate that both are for. */
import { argmaxRows, softmaxRows } from '../../attacks/index.ts';
import {
  fallingOrder,
  type Representative,
  released,
  representatives,
  type Surrogate,
  trainSurrogate,
} from '../../defenses/inference/index.ts';
import { ops, Rng } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { testEngine } from '../support/engine.ts';

const engine = await testEngine();

/** w . (probabilities, largest first) + b, for which a few lines of NumPy do the same search */
const byHand = (b: number): Surrogate => ({
  params: () => null,
  odds(_, probabilities, order) {
    const [n, classes] = probabilities.shape as readonly [number, number];
    const sorted = ops.reshape(ops.gather(ops.reshape(probabilities, [n * classes, 1]), order), [n, classes]);
    return ops.addScalar(ops.sum(ops.mul(sorted, engine.tensor([6, 1, -2], [1, 3])), 1), b);
  },
});
const LOGITS = Float64Array.from([4, 1, -1, 0.3, 1.1, 0.2, -1, 2, 2.5, 8, -3, 0, 0.1, 0.2, 0.3]);

const search = suite('MemGuard, phase I');

search('finds what a reference of the same steps in NumPy, f64, finds', async () => {
  // log-odds before and after, and the changed answers; the fourth row has no success within 300 steps
  const expected = [
    [2.2133632299971415, -0.04019475986166876, 0.5049841355214747, 0.4733107186555113, 0.021705145823013982],
    [-0.46309401161137487, 0.11413154476978926, 0.2077636785771975, 0.6238550636297746, 0.168381257793028],
    [0.49952571248774813, -0.012997379009056953, 0.0196818423223737, 0.4711085280860134, 0.5092096295916129],
    [2.498189710773456, 2.498189710773456, 0.9996479596473619, 1.6695821117609804e-5, 0.00033534453152068815],
    [-1.5660018105125544, 0.14480804721601404, 0.14598463872397865, 0.23746296859843147, 0.61655239267759],
  ];
  const { probabilities, before, after } = await representatives(engine, byHand(-3.5), LOGITS, 3, undefined);
  for (const [i, row] of expected.entries()) {
    const got = [before[i]!, after[i]!, ...probabilities.subarray(3 * i, 3 * i + 3)];
    for (const [k, v] of row.entries()) assert.ok(Math.abs(got[k]! - v) < 2e-5, `${i}: ${got}, expected ${row}`);
  }
});

search('turns back where the label would change', async () => {
  // the same reference; without its weight of 10 on the label it ends at [0.3626, 0.3521, 0.2853]
  const row = [1.0350918707368857, -0.00682877238378099, 0.3753288197622216, 0.3301802231728154, 0.294490957064963];
  const found = await representatives(engine, byHand(-2), Float64Array.from([1, 0.9, -0.5]), 3, undefined);
  const got = [found.before[0]!, found.after[0]!, ...found.probabilities];
  for (const [k, v] of row.entries()) assert.ok(Math.abs(got[k]! - v) < 1e-4, `${got}, expected ${row}`);
});

search('keeps every label, and leaves the surrogate on the other side of undecided', async ({ seed }) => {
  const rng = Rng.from(seed);
  const logits = Float64Array.from({ length: 3 * 600 }, () => 2 * rng.normal());
  const { probabilities, before, after } = await representatives(engine, byHand(-3.5), logits, 3, undefined);
  assert.equal(argmaxRows(probabilities, 3), argmaxRows(logits, 3));
  const own = softmaxRows(logits, 3);
  let changed = 0;
  for (let i = 0; i < before.length; i++) {
    const [s, r] = [own, probabilities].map((p) => String(p.subarray(3 * i, 3 * i + 3)));
    if (s === r) continue;
    changed++;
    assert.ok(before[i]! * after[i]! <= 0, `${before[i]} to ${after[i]}`);
  }
  assert.ok(changed > 400, `${changed} of 600`);
});

search('stops when it is told to', async () => {
  const reason = new RangeError('enough');
  let failed: unknown;
  await representatives(engine, byHand(-3.5), LOGITS, 3, AbortSignal.abort(reason)).catch((error) => (failed = error));
  assert.is(failed, reason);
});

const coin = suite('MemGuard, phase II');
const n = 4000;
/** Answers that the search would move by 0.8. */
const made = (seed: number, after: number): [Float64Array, Representative] => {
  const rng = Rng.from(seed);
  const own = new Float64Array(2 * n);
  const moved = new Float64Array(2 * n);
  for (let i = 0; i < n; i++) {
    const p = 0.95 + 0.04 * rng.uniform();
    own.set([p, 1 - p], 2 * i);
    moved.set([p - 0.4, 1.4 - p], 2 * i);
  }
  return [own, { probabilities: moved, before: new Float64Array(n).fill(2), after: new Float64Array(n).fill(after) }];
};
const moves = (own: Float64Array, out: Float64Array) => {
  let count = 0;
  for (let i = 0; i < n; i++) if (own[2 * i] !== out[2 * i]) count++;
  return count;
};

for (const [budget, share] of [
  [0.2, 0.25],
  [0.4, 0.5],
  [0.8, 1],
  [2, 1],
] as const) {
  coin(`moves answers by at most the budget ${budget} on average`, ({ seed }) => {
    const [own, found] = made(seed, 0.1);
    const count = moves(own, released(own, found, 2, budget, Rng.from(1)));
    const five = 5 * Math.sqrt(share * (1 - share) * n);
    assert.ok(Math.abs(count - share * n) <= five, `${count} of ${n}, expected ${share * n}`);
  });
}

coin('gives the same answer to who asks again, and none that the surrogate is surer of', ({ seed }) => {
  const [own, found] = made(seed, 0.1);
  assert.equal(released(own, found, 2, 0.4, Rng.from(1)), released(own, found, 2, 0.4, Rng.from(1)));
  assert.is.not(String(released(own, found, 2, 0.4, Rng.from(2))), String(released(own, found, 2, 0.4, Rng.from(1))));
  for (const after of [2, -3])
    assert.is(moves(own, released(own, { ...found, after: found.after.fill(after) }, 2, 1, Rng.from(1))), 0);
});

const surrogate = suite('the defender’s own attack model');

surrogate('reads probabilities in falling order', () => {
  assert.equal([...fallingOrder([0.1, 0.7, 0.2, 0.3, 0.3, 0.4], 3)], [1, 2, 0, 5, 3, 4]);
});

surrogate('learns that members are answered with more certainty, whatever their class', async ({ seed }) => {
  const rng = Rng.from(seed);
  const answers = (certain: number) => {
    const logits = Float64Array.from({ length: 3 * 200 }, () => rng.normal());
    for (let i = 0; i < 200; i++) logits[3 * i + rng.below(3)]! += certain;
    return softmaxRows(logits, 3);
  };
  const [members, others] = [answers(7), answers(2)];
  const trained = await trainSurrogate(engine, { members, others, classes: 3, epochs: 20, seed: 1, signal: undefined });
  const share = (rows: Float64Array) =>
    engine.run('odds', () => {
      const p = engine.tensor(Float32Array.from(rows), [200, 3]);
      const odds = trained.odds(trained.params(), p, engine.tensor(fallingOrder(rows, 3)));
      return [...odds.view()].filter((h) => h > 0).length / 200;
    });
  assert.ok(share(members) > 0.9 && share(others) < 0.2, `${share(members)} and ${share(others)}`);
});
