/** Attacks R and P, calibrated loss, and what attacks with reference models share: order statistics, observations, thresholds. */
import fc from 'fast-check';
import {
  bestThreshold,
  functionTarget,
  type MembershipAttack,
  type MembershipKnowledge,
  membershipAttacks,
  mixCandidates,
  type Observations,
  runMembershipAttack,
  type ShadowModel,
  score,
} from '../../attacks/index.ts';
import { attackPScores } from '../../attacks/membership/attack-p.ts';
import { attackRScores } from '../../attacks/membership/attack-r.ts';
import { calibratedLoss } from '../../attacks/membership/calibrated-loss.ts';
import { heldOut, thresholdFromReferences, withTarget } from '../../attacks/membership/references.ts';
import { ConfigError, Rng, type Rows } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { noise } from '../support/data.ts';
import { rejectsError } from '../support/throws.ts';

const { median, shareBelow } = score;
const numbers = (least: number, most: number) =>
  fc
    .array(fc.integer({ min: -8, max: 8 }), { minLength: least, maxLength: most })
    .map((a) => Float64Array.from(a, (x) => x / 4));

const order = suite('order statistics');

order('the median is the middle of the sorted sample', ({ seed }) => {
  fc.assert(
    fc.property(numbers(1, 70), fc.integer({ min: 0, max: 5 }), (values, more) => {
      const sorted = [...values].sort((a, b) => a - b);
      const n = sorted.length;
      const want = (sorted[Math.ceil(n / 2) - 1]! + sorted[Math.floor(n / 2)]!) / 2;
      // what lies behind the first n is left alone
      const room = Float64Array.from([...values, ...new Array<number>(more).fill(-99)]);
      assert.is(median(room, n), want);
      assert.ok(room.slice(n).every((v) => v === -99));
    }),
    { seed, numRuns: 500 },
  );
});

order(
  'the share below is the number below, smoothed, and rises strictly where the sample does not tie with it',
  ({ seed }) => {
    fc.assert(
      fc.property(
        numbers(1, 12),
        fc.integer({ min: -50, max: 50 }),
        fc.integer({ min: 1, max: 9 }),
        (values, at, more) => {
          const sorted = values.sort();
          const m = sorted.length;
          const v = at / 8;
          const share = shareBelow(sorted, v, 2);
          const below = sorted.filter((x) => x < v).length;
          const equal = sorted.filter((x) => x === v).length;
          assert.ok(share > 0 && share < 1);
          assert.ok(share * (m + 1) >= below && share * (m + 1) <= below + equal + 1);
          if (equal > 0) assert.is(share, (below + (equal + 1) / 2) / (m + 1));
          assert.ok(shareBelow(sorted, v + more / 8, 2) > share);
        },
      ),
      { seed, numRuns: 2000 },
    );
  },
);

order('by hand: between two of three, below and above all', () => {
  const sample = Float64Array.from([0, 4, 8]);
  assert.is(shareBelow(sample, 5), 0.5625);
  assert.is(shareBelow(sample, -3), 1 / 16);
  assert.is(shareBelow(sample, 11), 15 / 16);
  // half of what is left beyond the outermost lies within one scale of it
  assert.is(shareBelow(sample, 18, 10), 1 - 1 / 8);
});

const pure = suite('attacks R and P, calibrated loss: a second implementation');

/** One view; marks of any kind. */
const observed = fc
  .record({ models: fc.integer({ min: 1, max: 6 }), n: fc.integer({ min: 1, max: 7 }) })
  .chain(({ models, n }) =>
    fc.record({
      target: numbers(n, n),
      models: fc.array(numbers(n, n), { minLength: models, maxLength: models }),
      marks: fc.array(fc.array(fc.integer({ min: 0, max: 1 }), { minLength: n, maxLength: n }), {
        minLength: models,
        maxLength: models,
      }),
    }),
  )
  .map(
    ({ target, models, marks }): Observations => ({
      target: [target],
      models: models.map((a) => [a]),
      trainedOn: marks.map((m) => Uint8Array.from(m)),
    }),
  );
const outside = ({ models, trainedOn }: Observations, i: number) =>
  models.filter((_, m) => trainedOn[m]![i] === 0).map(([a]) => a![i]!);
const mean = (a: readonly number[]) => a.reduce((x, y) => x + y, 0) / a.length;

pure('attack R: the share of models without the record that are less sure of it', ({ seed }) => {
  fc.assert(
    fc.property(observed, (o) => {
      const records = [...o.target[0]!.keys()];
      const everybody = records.flatMap((i) => outside(o, i));
      for (const [i, got] of attackRScores(o).entries()) {
        const own = o.target[0]![i]!;
        const sample = outside(o, i).length > 0 ? outside(o, i) : everybody;
        const below = sample.filter((v) => v < own).length;
        const equal = sample.filter((v) => v === own).length;
        if (sample.length === 0) assert.is(got, 0.5);
        else if (equal > 0) assert.is(got, (below + (equal + 1) / 2) / (sample.length + 1));
        else {
          const place = got * (sample.length + 1);
          assert.ok(place > below && place < below + 1, `${place}, ${below} below`);
        }
      }
    }),
    { seed, numRuns: 1000 },
  );
});

pure('attack R: beyond all models, what counts is the distance in deviations within records', () => {
  const at = (...v: number[]) => [Float64Array.from(v)];
  const none = new Uint8Array(2);
  // both records: deviation 2 within, so 6 above the highest is 3 of them
  const o = { target: at(8, 108), models: [at(0, 100), at(Math.sqrt(8), 100 + Math.sqrt(8))], trainedOn: [none, none] };
  const [first, second] = attackRScores(o);
  const want = 1 - 1 / 3 / (1 + (8 - Math.sqrt(8)) / 2);
  assert.ok(
    Math.abs(first! - want) < 1e-12 && Math.abs(second! - want) < 1e-12,
    `${first}, ${second}: expected ${want}`,
  );
});

pure('attack P: the share of the population, of the class where it has rows enough', ({ seed }) => {
  const rng = Rng.from(seed);
  // class 0: 30 rows, class 1: 12, class 2: 9, too few
  const y = Int32Array.from({ length: 51 }, (_, i) => (i < 30 ? 0 : i < 42 ? 1 : 2));
  const population = { y, phi: Float64Array.from(y, (label) => label * 5 + Math.round(rng.normal() * 8) / 4) };
  const records = {
    y: Int32Array.from({ length: 60 }, (_, i) => i % 4),
    phi: Float64Array.from({ length: 60 }, () => Math.round(rng.normal() * 16) / 4),
  };
  for (const perClass of [true, false]) {
    for (const [i, got] of attackPScores(records, population, perClass).entries()) {
      const own = perClass && records.y[i]! < 2;
      const sample = population.phi.filter((_, z) => !own || population.y[z] === records.y[i]);
      const below = sample.filter((v) => v < records.phi[i]!).length;
      const equal = sample.filter((v) => v === records.phi[i]!).length;
      const place = got * (sample.length + 1);
      if (equal > 0) assert.ok(Math.abs(place - below - (equal + 1) / 2) < 1e-9);
      else assert.ok(place > below && place < below + 1);
    }
  }
});

pure('calibrated loss: minus the loss, and minus that of the others', ({ seed }) => {
  fc.assert(
    fc.property(observed, (o) => {
      const everybody = [...o.target[0]!.keys()].flatMap((i) => outside(o, i));
      for (const [i, got] of calibratedLoss(o).entries()) {
        const difficulty = outside(o, i).length ? mean(outside(o, i)) : everybody.length ? mean(everybody) : 0;
        assert.ok(Math.abs(got - (o.target[0]![i]! - difficulty)) < 1e-12);
      }
    }),
    { seed, numRuns: 1000 },
  );
});

const thresholds = suite('thresholds from reference models');

thresholds('the best on a few reference models, each attacked with the others', async () => {
  const marks = [
    [1, 0, 1, 0],
    [0, 0, 0, 0],
    [0, 1, 1, 0],
    [1, 1, 0, 0],
    [1, 1, 1, 0],
    [0, 0, 1, 1],
  ].map((m) => Uint8Array.from(m));
  // one that knows none of the candidates cannot be attacked, and four are enough
  assert.equal(heldOut(marks), [0, 2, 3, 4]);
  const scoresOf = async (j: number) => Float64Array.from([0, 1, 2, 3], (i) => i * (j + 1));
  const [members, nonMembers] = [1, 0].map((side) =>
    Float64Array.from(
      [0, 2, 3, 4].flatMap((j) => [0, 1, 2, 3].filter((i) => marks[j]![i] === side).map((i) => i * (j + 1))),
    ),
  );
  assert.is(await thresholdFromReferences(marks, scoresOf), bestThreshold(members!, nonMembers!));
});

thresholds('none without a second model, or where no model knows a candidate', async () => {
  const never = () => Promise.reject(new Error('asked'));
  assert.is(await thresholdFromReferences([Uint8Array.from([1, 0])], never), null);
  assert.is(await thresholdFromReferences([new Uint8Array(2), new Uint8Array(2)], never), null);
});

thresholds('a model attacked in the place of the target is none of its own references', () => {
  const o: Observations = {
    target: [Float64Array.of(9)],
    models: [[Float64Array.of(0)], [Float64Array.of(1)], [Float64Array.of(2)]],
    trainedOn: [Uint8Array.of(0), Uint8Array.of(1), Uint8Array.of(0)],
  };
  assert.equal(withTarget(o, 1), {
    target: [Float64Array.of(1)],
    models: [[Float64Array.of(0)], [Float64Array.of(2)]],
    trainedOn: [Uint8Array.of(0), Uint8Array.of(0)],
  });
});

const asking = suite('what attacks with reference models ask');

/** A model of two classes whose answer depends on the first number of a row and on its own strength. */
function model(strength: number, asked: number[][] = []) {
  return functionTarget({
    inputShape: [2],
    classes: 2,
    predict(x) {
      asked.push([...x]);
      const out: number[] = [];
      for (let i = 0; i < x.length; i += 2) {
        const p = 1 / (1 + Math.exp(-strength * x[i]!));
        out.push(p, 1 - p);
      }
      return out;
    },
  });
}
const rows = (n: number, seed: number): Rows => noise(seed, n, [2], 2);
const shadow = (strength: number, asked?: number[][], trainedOn?: Uint8Array): ShadowModel => ({
  target: model(strength, asked),
  members: rows(5, 1),
  nonMembers: rows(5, 2),
  ...(trainedOn && { trainedOn }),
});
const halves = (n: number, k: number) => Uint8Array.from({ length: n }, (_, i) => (i >> k) & 1);

function run(attack: unknown, known: MembershipKnowledge, target = model(1), options: Record<string, number> = {}) {
  const candidates = mixCandidates(rows(8, 3), rows(8, 4), Rng.from(0));
  return runMembershipAttack(attack as MembershipAttack, { target, candidates, known, options, rng: Rng.from(0) });
}

asking(
  'trap 4.2.8: the views that are known, the same of the target and of every model, and their scores are averaged',
  async () => {
    const made = new Map<unknown, Float32Array>();
    const views = {
      count: 3,
      view(x: Float32Array | Float64Array, k: number) {
        if (k === 0) return x;
        const key = `${x.length} ${k}`;
        if (!made.has(key))
          made.set(
            key,
            Float32Array.from(x, (v) => v + k),
          );
        return made.get(key)!;
      },
    };
    const ofTarget: number[][] = [];
    const ofShadow: number[][] = [];
    const shadows = [shadow(2, ofShadow, halves(16, 0)), shadow(-1, [], halves(16, 1)), shadow(0.5, [], halves(16, 2))];
    const known = { meanTrainingLoss: 0, shadows, views };
    for (const attack of [membershipAttacks['lira-online'], membershipAttacks['lira-offline']]) {
      const scoresBy = async (views: number) => (await run(attack, known, model(1, ofTarget), { views })).members;
      ofTarget.length = 0;
      const all = await scoresBy(0);
      // the runner itself asks twice about a few rows at the end
      assert.equal(ofTarget.slice(0, 3), ofShadow.slice(0, 3));
      assert.equal(
        ofTarget[1],
        ofTarget[0]!.map((v) => Math.fround(v + 1)),
      );
      assert.is(ofTarget.length, 3 + 2);
      assert.equal(await scoresBy(3), all);
      assert.not.equal(await scoresBy(1), all);
      await rejectsError(() => scoresBy(4), ConfigError, /views: expected a whole number from 0 to 3, got 4/);
      ofShadow.length = 0;
    }
  },
);

asking("trap 4.2.5: the result says whether the data of the models overlap the target's", async () => {
  const overlapping = { meanTrainingLoss: 0, shadows: [0, 1, 2].map((k) => shadow(k + 1, [], halves(16, k))) };
  const apart = { meanTrainingLoss: 0, shadows: [shadow(1), shadow(2)] };
  const of = async (attack: unknown, known: MembershipKnowledge) => (await run(attack, known)).shadowData;
  assert.is(await of(membershipAttacks['lira-online'], overlapping), 'overlapping');
  assert.is(await of(membershipAttacks['lira-offline'], overlapping), 'overlapping');
  assert.is(await of(membershipAttacks['lira-offline'], apart), 'apart');
  assert.is(
    await of(membershipAttacks.confidence, { ...apart, shadows: [{ ...shadow(1), members: rows(20, 5) }] }),
    'apart',
  );
  assert.is(await of(membershipAttacks.loss, overlapping), 'none');
  // and the threat model of what needs such models says so, too
  for (const attack of Object.values(membershipAttacks) as unknown as MembershipAttack[]) {
    const needsThem = (attack.needs.modelsIn ?? 0) > 0;
    if (needsThem) assert.ok(attack.threat.knowledge.includes('partial-training-data'), attack.name);
  }
});

asking('deviations of each record from 64 models on, one for all below, unless told', async () => {
  const known = (n: number) => ({
    meanTrainingLoss: 0,
    shadows: Array.from({ length: n }, (_, k) => shadow(0.2 + ((k * 7) % 11) / 4, [], halves(16, k % 4))),
  });
  for (const attack of [membershipAttacks['lira-online'], membershipAttacks['lira-offline']]) {
    const scores = async (n: number, options: Record<string, number>) =>
      (await run(attack, known(n), model(1), options)).members;
    assert.equal(await scores(63, {}), await scores(63, { variance: 1 }));
    assert.not.equal(await scores(63, {}), await scores(63, { variance: 0 }));
    assert.equal(await scores(64, {}), await scores(64, { variance: 0 }));
    assert.not.equal(await scores(64, {}), await scores(64, { variance: 1 }));
  }
});

asking('without reference models on halves, offline attacks rank and name no threshold', async () => {
  const known = { meanTrainingLoss: 0, shadows: [shadow(0.5), shadow(2)], population: rows(30, 9) };
  for (const name of ['lira-offline', 'rmia-offline', 'calibrated-loss', 'attack-r'] as const) {
    const { summary } = await run(membershipAttacks[name], known);
    assert.is(summary.balancedAccuracy, null, name);
  }
  // where a false-positive rate is asked for there is one
  assert.not.equal(
    (await run(membershipAttacks['attack-r'], known, model(1), { fpr: 0.2 })).summary.balancedAccuracy,
    null,
  );
});
