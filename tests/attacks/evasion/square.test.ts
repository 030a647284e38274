/** Square: windows, their sizes over time, the first questions, and what it asks. */
import { randomColumns, shareAt, sideOf, twoBumps } from '../../../attacks/evasion/black-box/windows.ts';
import {
  boundedSpace,
  type EvasionAttack,
  type EvasionRun,
  evasionAttacks,
  runEvasionAttack,
} from '../../../attacks/evasion/index.ts';
import type { Target } from '../../../attacks/index.ts';
import { Rng } from '../../../engine/index.ts';
import { assert, suite } from '../../harness.ts';
import { testEngine } from '../../support/engine.ts';
import { attackDigits, digitsNet, linearTarget, sharpened } from '../../support/evasion.ts';

const engine = await testEngine();
const net = await digitsNet(engine);
const square = evasionAttacks.square as unknown as EvasionAttack;
const test = suite('evasion: square');

test('the share of a window is halved at the times of the paper', () => {
  const at = [0, 10, 11, 51, 201, 501, 1001, 2001, 4001, 6001, 8001, 9999];
  assert.equal(
    at.map((time) => 0.8 / shareAt(time, 0.8)),
    [1, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 512],
  );
});

test('sides by hand: 28 x 28 and 8 x 8', () => {
  const mnist = { height: 28, width: 28, channels: 1 };
  // sqrt(0.8 x 784) = 25.04, sqrt(0.05 x 784) = 6.3, sqrt(0.8 / 512 x 784) = 1.1
  assert.equal(
    [0.8, 0.05, 0.8 / 512].map((share) => sideOf(share, mnist, false)),
    [25, 6, 1],
  );
  assert.equal(
    [0.8, 0.05, 0.8 / 512].map((share) => sideOf(share, mnist, true)),
    [25, 7, 3],
  );
  const small = { height: 8, width: 4, channels: 3 };
  assert.equal([sideOf(1, small, false), sideOf(1, small, true)], [3, 3]);
});

test('the shape of a window in l2 by hand, and of length 1', () => {
  // of side 3 with halves 1 x 3 and 2 x 3: 1 + 1/4 in the middle of each, 1/4 around it
  const raw = [0.25, 1.25, 0.25, -0.25, -0.25, -0.25, -0.25, -1.25, -0.25];
  const length = Math.hypot(...raw);
  for (const [at, value] of twoBumps(3, false).entries()) assert.ok(Math.abs(value - raw[at]! / length) < 1e-12);
  for (const [at, value] of twoBumps(3, true).entries())
    assert.ok(Math.abs(value - raw[(at % 3) * 3 + Math.floor(at / 3)]! / length) < 1e-12);
  for (let side = 1; side < 12; side++)
    assert.ok(Math.abs(twoBumps(side, false).reduce((sum, value) => sum + value * value, 0) - 1) < 1e-12);
});

test('windows of a table are free columns, each once', () => {
  const space = { ...boundedSpace([6], [0, 1]), fixed: Uint8Array.of(0, 1, 0, 0, 1, 0) };
  for (let trial = 0; trial < 50; trial++) {
    const { places } = randomColumns(0.5, space, Rng.from(trial));
    assert.is(places.length, 3);
    assert.is(new Set(places).size, 3);
    assert.ok(places.every((place) => !space.fixed[place]));
  }
});

/** Images of 5 x 4 with two channels that nothing fools; what was asked is written down. */
function watched(inputShape: readonly number[]) {
  const width = inputShape.reduce((a, b) => a * b, 1);
  const asked: Float32Array[] = [];
  const plain = linearTarget([new Array<number>(width).fill(0), new Array<number>(width).fill(-1e-3)], [0, -1]);
  const target = {
    ...plain,
    inputShape,
    logits: (x: Float32Array | Float64Array) => {
      asked.push(Float32Array.from(x));
      return plain.logits(x);
    },
  } as Target<'white-box'>;
  const run = (more: Partial<EvasionRun>) =>
    runEvasionAttack(square, {
      target,
      x: new Float32Array(2 * width).fill(0.5),
      y: Int32Array.of(0, 0),
      space: boundedSpace(inputShape, [0, 1]),
      norm: 'linf',
      epsilon: 0.125,
      options: { queries: 40 },
      rng: Rng.from(2),
      ...more,
    });
  return { asked, run, width };
}

test('linf: stripes first, then squares; every question is a corner of the ball; questions are counted', async () => {
  const { asked, run, width } = watched([5, 4, 2]);
  const { queries } = await run({});
  assert.is(queries, 2 * 40);
  assert.is(asked.length, 40);
  const stripes = asked[0]!.map((value) => (value - 0.5) / 0.125);
  for (let row = 0; row < 5; row++)
    for (let place = 0; place < 8; place++) assert.is(stripes[row * 8 + place], stripes[place]);
  assert.ok(new Set(stripes.slice(0, width)).size === 2 && stripes.every((value) => Math.abs(value) === 1));
  assert.not.equal(stripes.slice(0, width), stripes.slice(width), 'each row has stripes of its own');
  for (const rows of asked) assert.ok(rows.every((value) => Math.abs(value - 0.5) === 0.125));
  // what changes from the first question to the second lies in one square: sqrt(0.8 x 20) = 4, of which 3 fit
  const changed = Array.from({ length: width }, (_, j) => j).filter((j) => asked[1]![j] !== asked[0]![j]);
  const [rows, columns] = [changed.map((j) => Math.floor(j / 8)), changed.map((j) => Math.floor((j % 8) / 2))];
  assert.ok(Math.max(...rows) - Math.min(...rows) < 3 && Math.max(...columns) - Math.min(...columns) < 3);
});

test('linf: each question changes the best row so far within one square', async () => {
  const { asked, run, width } = watched([9, 7]);
  await run({ x: new Float32Array(width).fill(0.5), y: Int32Array.of(0) });
  let best = asked[0]!;
  let changes = 0;
  const lead = (row: Float32Array) => -row.reduce((sum, value) => sum + value, 0);
  for (const [at, row] of asked.entries()) {
    const changed = Array.from(row.keys()).filter((j) => row[j] !== best[j]);
    const side = sideOf(shareAt(at, 0.8), { height: 9, width: 7, channels: 1 }, false);
    for (const places of [changed.map((j) => Math.floor(j / 7)), changed.map((j) => j % 7)])
      if (at > 0 && changed.length > 0) assert.ok(Math.max(...places) - Math.min(...places) < side, `question ${at}`);
    if (lead(row) > lead(best) + 1e-9) {
      best = row;
      changes++;
    }
  }
  assert.ok(changes > 3 && changes < 30, `${changes}`);
});

test('l2: every question uses the whole ball; a second window is emptied', async () => {
  for (const shape of [[5, 4, 2], [9, 9], [12]]) {
    const { asked, run, width } = watched(shape);
    await run({ norm: 'l2', epsilon: 0.5 });
    assert.is(asked.length, 40);
    assert.ok(
      asked.some((rows) => rows.filter((value) => value === 0.5).length > asked[0]!.filter((v) => v === 0.5).length),
    );
    for (const rows of asked)
      for (let at = 0; at < rows.length; at += width) {
        const size = Math.hypot(...rows.slice(at, at + width).map((value) => value - 0.5));
        assert.ok(size > 0.5 - 1e-5 && size <= 0.5 + 1e-7, `${shape}: ${size}`);
      }
  }
});

test('probabilities find what logits find, where they can be told apart', async () => {
  const probabilities = evasionAttacks['square-probabilities'] as unknown as EvasionAttack;
  const at = { epsilon: 0.1, options: { queries: 100 } };
  const [one, other] = [await attackDigits(square, net, at), await attackDigits(probabilities, net, at)];
  assert.ok(one.success.value! > 0.1 && one.success.value! < 1);
  const differ = one.fooled.filter((fooled, i) => fooled !== other.fooled[i]).length;
  assert.ok(differ <= 6, `${differ} of ${one.fooled.length}: streams differ, answers do not`);
});

test('trap 4.3: logits a thousand times as large do not blind it', async () => {
  const at = { epsilon: 0.15, options: { queries: 200 } };
  const plain = await attackDigits(square, net, at);
  const masked = await attackDigits(square, net, { ...at, target: sharpened(net.target, 1000) });
  assert.ok(plain.success.value! > 0.3, `${plain.success.value}`);
  assert.is(masked.success.value, plain.success.value);
});
