/** RMIA: the definition by a double loop over records and population, the reference code's numbers, and a tuned on others. */
import fc from 'fast-check';
import { auc, type Observations, rank } from '../../attacks/index.ts';
import { fittedA, logRatios, rmiaScores, tunedA } from '../../attacks/membership/rmia.ts';
import { assert, suite } from '../harness.ts';
import { testRng } from './random.ts';

const floor = 2 ** -149;

/** Probabilities k / 8 of models about n records. */
const probabilities = (models: number, n: number) => {
  const row = fc.array(fc.integer({ min: 0, max: 8 }), { minLength: n, maxLength: n });
  const marks = fc.array(fc.integer({ min: 0, max: 1 }), { minLength: n, maxLength: n });
  return fc
    .record({
      target: row,
      models: fc.array(row, { minLength: models, maxLength: models }),
      marks: fc.array(marks, { minLength: models, maxLength: models }),
    })
    .map(({ target, models, marks }) => observations(target, models, marks));
};

function observations(
  target: readonly number[],
  models: readonly (readonly number[])[],
  marks: readonly (readonly number[])[],
): Observations {
  const eighths = (a: readonly number[]) => [Float64Array.from(a, (x) => x / 8)];
  return { target: eighths(target), models: models.map(eighths), trainedOn: marks.map((m) => Uint8Array.from(m)) };
}

const unmarked = (o: Observations): Observations => ({
  ...o,
  trainedOn: o.trainedOn.map((m) => new Uint8Array(m.length)),
});

/** p(x) of one record by the paper's formulas. */
function evidence({ models, trainedOn, target }: Observations, i: number, mode: string, a: number): number {
  const of = (j: number, side: number) => models.filter((_, m) => trainedOn[m]![j] === side).map(([p]) => p![j]!);
  const mean = (p: readonly number[]) => p.reduce((x, y) => x + y, 0) / p.length;
  const outs = [...target[0]!.keys()].map((j) => of(j, 0)).filter((p) => p.length > 0);
  const out = of(i, 0).length ? mean(of(i, 0)) : outs.length ? mean(outs.map(mean)) : 0;
  const inside = mode === 'online' && of(i, 1).length ? mean(of(i, 1)) : a * out + 1 - a;
  return (inside + out) / 2 + floor;
}

const definition = suite('RMIA: the definition');

definition('the score is the share of the population that is beaten, and grows with the ratio', ({ seed }) => {
  const setting = fc
    .record({
      models: fc.integer({ min: 1, max: 5 }),
      n: fc.integer({ min: 1, max: 6 }),
      m: fc.integer({ min: 1, max: 9 }),
    })
    .chain(({ models, n, m }) =>
      fc.record({
        records: probabilities(models, n),
        population: probabilities(models, m).map(unmarked),
        mode: fc.constantFrom('online' as const, 'offline' as const),
        a: fc.constantFrom(0, 0.3, 1),
        gamma: fc.constantFrom(0.5, 1, 2),
      }),
    );
  fc.assert(
    fc.property(setting, ({ records, population, mode, a, gamma }) => {
      const scores = rmiaScores(records, population, { mode, a, gamma });
      const ratio = (o: Observations, i: number) => (o.target[0]![i]! + floor) / evidence(o, i, mode, a);
      const m = population.target[0]!.length;
      const slack = 1e-9;
      for (let i = 0; i < scores.length; i++) {
        const quotients = Array.from({ length: m }, (_, z) => ratio(records, i) / ratio(population, z) / gamma);
        const beaten = quotients.filter((q) => q > 1 + slack).length;
        const drawn = quotients.filter((q) => Math.abs(q - 1) <= slack).length;
        const place = scores[i]! * (m + 1);
        assert.ok(
          place > beaten - slack && place < beaten + drawn + 1 + slack,
          `${place} of ${beaten} + ${drawn} in ${m}`,
        );
        for (let j = 0; j < i; j++) {
          const [x, y] = [ratio(records, i), ratio(records, j)];
          if (x > y * (1 + slack))
            assert.ok(scores[i]! > scores[j]!, `${scores[i]} and ${scores[j]}: ratios ${x} and ${y}`);
        }
      }
    }),
    { seed, numRuns: 1500 },
  );
});

definition('numbers of the reference code', () => {
  // the lines of run_rmia (privacytrustlab/ml_privacy_meter, attacks.py at a555fce) in numpy 2 with offline_a 0.3; p_out of a
  // population record is the mean of both models, where the code keeps the larger one
  const sixteenths = (a: readonly number[]) => [Float64Array.from(a, (x) => x / 16)];
  const records: Observations = {
    target: sixteenths([15, 9, 4, 12, 1, 16]),
    models: [sixteenths([6, 8, 2, 16, 3, 11]), sixteenths([14, 10, 5, 7, 1, 13])],
    trainedOn: [Uint8Array.from([0, 0, 1, 1, 0, 1]), Uint8Array.from([1, 1, 0, 0, 1, 0])],
  };
  const population: Observations = {
    target: sixteenths([10, 3, 13, 8, 6]),
    models: [sixteenths([9, 5, 12, 2, 7]), sixteenths([11, 4, 6, 9, 3])],
    trainedOn: [new Uint8Array(5), new Uint8Array(5)],
  };
  const published = [1, 0.6, 0.2, 1, 0, 1];
  const scores = rmiaScores(records, population, { mode: 'offline', a: 0.3, gamma: 1 });
  assert.equal(
    [...scores].map((s) => Math.floor(s * 6) / 5),
    published,
  );
});

definition('trap 4.2.7: probabilities of exactly 0 and 1 give finite scores, and ties only where ratios tie', () => {
  const records = observations(
    [0, 8, 8, 8],
    [
      [0, 0, 4, 8],
      [0, 0, 4, 8],
    ],
    [
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ],
  );
  const population = observations(
    [0, 8, 4],
    [
      [0, 8, 4],
      [0, 8, 4],
    ],
    [
      [0, 0, 0],
      [0, 0, 0],
    ],
  );
  for (const a of [0, 0.5, 1]) {
    const scores = rmiaScores(records, population, { mode: 'offline', a, gamma: 1 });
    assert.ok(scores.every((s) => s > 0 && s < 1));
    assert.ok(scores[1]! > scores[2]! && scores[2]! > scores[3]!, `${a}: ${scores}`);
  }
});

const choosing = suite('RMIA: how p_in follows p_out');

/** Reference models on random halves, surer by far of what they were trained on. */
function halves(seed: number, n = 200, models = 6): Observations {
  const rng = testRng(seed);
  const hardness = Float64Array.from({ length: n }, () => rng.uniform());
  const marks = Array.from({ length: models + 1 }, () => Uint8Array.from({ length: n }, () => rng.uint32() & 1));
  const answers = marks.map((m) => [hardness.map((h, i) => (m[i] ? 1 - 0.3 * h * rng.uniform() : h * rng.uniform()))]);
  return { target: answers[0]!, models: answers.slice(1), trainedOn: marks.slice(1) };
}

choosing('trap 4.2.3: a is the best on reference models, and the same whatever the target answers', () => {
  const o = halves(3);
  const areas = Array.from({ length: 11 }, (_, step) => {
    let sum = 0;
    for (let j = 0; j < 4; j++) {
      const rest = { models: o.models.filter((_, m) => m !== j), trainedOn: o.trainedOn.filter((_, m) => m !== j) };
      const attacked: Observations = { target: o.models[j]!, ...rest };
      const scores = Float64Array.from(
        attacked.target[0]!,
        (p, i) => (p + floor) / evidence(attacked, i, 'offline', step / 10),
      );
      sum += auc(
        rank({
          members: scores.filter((_, i) => o.trainedOn[j]![i] === 1),
          nonMembers: scores.filter((_, i) => o.trainedOn[j]![i] === 0),
        }),
      );
    }
    return sum;
  });
  const best = tunedA(o);
  assert.ok(areas[Math.round(best! * 10)]! >= Math.max(...areas) - 1e-9, `${best}: ${areas}`);
  assert.is(tunedA({ ...o, target: [new Float64Array(200)] }), best);
});

choosing('without a model that can be attacked there is no a', () => {
  const o = halves(4);
  assert.is(tunedA({ ...o, models: o.models.slice(0, 1), trainedOn: o.trainedOn.slice(0, 1) }), null);
  assert.is(tunedA(unmarked(o)), null);
  assert.is(fittedA(unmarked(o)), null);
});

choosing('the fitted a is the one that makes 1 - p_in = a (1 - p_out)', () => {
  const out = [1, 2, 3, 6];
  const o: Observations = {
    target: [new Float64Array(4)],
    models: [[Float64Array.from(out, (p) => p / 8)], [Float64Array.from(out, (p) => 1 - 0.25 * (1 - p / 8))]],
    trainedOn: [new Uint8Array(4), new Uint8Array(4).fill(1)],
  };
  assert.ok(Math.abs(fittedA(o)! - 0.25) < 1e-12);
  // online and offline then agree
  const [online, offline] = (['online', 'offline'] as const).map((mode) => logRatios(o, { mode, a: 0.25 }));
  for (const [i, v] of online!.entries()) assert.ok(Math.abs(v - offline![i]!) < 1e-12);
});
