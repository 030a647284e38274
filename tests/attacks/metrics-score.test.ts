/** Membership signals by hand-computed values, at extreme logits, and logits against probabilities. */
import fc from 'fast-check';
import {
  confidence,
  entropy,
  logOdds,
  loss,
  modifiedEntropy,
  type SignalName,
  signals,
} from '../../attacks/score/index.ts';
import { assert, suite } from '../harness.ts';

const test = suite('metrics: membership signals');
const logits = (row: number[], label: number) => ({ kind: 'logits', row, label }) as const;
const probabilities = (row: number[], label: number) => ({ kind: 'probabilities', row, label }) as const;
const near = (got: number, want: number, rel = 4e-15) =>
  assert.ok(Math.abs(got - want) <= rel * Math.abs(want), `expected ${want}, got ${got}`);

test('by hand: p = (1/2, 1/4, 1/4), label 1', () => {
  for (const output of [logits([Math.LN2, 0, 0], 1), probabilities([0.5, 0.25, 0.25], 1)]) {
    near(loss(output), Math.log(4));
    near(confidence(output), 0.25);
    near(entropy(output), 1.5 * Math.LN2);
    near(logOdds(output), -Math.log(3));
    // -(3/4) log(1/4) - (1/2) log(1/2) - (1/4) log(3/4)
    near(modifiedEntropy(output), 1.5 * Math.LN2 + 0.5 * Math.LN2 - 0.25 * Math.log(0.75));
  }
});

test('equal logits: n classes are a fair n-sided die', () => {
  for (const z of [0, 5, -1e4, 1e4]) {
    const output = logits([z, z, z, z], 2);
    near(loss(output), Math.log(4));
    near(confidence(output), 0.25);
    near(entropy(output), Math.log(4));
    near(logOdds(output), -Math.log(3));
    near(modifiedEntropy(output), 0.75 * Math.log(4) - 0.75 * Math.log(0.75));
  }
});

test('logits (40, 0, 0): a loss of 8.5e-18 is not lost', () => {
  const e = Math.exp(-40); // p = (1, e, e) / (1 + 2e)
  const right = logits([40, 0, 0], 0);
  near(loss(right), 2 * e);
  assert.is(confidence(right), 1);
  near(logOdds(right), 40 - Math.LN2);
  near(entropy(right), 2 * e * 41); // 2e for the top class, 2 e 40 for the others
  near(modifiedEntropy(right), 2 * e * 2 * e + 2 * e * e); // second order: -(1-p) log p = (2e)^2, -p_i log(1 - p_i) = e^2
  const wrong = logits([40, 0, 0], 1);
  near(loss(wrong), 40);
  near(confidence(wrong), e);
  near(logOdds(wrong), -40);
  // -log p_y for the true class, and -p_0 log(1 - p_0) = 40 - log 2 for the class believed
  near(modifiedEntropy(wrong), 40 + (40 - Math.LN2));
});

test('logits of 1e4 neither overflow nor give NaN', () => {
  const right = logits([1e4, 0, -1e4], 0);
  assert.equal([loss(right), confidence(right), entropy(right), modifiedEntropy(right)], [0, 1, 0, 0]);
  assert.is(logOdds(right), 1e4);
  const wrong = logits([1e4, 0, -1e4], 2);
  assert.equal([loss(wrong), confidence(wrong), entropy(wrong), logOdds(wrong)], [2e4, 0, 0, -2e4]);
  near(modifiedEntropy(wrong), 2e4 + 1e4);
});

test('saturated probabilities stay finite', () => {
  for (const label of [0, 1]) {
    const output = probabilities([1, 0, 0], label);
    for (const f of [loss, confidence, entropy, modifiedEntropy, logOdds]) assert.ok(Number.isFinite(f(output)));
  }
  near(logOdds(probabilities([1, 0, 0], 1)), -149 * Math.LN2);
  near(loss(probabilities([1, 0, 0], 1)), 149 * Math.LN2);
});

test('logits and their softmax agree', ({ seed }) => {
  const row = fc.array(fc.double({ min: -8, max: 8, noNaN: true }), { minLength: 2, maxLength: 6 });
  fc.assert(
    fc.property(row, fc.nat(5), (z, k) => {
      const label = k % z.length;
      const total = z.reduce((s, x) => s + Math.exp(x), 0);
      const p = z.map((x) => Math.exp(x) / total);
      for (const f of [loss, confidence, entropy, modifiedEntropy, logOdds]) {
        const [a, b] = [f(logits(z, label)), f(probabilities(p, label))];
        if (!(Math.abs(a - b) <= 1e-12 + 1e-8 * Math.abs(a))) return false;
      }
      return true;
    }),
    { seed },
  );
});

test('a constant added to all logits changes nothing', () => {
  const z = [1.25, -0.5, 3, 0];
  for (const f of [loss, confidence, entropy, modifiedEntropy, logOdds]) {
    near(
      f(
        logits(
          z.map((x) => x + 512),
          0,
        ),
      ),
      f(logits(z, 0)),
      1e-12,
    );
  }
});

test('every signal is turned so that a better fit scores higher', () => {
  for (const name of Object.keys(signals) as SignalName[]) {
    const fits = [0.5, 2, 4, 8].map((z) => signals[name].score(logits([z, 0, 0], 0)));
    for (let i = 1; i < fits.length; i++) assert.ok(fits[i]! > fits[i - 1]!, name);
  }
});

test('a label outside the row is refused', () => {
  assert.throws(() => loss(logits([0, 1], 2)), /label from 0 to 1, got 2/);
  assert.throws(() => logOdds(probabilities([0, 1], -1)), /got -1/);
});
