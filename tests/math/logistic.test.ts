/** sigmoid, logSigmoid, logit and logSumExp at their ends, where the textbook formulae overflow or cancel. */
import { logit, logSigmoid, logSumExp, logSumExpExcept } from '../../attacks/score/logistic.ts';
import { exp, sigmoid } from '../../engine/math/index.ts';
import { assert, suite } from '../harness.ts';

const test = suite('math: logistic');
const near = (got: number, want: number, rel = 1e-15) =>
  assert.ok(Math.abs(got - want) <= rel * Math.abs(want), `expected ${want}, got ${got}`);

test('sigmoid keeps its tails', () => {
  assert.is(sigmoid(0), 0.5);
  near(sigmoid(-40), 4.248354255291589e-18); // e^-40 / (1 + e^-40)
  near(sigmoid(-700), 9.859676543759771e-305); // e^-700
  assert.is(sigmoid(-1e4), 0);
  assert.is(sigmoid(1e4), 1);
  assert.ok(Number.isNaN(sigmoid(NaN)));
});

test('logSigmoid is x far left and -exp(-x) far right', () => {
  near(logSigmoid(0), -Math.LN2);
  assert.is(logSigmoid(-1e4), -1e4);
  near(logSigmoid(40), -exp(-40));
  assert.is(logSigmoid(-Infinity), -Infinity);
});

test('logit inverts sigmoid', () => {
  // sigmoid rounds p by up to an ulp, which moves the log-odds by 2^-53 / (1 - p) times a small constant
  for (const x of [-30, -2, -1e-3, 1e-9, 0.3, 2, 5]) {
    const slack = (4 * 2 ** -53) / sigmoid(-x);
    assert.ok(Math.abs(logit(sigmoid(x)) - x) <= slack + 4 * 2 ** -53 * Math.abs(x), `logit(sigmoid(${x}))`);
  }
  assert.is(logit(0.5), 0);
  assert.is(logit(0), -Infinity);
  assert.is(logit(1), Infinity);
  assert.ok(Number.isNaN(logit(1.1)) && Number.isNaN(logit(-0.1)));
  near(logit(0.5 + 2 ** -40), 2 ** -38); // 4 (p - 1/2) to first order
});

test('logSumExp neither overflows nor loses the small terms', () => {
  assert.is(logSumExp([]), -Infinity);
  assert.is(logSumExp([3]), 3);
  near(logSumExp([0, 0, 0, 0]), Math.log(4));
  near(logSumExp([1e4, 1e4]), 1e4 + Math.LN2);
  near(logSumExp([0, -40]), exp(-40)); // log1p: 1 + e^-40 would round to 1
  assert.is(logSumExp([-Infinity, -Infinity]), -Infinity);
  assert.is(logSumExp([0, Infinity]), Infinity);
  assert.ok(Number.isNaN(logSumExp([0, NaN])));
  assert.is(logSumExpExcept([5, 1e4], 1), 5);
  near(logSumExpExcept([1, 99, 1], 1), 1 + Math.LN2);
});
