/** The attacks of Salem et al.: one shadow model and no label, and no shadow model at all. */
import {
  functionTarget,
  localTarget,
  membershipAttacks,
  mixCandidates,
  runMembershipAttack,
} from '../../attacks/index.ts';
import { Rng, type Rows } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { noise } from '../support/data.ts';
import { testEngine } from '../support/engine.ts';
import { noiseSetting, type Setting } from '../support/membership.ts';

const engine = await testEngine();
const one = membershipAttacks['ml-leaks'];
const unsupervised = membershipAttacks['ml-leaks-unsupervised'];

async function withSetting(check: (setting: Setting, candidates: ReturnType<typeof mixCandidates>) => Promise<void>) {
  const setting = await noiseSetting(engine, { seed: 3, epochs: 30, rows: 60 });
  try {
    await check(setting, mixCandidates(setting.members, setting.nonMembers, Rng.from(0)));
  } finally {
    setting.dispose();
  }
}

const top = suite('ML-Leaks with one shadow model');

top('the label of a record does not matter', () =>
  withSetting(async ({ target, known }, candidates) => {
    const { x, y } = candidates.rows;
    const relabelled = { ...candidates, rows: { x, y: y.map((label) => (label + 1) % 5) } };
    const [a, b] = await Promise.all(
      [candidates, relabelled].map((c) =>
        runMembershipAttack(one, { target: localTarget(target), candidates: c, known, rng: Rng.from(1) }),
      ),
    );
    assert.equal([...a!.members], [...b!.members]);
  }),
);

top('nor which class was how likely: only the largest probabilities in order', async () => {
  const shadow = noise(5, 60, [4], 4);
  // the features are the answer, up to their sum; the target gives the same ones in another order
  const answer = (order: readonly number[]) =>
    functionTarget({
      inputShape: [4],
      classes: 4,
      predict: (x) =>
        Float64Array.from(x, (_, at) => {
          const row = [0, 1, 2, 3].map((j) => Math.abs(x[4 * (at >> 2) + j]!) + 0.01);
          return row[order[at & 3]!]! / row.reduce((s, v) => s + v, 0);
        }),
    });
  const known = {
    meanTrainingLoss: 0,
    shadows: [{ target: answer([0, 1, 2, 3]), members: shadow, nonMembers: noise(6, 60, [4], 4) }],
  };
  const candidates = mixCandidates(noise(7, 30, [4], 4), noise(8, 30, [4], 4), Rng.from(0));
  const scores = async (order: readonly number[], options = {}) => [
    ...(await runMembershipAttack(one, { target: answer(order), candidates, known, options, rng: Rng.from(1) }))
      .members,
  ];
  const plain = await scores([0, 1, 2, 3]);
  assert.equal(plain, await scores([2, 0, 3, 1]));
  assert.not.equal(plain, await scores([0, 1, 2, 3], { top: 1 }));
  // more than there are classes: all of them
  assert.equal(await scores([0, 1, 2, 3], { top: 4 }), await scores([0, 1, 2, 3], { top: 100 }));
});

top('asks the first shadow model with rows enough, and no other', async () => {
  const asked: number[] = [];
  const shadow = (name: number, rows: number) => ({
    target: functionTarget({
      inputShape: [2],
      classes: 2,
      predict: (x) => {
        asked.push(name);
        return Array.from(x, (_, i) => (i % 2 ? 0.3 : 0.7));
      },
    }),
    members: noise(1, rows, [2], 2),
    nonMembers: noise(2, rows, [2], 2),
  });
  await runMembershipAttack(one, {
    target: shadow(9, 1).target,
    candidates: mixCandidates(noise(3, 30, [2], 2), noise(4, 30, [2], 2), Rng.from(0)),
    known: { meanTrainingLoss: 0, shadows: [shadow(0, 24), shadow(1, 25), shadow(2, 100)] },
    rng: Rng.from(1),
  });
  assert.equal([...new Set(asked.filter((name) => name !== 9))], [1]);
});

const none = suite('ML-Leaks without a shadow model');

/** A target that notes what it is asked, and answers one feature as the probability of the first class. */
function noting(seen: number[][]) {
  return functionTarget({
    inputShape: [2],
    classes: 2,
    predict: (x) => {
      seen.push(Array.from(x));
      return Array.from(x, (_, at) => (at % 2 ? 1 - (0.5 + x[at - 1]! / 2) : 0.5 + x[at]! / 2));
    },
  });
}

/** Features on a grid, the second one a function of the first. */
const grid = (n: number): Rows => ({
  x: Float32Array.from({ length: 2 * n }, (_, at) => (at % 2 ? 1 - (at >> 1) / n : (at >> 1) / n)),
  y: new Int32Array(n),
});
const knowing = { meanTrainingLoss: 0, shadows: [] };

none('random inputs have values that occur, each drawn by itself', async () => {
  const seen: number[][] = [];
  const candidates = mixCandidates(grid(20), grid(20), Rng.from(0));
  const options = { randomInputs: 400 };
  const target = noting(seen);
  const { queries } = await runMembershipAttack(unsupervised, {
    target,
    candidates,
    known: knowing,
    options,
    rng: Rng.from(1),
  });
  assert.is(queries, 440);
  const random = seen.find((x) => x.length === 800)!;
  const values = [0, 1].map((f) => new Set(grid(20).x.filter((_, at) => at % 2 === f)));
  assert.ok(random.every((v, at) => values[at % 2]!.has(v)));
  for (const set of values.keys()) assert.is(new Set(random.filter((_, at) => at % 2 === set)).size, 20);
  // in the candidates the two features add up to 1; by chance 1 in 20 does
  const kept = Array.from({ length: 400 }, (_, i) => Math.abs(random[2 * i]! + random[2 * i + 1]! - 1) < 1e-6);
  assert.ok(kept.filter(Boolean).length < 60, `${kept.filter(Boolean).length} of 400`);
});

none('the threshold is what the given share of the random inputs reaches', async () => {
  for (const part of [0, 0.1, 0.5, 1]) {
    const seen: number[][] = [];
    const { threshold, scores } = await unsupervised.run({
      target: noting(seen),
      candidates: grid(50),
      known: knowing,
      options: { randomInputs: 1000, share: part },
      engine: async () => engine,
      rng: Rng.from(2),
      signal: undefined,
    });
    const random = seen.find((x) => x.length === 2000)!.filter((_, at) => at % 2 === 0);
    const reached = random.filter((v) => 0.5 + v / 2 >= threshold!).length;
    // equal values reach it together: 1 in 50 of the rows
    assert.ok(reached >= 1000 * part && reached <= 1000 * part + 45, `${reached} of 1000 for ${part}`);
    for (const [i, score] of scores.entries()) assert.ok(Math.abs(score - (0.5 + grid(50).x[2 * i]! / 2)) < 1e-6);
  }
});

none('needs neither labels nor shadow models nor an engine', () =>
  withSetting(async ({ target }, candidates) => {
    assert.equal(unsupervised.needs, {});
    const { x, y } = candidates.rows;
    const relabelled = { ...candidates, rows: { x, y: y.map(() => 0) } };
    const engine = () => Promise.reject(new Error('asked for an engine'));
    const [a, b] = await Promise.all(
      [candidates, relabelled].map((c) =>
        runMembershipAttack(unsupervised, {
          target: localTarget(target),
          candidates: c,
          known: knowing,
          engine,
          rng: Rng.from(1),
        }),
      ),
    );
    assert.equal(a!.summary.balancedAccuracy, b!.summary.balancedAccuracy);
    assert.equal([...a!.members], [...b!.members]);
  }),
);
