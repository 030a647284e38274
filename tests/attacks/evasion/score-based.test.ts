/** Attacks that see probabilities: what they estimate, which steps they take, how many questions they ask. */
import { cosineBasis, cosineOf } from '../../../attacks/evasion/black-box/cosines.ts';
import { askScores, estimateGradients } from '../../../attacks/evasion/black-box/index.ts';
import {
  boundedSpace,
  type EvasionRun,
  evasionAttackNamed,
  type InputSpace,
  losses,
  runEvasionAttack,
} from '../../../attacks/evasion/index.ts';
import { functionTarget, type Target } from '../../../attacks/index.ts';
import { Rng } from '../../../engine/index.ts';
import { assert, suite } from '../../harness.ts';
import { testEngine } from '../../support/engine.ts';
import { digitsNet, digitsSpace, linearTarget } from '../../support/evasion.ts';

const engine = await testEngine();
const net = await digitsNet(engine);
const { width } = digitsSpace;

const estimates = suite('NES: estimated gradients');

/** Cosines of estimates and gradients of the loss, of ten rows moved inside their bounds: what is clipped is estimated halved. */
async function cosines(samples: number): Promise<number[]> {
  const n = 10;
  const points = net.rows.x.slice(0, n * width).map((value) => 0.1 + 0.8 * value);
  const rows = Int32Array.from({ length: n }, (_, i) => i);
  const loss = losses.crossEntropy;
  const [y, targets] = [net.rows.y, null];
  const questions = { target: net.target, loss, y, targets, width };
  const estimated = await estimateGradients({
    questions,
    space: digitsSpace,
    points,
    rows,
    samples,
    sigma: 1e-3,
    rng: Rng.from(9),
  });
  const exact = new Float32Array(points.length);
  await net.target.inputGradients(points, (logits, back, from) => {
    const cotangent = new Float64Array(logits.length);
    for (let k = 0; k < logits.length / 10; k++)
      loss.of(logits.subarray(10 * k, 10 * k + 10), y[from + k]!, null, cotangent.subarray(10 * k, 10 * k + 10));
    exact.set(back(cotangent), from * width);
  });
  return [...rows].map((i) => {
    let [dot, a, b] = [0, 0, 0];
    for (let at = i * width; at < (i + 1) * width; at++) {
      dot += estimated[at]! * exact[at]!;
      a += estimated[at]! ** 2;
      b += exact[at]! ** 2;
    }
    return dot / Math.sqrt(a * b);
  });
}

estimates('m directions give a cosine of about sqrt(m / (m + d)) with the gradient', async () => {
  // g = U U^T grad / m with normal U [d, m]: |g|^2 = |grad|^2 (m + d + 1) / m, of which |grad|^2 lies along the gradient
  for (const samples of [128, 1000]) {
    const m = samples / 2;
    const expected = Math.sqrt(m / (m + width + 1));
    const found = await cosines(samples);
    const mean = found.reduce((a, b) => a + b) / found.length;
    assert.ok(Math.abs(mean - expected) < 0.06, `${samples} samples: ${mean}, expected ${expected}`);
    assert.ok(
      found.every((cosine) => cosine > 0.5),
      `${found}`,
    );
  }
});

estimates(
  'probabilities are logits but for a constant: every loss is the same, also where f32 probabilities vanish',
  async () => {
    const z = [3, 1, -40, -400];
    const target = linearTarget(
      z.map(() => [0]),
      z,
    );
    for (const loss of [losses.crossEntropy, losses.margin]) {
      const asks = { target, loss, y: Int32Array.of(0), targets: null, width: 1 };
      const { losses: found, won } = await askScores(
        asks,
        1,
        () => 0,
        () => {},
      );
      assert.ok(Math.abs(found[0]! - loss.of(Float64Array.from(z), 0, null, null)) < 1e-12);
      assert.is(won[0], 0);
    }
    const gone = await askScores(
      { target, loss: losses.crossEntropy, y: Int32Array.of(0), targets: Int32Array.of(3), width: 1 },
      1,
      () => 0,
      () => {},
    );
    assert.ok(gone.losses[0]! < -100 && gone.losses[0]! > -104, `${gone.losses[0]}`);
  },
);

const steps = suite('SimBA: steps and questions');
/** Class 1 where the sum of the numbers is above 4.5. */
const side = 4;
const sum = () =>
  linearTarget([new Array(side * side).fill(0), new Array(side * side).fill(1)], [0, -4.5]) as Target<'white-box'>;
const base = (over: Partial<EvasionRun> = {}): EvasionRun => ({
  target: sum(),
  x: new Float32Array(2 * side * side).fill(0.2),
  y: new Int32Array(2),
  space: boundedSpace([side, side, 1], [0, 1]),
  norm: 'l2',
  epsilon: 3,
  rng: Rng.from(4),
  ...over,
});
const simba = evasionAttackNamed('simba');

steps('numbers one at a time, each by 0.2, one question or two for each', async () => {
  const target = sum();
  const { x, queries, fooled } = await runEvasionAttack(simba, base({ target }));
  // 3.2 in sum: seven steps of 0.2 upwards pass 4.5
  assert.equal([...fooled], [1, 1]);
  for (let i = 0; i < 2; i++) {
    const row = [...x.slice(i * side * side, (i + 1) * side * side)].map(
      (value) => Math.round((value - 0.2) * 1e5) / 1e5,
    );
    assert.equal(
      row.filter((v) => v !== 0),
      new Array(7).fill(0.2),
    );
  }
  // upwards is right at once: one question for each of seven steps, and one for the rows as they are
  assert.is(queries, 2 * (1 + 7));
  assert.is(target.queries(), queries + 2 * 2);
});

steps('the wrong way costs a second question', async () => {
  const flipped = linearTarget([new Array(16).fill(0), new Array(16).fill(-1)], [0, 2.5]) as Target<'white-box'>;
  const { queries, fooled } = await runEvasionAttack(simba, base({ target: flipped }));
  // 3.2 down to below 2.5: four steps, each after one upwards
  assert.equal([[...fooled], queries], [[1, 1], 2 * (1 + 2 * 4)]);
});

steps('no more questions about a row than it may, and no more passes than change anything', async () => {
  const few = await runEvasionAttack(simba, base({ options: { queries: 5 } }));
  assert.equal([few.queries, few.stopped], [10, null]);
  // one number can change, by at most 0.5: up by 0.2, 0.2, 0.1, then neither way
  const fixed = Uint8Array.from({ length: 16 }, (_, j) => (j < 15 ? 1 : 0));
  const locked = await runEvasionAttack(simba, base({ space: { ...base().space, fixed }, epsilon: 0.5 }));
  assert.equal([locked.success.value, locked.queries], [0, 2 * (1 + 3 + 1)]);
});

steps('waves: the change is of low frequencies only', async () => {
  const w = [new Array(16).fill(0), new Array(16).fill(1)];
  const target = { ...linearTarget(w, [0, -3.5]), inputShape: [side, side, 1] } as unknown as Target<'white-box'>;
  const { x, fooled } = await runEvasionAttack(simba, base({ target, options: { dct: 1, share: 0.5 } }));
  assert.equal([...fooled], [1, 1]);
  const [all, low] = [cosineBasis([side, side, 1], 1), cosineBasis([side, side, 1], 0.5)];
  assert.equal([all.size, low.size], [16, 4]);
  const wave = new Float64Array(16);
  const share = (basis: typeof all) => {
    let squares = 0;
    for (let k = 0; k < basis.size; k++) {
      basis.write(k, wave);
      squares += wave.reduce((dot, v, j) => dot + v * (x[j]! - Math.fround(0.2)), 0) ** 2;
    }
    return squares;
  };
  assert.ok(share(all) > 0.01 && Math.abs(share(low) / share(all) - 1) < 1e-6, `${share(low)} of ${share(all)}`);
});

steps('the waves are orthonormal, and cosines are those of the platform', () => {
  const basis = cosineBasis([5, 3, 2], 1);
  const vectors = Array.from({ length: basis.size }, (_, k) => {
    const into = new Float64Array(30);
    basis.write(k, into);
    return into;
  });
  assert.is(vectors.length, 30);
  for (const [a, one] of vectors.entries())
    for (const [b, other] of vectors.entries()) {
      const dot = one.reduce((total, v, j) => total + v * other[j]!, 0);
      assert.ok(Math.abs(dot - (a === b ? 1 : 0)) < 1e-14, `${a} ${b}: ${dot}`);
    }
  for (let a = 0; a < 200; a++)
    for (const b of [1, 2, 7, 28, 56])
      assert.ok(Math.abs(cosineOf(a, b) - Math.cos((Math.PI * (a % (2 * b))) / b)) < 2e-15, `${a} / ${b}`);
  assert.equal([cosineOf(0, 3), cosineOf(3, 3), Math.abs(cosineOf(1, 2)) < 1e-16], [1, -1, true]);
});

steps('categories stay categories: one of a group is on, binary numbers are 0 or 1', async () => {
  // a group of three, a binary number, one that cannot change
  const table: InputSpace = {
    ...boundedSpace([5], [0, 1]),
    fixed: Uint8Array.of(0, 0, 0, 0, 1),
    groups: [{ at: 0, width: 3 }],
    discrete: Uint8Array.of(1, 1, 1, 1, 0),
  };
  const asked: number[][] = [];
  const inner = linearTarget([new Array(5).fill(0), [0, 0.2, 1, 0.5, 9]], [0, -1.4 - 4.5]);
  const target = functionTarget({
    inputShape: [5],
    classes: 2,
    predict: (x) => {
      for (let at = 0; at < x.length; at += 5) asked.push([...x.slice(at, at + 5)]);
      return inner.probabilities(x);
    },
  });
  const { x, fooled } = await runEvasionAttack(simba, {
    ...base({ target, space: table }),
    x: Float32Array.of(1, 0, 0, 0, 0.5),
    y: Int32Array.of(0),
    epsilon: 2,
  });
  assert.equal([[...x], [...fooled]], [[0, 0, 1, 1, 0.5], [1]]);
  for (const row of asked) {
    assert.is(row[0]! + row[1]! + row[2]!, 1);
    assert.ok(row.slice(0, 4).every((v) => v === 0 || v === 1) && row[4] === 0.5, `${row}`);
  }
});
