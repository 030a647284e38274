/** DeepFool on models whose boundaries are known. */
import { boundedSpace, type EvasionRun, evasionAttackNamed, runEvasionAttack } from '../../../attacks/evasion/index.ts';
import type { Target } from '../../../attacks/index.ts';
import { Rng } from '../../../engine/index.ts';
import { assert, suite } from '../../harness.ts';
import { linearTarget } from '../../support/evasion.ts';

const test = suite('evasion: deepfool');
const [CLASSES, WIDTH, ROWS] = [5, 8, 40];
const rng = Rng.from(11);
const w = Array.from({ length: CLASSES }, () => Array.from({ length: WIDTH }, () => rng.normal()));
const b = Array.from({ length: CLASSES }, () => 0.1 * rng.normal());
const x = Float32Array.from({ length: ROWS * WIDTH }, () => rng.normal());
const target = () => linearTarget(w, b) as Target<'white-box'>;
const y = await target().labels(x);
const space = boundedSpace([WIDTH], [-100, 100]);
const deepfool = evasionAttackNamed('deepfool');
const run = (over: Partial<EvasionRun> = {}) =>
  runEvasionAttack(deepfool, {
    target: target(),
    x,
    y,
    space,
    norm: 'l2',
    epsilon: Infinity,
    rng: Rng.from(1),
    ...over,
  });

/** |f_k| / |w_k|_q, the least over all k; closed form of a linear model (Moosavi-Dezfooli et al. 2016, equation 6). */
function nearest(i: number, norm: 'l2' | 'linf', free = (_: number) => true, rivals = [...w.keys()]): number {
  const own = y[i]!;
  const row = x.subarray(i * WIDTH, (i + 1) * WIDTH);
  const z = (c: number) => w[c]!.reduce((sum, value, j) => sum + value * row[j]!, b[c]!);
  const ways = rivals
    .filter((c) => c !== own)
    .map((c) => {
      const d = w[c]!.map((value, j) => (free(j) ? value - w[own]![j]! : 0));
      const size = norm === 'l2' ? Math.hypot(...d) : d.reduce((sum, value) => sum + Math.abs(value), 0);
      return (z(own) - z(c)) / size;
    });
  return Math.min(...ways);
}

for (const norm of ['l2', 'linf'] as const) {
  test(`${norm}: the exact distance to the nearest hyperplane, and 2 % of it`, async () => {
    const { success, distances } = await run({ norm });
    assert.is(success.value, 1);
    for (let i = 0; i < ROWS; i++) {
      const share = distances[norm][i]! / nearest(i, norm);
      assert.ok(Math.abs(share - 1.02) < 1e-4, `row ${i}: ${share}`);
    }
  });

  test(`${norm}: the same over the numbers that can change`, async () => {
    const fixed = Uint8Array.of(1, 0, 0, 1, 0, 0, 0, 0);
    const { success, distances, x: found } = await run({ norm, space: { ...space, fixed } });
    assert.is(success.value, 1);
    for (let i = 0; i < ROWS; i++) {
      const share = distances[norm][i]! / nearest(i, norm, (j) => !fixed[j]);
      assert.ok(Math.abs(share - 1.02) < 1e-4, `row ${i}: ${share}`);
      for (const j of [0, 3]) assert.is(found[i * WIDTH + j], x[i * WIDTH + j]);
    }
  });
}

test('one iteration is enough on a linear model; the overshoot is a share of the way', async () => {
  const { success, distances, queries } = await run({ options: { iterations: 1, overshoot: 0.5 } });
  assert.is(success.value, 1);
  assert.ok(Math.abs(distances.l2[0]! / nearest(0, 'l2') - 1.5) < 1e-4);
  // each row once for gradients, and by the runner once for its label before
  assert.is(queries, ROWS);
});

test('only the most likely classes are looked at, of the row itself', async () => {
  const { distances } = await run({ options: { classes: 2 } });
  const z = await target().logits(x);
  let farther = 0;
  for (let i = 0; i < ROWS; i++) {
    const logits = [...z.subarray(i * CLASSES, (i + 1) * CLASSES).entries()].filter(([c]) => c !== y[i]);
    const [second] = logits.sort((p, q) => q[1] - p[1])[0]!;
    const only = nearest(i, 'l2', undefined, [second]);
    assert.ok(distances.l2[i]! <= 1.02 * only * (1 + 1e-4));
    if (distances.l2[i]! > 1.03 * nearest(i, 'l2')) farther++;
  }
  assert.ok(farther > 0, 'the runner-up is not always the nearest');
});

test('a model that says the same everywhere is asked once and left alone', async () => {
  const flat = linearTarget(
    [
      [0, 0],
      [0, 0],
    ],
    [1, 0],
  ) as Target<'white-box'>;
  const rows = { x: Float32Array.of(0.1, 0.2, 0.3, 0.4), y: Int32Array.of(0, 0) };
  const result = await run({ target: flat, ...rows, space: boundedSpace([2], [0, 1]) });
  assert.equal([result.success.value, result.queries], [0, 2]);
  assert.equal(result.x, rows.x);
});

test('two equal logits are a boundary that is left', async () => {
  const tie = linearTarget([
    [1, 0],
    [0, 1],
  ]) as Target<'white-box'>;
  const rows = { x: Float32Array.of(0.5, 0.5), y: Int32Array.of(0) };
  const result = await run({ target: tie, ...rows, space: boundedSpace([2], [0, 1]) });
  assert.is(result.success.value, 1);
  assert.ok(result.distances.l2[0]! < 1e-6);
});
