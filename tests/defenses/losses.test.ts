/**
 * The losses of defences, to golden values from NumPy and SciPy in f64 (softmax, log_softmax of scipy.special on the arrays
 * below; the formulas are in the docstrings), and their gradients to central differences.
 */
import {
  distilled,
  flattened,
  inferenceNetwork,
  regularisedLoss,
  relaxedLoss,
  symmetricBeta,
} from '../../defenses/training/index.ts';
import { mixed } from '../../defenses/training/mixup.ts';
import { ops, Rng, type Tensor, valueAndGrad } from '../../engine/index.ts';
import { log, sigmoid } from '../../engine/math/index.ts';
import { assert, suite } from '../harness.ts';
import { checkGradient } from '../support/differences.ts';
import { testEngine } from '../support/engine.ts';

const engine = await testEngine();
const LOGITS = [2, 0, -1, 0.5, 1, 0, -1, -2, 3];
const LABELS = [0, 0, 2];
const TEACHER = [1, 0.5, -0.5, 0, 2, 1, -1, 0, 2];

const rows = (numbers: readonly number[]) => engine.tensor(Float64Array.from(numbers), [3, 3]);
const close = (got: ArrayLike<number>, expected: readonly number[], what: string) => {
  assert.is(got.length, expected.length, what);
  for (const [i, v] of expected.entries())
    assert.ok(Math.abs(got[i]! - v) < 1e-12, `${what}[${i}]: expected ${v}, got ${got[i]}`);
};
/** A loss of each row and the gradient of its mean. */
const both = (f: (z: Tensor) => Tensor) =>
  engine.run('loss', () => {
    const z = rows(LOGITS);
    const { grads } = valueAndGrad((q) => ops.mean(f(q)), z);
    return { losses: [...f(z).view()], gradient: [...(grads as Tensor).view()] };
  });
const labels = () => engine.tensor(Int32Array.from(LABELS));

const relax = suite('RelaxLoss');
// cross-entropies 0.1698…, 1.1802…, 0.0247…, of mean 0.4582868601122809

relax('flattened labels keep p of the true class and spread the rest', () =>
  close(
    engine.run('labels', () => flattened(rows(LOGITS), labels()).toArray() as never),
    [
      0.8437947344813395, 0.07810263275933027, 0.07810263275933027, 0.3071958857184984, 0.3464020571407508,
      0.3464020571407508, 0.012220622527806757, 0.012220622527806757, 0.9755587549443865,
    ],
    'labels',
  ),
);

relax('at or above alpha it is the cross-entropy', () => {
  for (const epoch of [0, 1]) {
    const { losses } = both((z) => relaxedLoss(z, labels(), 0.4582868601122, epoch));
    close(losses, [0.169846019556286, 1.180269670641735, 0.024744890138823], `epoch ${epoch}`);
  }
});

relax('below alpha it ascends in even epochs', () => {
  const { losses, gradient } = both((z) => relaxedLoss(z, labels(), 0.5, 2));
  close(losses, [0.5 - 0.169846019556286, 0.5 - 1.180269670641735, 0.5 - 0.024744890138823], 'losses');
  close(
    gradient,
    [
      0.052068421839553514, -0.038065066461531495, -0.014003355378022017, 0.23093470476050051, -0.16882679701855133,
      -0.06210790774194919, -0.005955993956768167, -0.002191087728436361, 0.008147081685204505,
    ],
    'gradient',
  );
});

relax('and flattens in odd ones, with no gradient through the labels', () => {
  const { losses, gradient } = both((z) => relaxedLoss(z, labels(), 0.5, 1));
  close(losses, [0.560359183352937, 1.1802696706417346, 0.1347304928890834], 'losses');
  close(
    gradient,
    [
      0, 0.01203085554175474, -0.01203085554175474, 0, 0.05335944463830108, -0.053359444638301064,
      0.0018824531141659144, -0.0018824531141658912, 0,
    ],
    'gradient',
  );
});

const distil = suite('distillation');

distil('the loss at temperature 4 and its gradient', () => {
  const { losses, gradient } = both((z) => distilled(z, rows(TEACHER), 4));
  close(losses, [17.666101543290193, 17.475555457708396, 17.525497690615484], 'losses');
  close(
    gradient,
    [
      0.12251577262275104, -0.06887548835637824, -0.05364028426637283, 0.10310502223889022, -0.05796322062601167,
      -0.04514180161287854, -0.0064711850235810164, -0.15810246606149203, 0.16457365108507296,
    ],
    'gradient',
  );
});

distil('a student that answers like its teacher has nothing to learn', () => {
  const { gradient } = both((z) => distilled(z, rows(LOGITS), 2));
  close(gradient, Array(9).fill(0), 'gradient');
});

const mix = suite('mixup');

mix('rows and labels are blended with their partners', () =>
  engine.run('mixup', () => {
    const x = engine.tensor(Float64Array.from([1, 2, 3, 4, 5, 6]), [3, 2, 1]);
    const y = engine.tensor(Int32Array.from([0, 2, 1]));
    const partner = engine.tensor(Int32Array.from([2, 0, 1]));
    const blend = mixed({ x, y }, 0.75, partner, 3);
    assert.equal([...blend.x.shape], [3, 2, 1]);
    close(blend.x.view(), [2, 3, 2.5, 3.5, 4.5, 5.5], 'x');
    close(blend.y.view(), [0.75, 0.25, 0, 0.25, 0, 0.75, 0, 0.75, 0.25], 'y');
  }),
);

// scipy.stats.beta(a, a).cdf at 0.1, 0.25 and 0.4
const CDF: readonly [a: number, cdf: readonly number[]][] = [
  [0.1, [0.40638509393627603, 0.45195785367664987, 0.4821200456093279]],
  [0.4, [0.239739158734015, 0.3563329373236792, 0.44519533784105364]],
  [1, [0.1, 0.25, 0.4]],
  [4, [0.0027280000000000004, 0.070556640625, 0.289792]],
];
for (const [a, cdf] of CDF) {
  mix(`shares follow Beta(${a}, ${a})`, ({ seed }) => {
    const rng = Rng.from(seed);
    const n = 20_000;
    const draws = Array.from({ length: n }, () => symmetricBeta(a, rng));
    assert.ok(draws.every((share) => share >= 0 && share <= 1));
    for (const [i, q] of [0.1, 0.25, 0.4].entries()) {
      const expected = cdf[i]!;
      const five = 5 * Math.sqrt((expected * (1 - expected)) / n); // standard deviations of the share of draws below q
      for (const side of [draws.filter((v) => v <= q), draws.filter((v) => v >= 1 - q)])
        assert.ok(Math.abs(side.length / n - expected) < five, `${a}, ${q}: ${side.length / n}, expected ${expected}`);
    }
  });
}

const adversarial = suite('adversarial regularisation');
const h = inferenceNetwork(3);

adversarial('the loss is cross-entropy plus lambda log h', () =>
  engine.run('loss', () => {
    const params = h.init(engine, Rng.from(1), 'f64');
    const odds = h.apply(params, ops.softmax(rows(LOGITS)), labels()).view();
    const plain = ops.crossEntropy(rows(LOGITS), labels()).view();
    const got = regularisedLoss(h, params, rows(LOGITS), labels(), 3).view();
    close(
      got,
      [...plain].map((l, i) => l + 3 * log(sigmoid(odds[i]!))),
      'losses',
    );
    const other = h.apply(params, ops.softmax(rows(LOGITS)), engine.tensor(Int32Array.from([1, 0, 2]))).view();
    assert.is.not(other[0], odds[0], 'it reads the label');
    assert.is(other[1], odds[1]);
  }),
);

adversarial('its gradient flows through h into the logits', () => {
  const params = engine.keep(engine.run('h', () => h.init(engine, Rng.from(1), 'f64') as never));
  try {
    engine.run('differences', () =>
      checkGradient(
        engine,
        'regularisedLoss',
        (z) => ops.mean(regularisedLoss(h, params, z, engine.tensor(Int32Array.from(LABELS)), 3)),
        rows(LOGITS),
      ),
    );
  } finally {
    engine.free(params);
  }
});
