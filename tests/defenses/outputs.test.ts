/** Output defences: what they answer, what they keep, and that hiding numbers does not hide what the label says. */
import { argmaxRows, functionTarget, localTarget, restrict, score } from '../../attacks/index.ts';
import { allDefenses, type DefenseName, defended, type OutputDefense } from '../../defenses/index.ts';
import { keepTop, noised, rounded } from '../../defenses/inference/index.ts';
import { Rng } from '../../engine/index.ts';
import { log } from '../../engine/math/index.ts';
import { assert, suite } from '../harness.ts';
import { noiseRows, trained } from '../support/defended.ts';
import { testEngine } from '../support/engine.ts';

const engine = await testEngine();
const P = Float64Array.from([0.5, 0.1, 0.25, 0.15, 0.04, 0.06, 0.2, 0.7, 0.25, 0.25, 0.25, 0.25]);

const formulas = suite('what output defences answer');
const equal = (got: Float64Array, expected: readonly number[]) => {
  for (const [i, v] of expected.entries()) assert.ok(Math.abs(got[i]! - v) < 1e-15, `${i}: ${got[i]}, expected ${v}`);
};

formulas('top-k: the others are 0, or share what is left of 1', () => {
  equal(keepTop(P, 4, 2, false), [0.5, 0, 0.25, 0, 0, 0, 0.2, 0.7, 0.25, 0.25, 0, 0]);
  equal(keepTop(P, 4, 2, true), [0.5, 0.125, 0.25, 0.125, 0.05, 0.05, 0.2, 0.7, 0.25, 0.25, 0.25, 0.25]);
  equal(keepTop(P, 4, 1, false), [0.5, 0, 0, 0, 0, 0, 0, 0.7, 0.25, 0, 0, 0]);
  assert.is(keepTop(P, 4, 4, true), P);
});

formulas('rounding', () => {
  equal(rounded(P, 1), [0.5, 0.1, 0.3, 0.2, 0, 0.1, 0.2, 0.7, 0.3, 0.3, 0.3, 0.3]);
  equal(rounded(Float64Array.from([0.123456, 1, 0]), 3), [0.123, 1, 0]);
});

formulas('temperature, from logits and from probabilities alike', async () => {
  // scipy.special.softmax of the logits divided by 5
  const expected = [0.45062670595568977, 0.30206411428110647, 0.24730917976320385];
  const { change } = (await defenseAt('temperature', { temperature: 5 }))!;
  const logits = Float64Array.from([2, 0, -1]);
  const own = Float64Array.from([0.8437947344813395, 0.11419519938459446, 0.04201006613406605]);
  for (const z of [logits, own.map((p) => log(p))]) {
    const got = await change({ classes: 3, logits: z, probabilities: own, asked: 0 });
    for (const [c, p] of expected.entries()) assert.ok(Math.abs(got[c]! - p) < 1e-14, `${got[c]}, expected ${p}`);
  }
});

formulas('label-only is 1 for the largest', async () => {
  const { change } = (await defenseAt('label-only', {}))!;
  equal(await change({ classes: 4, logits: P, probabilities: P, asked: 0 }), [1, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0]);
});

formulas('noise has its deviation, and answers stay probabilities', ({ seed }) => {
  const n = 4000;
  const even = new Float64Array(4 * n).fill(0.25);
  const got = noised(even, 4, 0.01, Rng.from(seed));
  for (let at = 0; at < got.length; at += 4) {
    const row = got.subarray(at, at + 4);
    assert.ok(Math.abs(row.reduce((a, b) => a + b) - 1) < 1e-12 && row.every((p) => p >= 0));
  }
  // p_c - mean of four independent ones: variance 3/4 of the noise's; its standard error is var sqrt(2 / 4n), to first order
  const variance = got.reduce((sum, p) => sum + (p - 0.25) ** 2, 0) / got.length;
  const expected = 0.75 * 0.01 ** 2;
  assert.ok(Math.abs(variance / expected - 1) < 5 * Math.sqrt(2 / (3 * n)) + 1e-3, `${variance}, expected ${expected}`);
  const wide = noised(even, 4, 10, Rng.from(seed));
  assert.ok(wide.every((p) => p >= 0 && p <= 1));
});

/** The output defence itself, for those that need no model. */
async function defenseAt(name: DefenseName, options: Record<string, number>): Promise<OutputDefense> {
  const def = allDefenses.find((d) => d.name === name)!;
  return def.outputs!({ options, rng: Rng.from(1) } as never);
}

const wrapped = suite('a target behind a defence');
const data = noiseRows(1, 40);
const { x } = noiseRows(4, 30);

for (const def of allDefenses) {
  // those that change questions are in their own tests
  if (!def.outputs) continue;
  wrapped(`${def.name}: labels, access, counting, vectors`, async () => {
    const d = await trained(engine, def.name as DefenseName, data);
    try {
      const plain = localTarget(d.classifier);
      const own = await plain.probabilities(x);
      const target = d.wrap(localTarget(d.classifier));
      const got = await target.probabilities(x);
      assert.is.not(String(got), String(own), 'vectors are changed');
      const noisy = def.name === 'gaussian-noise';
      if (!noisy) assert.equal(await target.labels(x), await plain.labels(x), 'labels are the model’s');
      assert.is(target.queries(), noisy ? 30 : 60);
      const again = await target.probabilities(x);
      assert.is(String(again) === String(got), !noisy, 'who asks again hears the same, but for noise');
      assert.is(target.queries(), noisy ? 60 : 90, 'asking again counts');
      assert.ok(
        !('params' in target) && !('logitsAndVjp' in target) && !('inputGradients' in target),
        'nothing behind the defence is there',
      );
      const logits = await restrict(target as never, 'logits').logits(x);
      assert.equal(logits.length === got.length && logits.every((z) => Number.isFinite(z)), true);
      if (!noisy) for (const [i, p] of got.entries()) assert.is(logits[i], log(p + score.PROBABILITY_FLOOR));
    } finally {
      d.classifier.dispose();
    }
  });
}

for (const def of allDefenses) {
  if (!def.wrap) continue;
  wrapped(`${def.name}: other questions, counted, and no parameters behind it`, async () => {
    const d = await trained(engine, def.name as DefenseName, data);
    try {
      const target = d.wrap(localTarget(d.classifier));
      const votes = def.name === 'randomised-smoothing' ? 20 : 1;
      const got = await target.probabilities(x);
      assert.is(target.queries(), 30 * votes, 'every copy that the model is asked about counts');
      assert.is.not(String(got), String(await localTarget(d.classifier).probabilities(x)));
      assert.is(String(await target.probabilities(x)) === String(got), votes === 1, 'noise is drawn anew');
      assert.equal(argmaxRows(got, target.classes).length, (await target.labels(x)).length);
      assert.ok(!('params' in target) && !('inputGradients' in target));
      const known = d.wrap(localTarget(d.classifier), { adaptive: true });
      assert.ok(!('params' in known) && 'inputGradients' in known, 'who knows it estimates gradients');
    } finally {
      d.classifier.dispose();
    }
  });
}

wrapped('anybody’s function is defended alike', async () => {
  const rows = P.subarray(0, 8);
  const anybody = functionTarget({ inputShape: [2], classes: 4, predict: () => rows });
  const target = defended(anybody, await defenseAt('top-k', { k: 1, spread: 0 }));
  const asked = new Float32Array(4);
  equal(await target.probabilities(asked), [0.5, 0, 0, 0, 0, 0, 0, 0.7]);
  assert.equal([...(await target.labels(asked))], [0, 3]);
  assert.equal([...argmaxRows(rows, 4)], [0, 3]);
});
