/** The saliency map attack: which numbers it takes, and how many. */
import { boundedSpace, evasionAttackNamed, runEvasionAttack } from '../../../attacks/evasion/index.ts';
import { bestPair, twoFronts } from '../../../attacks/evasion/white-box/jsma.ts';
import type { Target } from '../../../attacks/index.ts';
import { Rng } from '../../../engine/index.ts';
import { assert, suite } from '../../harness.ts';
import { testEngine } from '../../support/engine.ts';
import { attackDigits, digitsNet, digitsSpace, linearTarget, sharpened } from '../../support/evasion.ts';

const test = suite('evasion: jsma');
const jsma = evasionAttackNamed('jsma');
const engine = await testEngine();
const net = await digitsNet(engine);
/** The same target, which keeps all the rows that it is asked about. */
function watched(target: Target<'white-box'>): {
  readonly target: Target<'white-box'>;
  readonly asked: Float32Array[];
} {
  const asked: Float32Array[] = [];
  const inputGradients: typeof target.inputGradients = (x, use) => {
    asked.push(Float32Array.from(x));
    return target.inputGradients(x, use);
  };
  return { target: { ...target, inputGradients }, asked };
}
const keyOf = (row: Float32Array, marks: Uint8Array) => row.filter((_, j) => marks[j]).join(' ');
const whole = { norm: 'l0', epsilon: Infinity } as const;

test('the pair found among two fronts is the best of all pairs', () => {
  for (let trial = 0; trial < 300; trial++) {
    const rng = Rng.from(trial);
    const n = 2 + Math.floor(rng.uniform() * 30);
    // whole numbers in every third trial: ties
    const draw = () => (trial % 3 === 0 ? Math.round(2 * rng.normal()) : rng.normal());
    const moves = Array.from({ length: n }, (_, j) => ({ at: [j], to: [1], gain: draw(), harm: draw() }));
    let most = 0;
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        const [gain, harm] = [moves[p]!.gain + moves[q]!.gain, moves[p]!.harm + moves[q]!.harm];
        if (gain > 0 && harm > 0) most = Math.max(most, gain * harm);
      }
    const found = bestPair(moves);
    const got = found ? (found[0].gain + found[1].gain) * (found[0].harm + found[1].harm) : 0;
    assert.is(got, most, `trial ${trial}`);
    if (found) assert.is.not(found[0].at[0], found[1].at[0]);
  }
  const many = Array.from({ length: 3000 }, (_, j) => ({
    gain: Math.imul(j, 7919) % 3001,
    harm: Math.imul(j, 104_729) % 2999,
  }));
  assert.ok(twoFronts(many).length < 100, 'few are left to be paired');
});

test('a linear model: the two numbers that push most towards the class go first, whole', async () => {
  const target = linearTarget(
    [
      [0, 0, 0, 0, 0, 0],
      [1, 5, 2, -3, 4, 3],
    ],
    [0, -8.5],
  ) as Target<'white-box'>;
  const run = (options: Record<string, number>) =>
    runEvasionAttack(jsma, {
      target,
      x: new Float32Array(6),
      y: Int32Array.of(0),
      space: boundedSpace([6], [0, 1]),
      ...whole,
      rng: Rng.from(1),
      options: { probabilities: 1, ...options },
    });
  assert.equal((await run({ gamma: 0.4 })).x, Float32Array.of(0, 1, 0, 0, 1, 0));
  // half steps: the same pair twice
  assert.equal((await run({ gamma: 0.4, theta: 0.5 })).x, Float32Array.of(0, 1, 0, 0, 1, 0));
  // one pair is not allowed: nothing moves
  const none = await run({ gamma: 0.2 });
  assert.equal([none.success.value, none.distances.l0[0]], [0, Infinity]);
  assert.equal(none.x, new Float32Array(6));
});

test('at most the share gamma of the numbers changes, and none that is fixed', async () => {
  const fixed = digitsSpace.fixed.slice();
  for (let j = 0; j < fixed.length; j += 3) fixed[j] = 1;
  for (const [gamma, most] of [
    [0.05, 3],
    [0.1, 6],
    [0.145, 9],
  ] as const) {
    for (const theta of [1, 0.3]) {
      const { target, asked } = watched(net.target);
      const { x, success } = await attackDigits(
        jsma,
        { ...net, target },
        {
          ...whole,
          options: { gamma, theta, tries: 1 },
          space: { ...digitsSpace, fixed },
        },
      );
      // the runner would put them back: the attack itself leaves them alone
      const own = new Set(Array.from(net.rows.y, (_, i) => keyOf(net.rows.x.subarray(i * 64, (i + 1) * 64), fixed)));
      for (const rows of asked)
        for (let at = 0; at < rows.length; at += 64) assert.ok(own.has(keyOf(rows.subarray(at, at + 64), fixed)));
      assert.ok(success.value! > 0.1, `${gamma}: ${success.value}`);
      for (let at = 0; at < x.length; at += 64) {
        const changed = Array.from(fixed.keys()).filter((j) => x[at + j] !== net.rows.x[at + j]);
        assert.ok(changed.length <= most, `${changed.length} of ${most}`);
        assert.ok(changed.every((j) => !fixed[j]));
      }
    }
  }
});

test('more classes tried: no more numbers changed', async () => {
  const total = async (tries: number) => {
    const { distances, success } = await attackDigits(jsma, net, { ...whole, options: { tries, gamma: 0.4 } });
    assert.is(success.value, 1);
    return distances.l0;
  };
  const [one, all] = [await total(1), await total(9)];
  assert.ok(all.every((count, i) => count <= one[i]!));
  assert.ok(all.some((count, i) => count < one[i]!));
});

test('numbers go down where that is asked for', async () => {
  const { x, success } = await attackDigits(jsma, net, { ...whole, options: { decrease: 1, gamma: 0.4 } });
  assert.ok(success.value! > 0.8, `${success.value}`);
  assert.ok(x.every((value, i) => value <= net.rows.x[i]!));
});

test('trap 4.3: sharpened logits, as after distillation, stop it on probabilities and not on logits', async () => {
  const hard = { ...net, target: sharpened(net.target, 100) as Target<'white-box'> };
  const targets = net.rows.y.map((label) => (label + 5) % 10);
  const success = async (of: typeof net, probabilities: number) =>
    (await attackDigits(jsma, of, { ...whole, targets, options: { probabilities, gamma: 0.4 } })).success.value!;
  const published = await success(net, 1);
  assert.ok(published > 0.8, `without it, as published: ${published}`);
  assert.ok((await success(hard, 1)) < 0.1);
  assert.is(await success(hard, 0), await success(net, 0));
  assert.ok((await success(hard, 0)) > 0.8);
});

test('one-hot groups switch to one category, and count', async () => {
  // a number, one of three, a yes or no, a number
  const space = {
    ...boundedSpace([6], [-1, 2]),
    groups: [{ at: 1, width: 3 }],
    discrete: Uint8Array.of(0, 1, 1, 1, 1, 0),
  };
  const target = linearTarget([
    [0, 0, 0, 0, 0, 0],
    [0.1, 0, 2, 1, -3, 0.2],
  ]) as Target<'white-box'>;
  const x = Float32Array.of(0, 2, -1, -1, 2, 0);
  const { target: seen, asked } = watched(target);
  const run = (gamma: number) =>
    runEvasionAttack(jsma, {
      target: seen,
      x,
      y: Int32Array.of(0),
      space,
      ...whole,
      rng: Rng.from(1),
      options: { probabilities: 1, gamma },
    });
  const { x: found, success, distances } = await run(1);
  assert.is(success.value, 1);
  assert.equal(found, Float32Array.of(0, -1, 2, -1, -1, 0));
  assert.is(distances.l0[0], 3);
  // the group takes two of the numbers that a pair has for each: two in all are too few for it
  assert.ok((await run(0.4)).x.subarray(1, 4).every((value, j) => value === x[1 + j]));
  // never between categories, also where the runner does not look
  for (const rows of asked)
    for (let at = 0; at < rows.length; at += 6) assert.equal([...rows.subarray(at + 1, at + 4)].sort(), [-1, -1, 2]);
});
