/** Carlini-Wagner: the least perturbation, also where gradients of the cross-entropy have gone. */
import { boundedSpace, type EvasionRun, evasionAttackNamed, runEvasionAttack } from '../../../attacks/evasion/index.ts';
import type { Target } from '../../../attacks/index.ts';
import { Rng } from '../../../engine/index.ts';
import { assert, suite } from '../../harness.ts';
import { testEngine } from '../../support/engine.ts';
import { attackDigits, digitsNet, linearTarget, sharpened } from '../../support/evasion.ts';

const test = suite('evasion: carlini-wagner');
const LONG = { timeout: 60_000 };
const carliniWagner = evasionAttackNamed('carlini-wagner');
const engine = await testEngine();
const net = await digitsNet(engine);

const [CLASSES, WIDTH, ROWS] = [4, 6, 12];
const rng = Rng.from(3);
const w = Array.from({ length: CLASSES }, () => Array.from({ length: WIDTH }, () => rng.normal()));
const x = Float32Array.from({ length: ROWS * WIDTH }, () => 0.3 + 0.4 * rng.uniform());
const target = () => linearTarget(w) as Target<'white-box'>;
const y = await target().labels(x);
const space = boundedSpace([WIDTH], [-2, 3]);
const run = (over: Partial<EvasionRun> = {}) =>
  runEvasionAttack(carliniWagner, {
    target: target(),
    x,
    y,
    space,
    norm: 'l2',
    epsilon: Infinity,
    rng: Rng.from(1),
    ...over,
    options: { iterations: 1000, ...over.options },
  });
/** small steps, all of them: of a row near the boundary larger ones miss the nearest point by more */
const FINE = { rate: 0.001, abort: 0, searches: 12 };

/**
 * The exact distance of row i to where class t is the largest: the nearest point d of a polyhedron (w_t - w_k) d >= z_k - z_t, k != t.
 * Karush-Kuhn-Tucker: d is a combination, with weights >= 0, of the constraints that are tight; all sets of them are tried.
 */
function least(i: number, t: number): number {
  const row = x.subarray(i * WIDTH, (i + 1) * WIDTH);
  const dot = (p: ArrayLike<number>, q: ArrayLike<number>) => Array.from(p).reduce((sum, v, j) => sum + v * q[j]!, 0);
  const sides = [...w.keys()]
    .filter((k) => k !== t)
    .map((k) => {
      const a = w[t]!.map((value, j) => value - w[k]![j]!);
      return { a, b: -dot(a, row) };
    });
  let best = Infinity;
  for (let set = 1; set < 2 ** sides.length; set++) {
    const tight = sides.filter((_, k) => set & (1 << k));
    const weights = solve(
      tight.map((p) => tight.map((q) => dot(p.a, q.a))),
      tight.map(({ b }) => b),
    );
    if (weights.some((value) => value < 0)) continue;
    const d = Array.from({ length: WIDTH }, (_, j) => tight.reduce((sum, { a }, k) => sum + weights[k]! * a[j]!, 0));
    if (sides.every(({ a, b }) => dot(a, d) >= b - 1e-9)) best = Math.min(best, Math.hypot(...d));
  }
  return best;
}

/** Gauss-Jordan, for a positive definite matrix. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i]!]);
  for (const [p, pivot] of rows.entries()) {
    const by = pivot[p]!;
    for (let j = 0; j < pivot.length; j++) pivot[j]! /= by;
    for (const [i, row] of rows.entries()) {
      const times = row[p]!;
      if (i !== p) for (let j = 0; j < row.length; j++) row[j]! -= times * pivot[j]!;
    }
  }
  return rows.map((row) => row.at(-1)!);
}

test(
  'a linear model: within 1 % of the least distance there is, and not below it',
  async () => {
    const { success, distances } = await run({ options: FINE });
    assert.is(success.value, 1);
    for (let i = 0; i < ROWS; i++) {
      const others = [...w.keys()].filter((k) => k !== y[i]);
      const share = distances.l2[i]! / Math.min(...others.map((k) => least(i, k)));
      assert.ok(share > 1 - 1e-5 && share < 1.01, `row ${i}: ${share}`);
    }
  },
  LONG,
);

test(
  'the wanted class is reached, within 1 % of the least distance to it',
  async () => {
    const targets = y.map((label) => (label + 1) % CLASSES);
    const { success, distances, after } = await run({ targets, options: FINE });
    assert.is(success.value, 1);
    assert.equal(after, targets);
    for (let i = 0; i < ROWS; i++) {
      const share = distances.l2[i]! / least(i, targets[i]!);
      assert.ok(share > 1 - 1e-5 && share < 1.01, `row ${i}: ${share}`);
    }
  },
  LONG,
);

test(
  'numbers that cannot change, or have one value only, keep it, and nothing becomes NaN',
  async () => {
    const fixed = Uint8Array.of(1, 0, 0, 0, 0, 0);
    const [low, high] = [space.low.slice(), space.high.slice()];
    const own = x.slice();
    for (let at = 0; at < own.length; at += WIDTH) own[at + 1] = 0.5;
    low[1] = high[1] = 0.5;
    const labels = await target().labels(own);
    const result = await run({ x: own, y: labels, space: { ...space, low, high, fixed } });
    assert.is(result.success.value, 1);
    assert.ok(result.x.every(Number.isFinite));
    for (let at = 0; at < own.length; at += WIDTH) {
      assert.equal(result.x.slice(at, at + 2), own.slice(at, at + 2));
    }
    assert.equal(result.warnings, []);
  },
  LONG,
);

test(
  'kappa is the margin by which the logits of the wrong class lead',
  async () => {
    const { x: found, success, after } = await run({ options: { confidence: 2 } });
    assert.is(success.value, 1);
    const z = await target().logits(found);
    for (let i = 0; i < ROWS; i++) {
      const margin = z[i * CLASSES + after[i]!]! - z[i * CLASSES + y[i]!]!;
      assert.ok(margin > 2 - 1e-4 && margin < 2.1, `row ${i}: ${margin}`);
    }
  },
  LONG,
);

test(
  'trap 4.3: logits a hundred times as large, as after distillation, stop the cross-entropy and not Carlini-Wagner',
  async () => {
    const hard = { ...net, target: sharpened(net.target, 100) as Target<'white-box'> };
    const bim = await attackDigits(evasionAttackNamed('bim'), hard);
    const plain = await attackDigits(evasionAttackNamed('bim'), net);
    assert.ok(plain.success.value! > 0.95, `bim without it: ${plain.success.value}`);
    assert.ok(bim.success.value! < 0.5, `bim: ${bim.success.value}`);
    const options = { searches: 9, iterations: 100, rate: 0.05 };
    const on = await attackDigits(carliniWagner, hard, { options, epsilon: Infinity });
    assert.is(on.success.value, 1);
    const off = await attackDigits(carliniWagner, net, { options, epsilon: Infinity });
    const mean = (values: Float64Array) => {
      const finite = values.filter(Number.isFinite);
      return finite.reduce((sum, value) => sum + value, 0) / finite.length;
    };
    const share = mean(on.distances.l2) / mean(off.distances.l2);
    assert.ok(share > 0.9 && share < 1.1, `${share} times as far`);
  },
  LONG,
);

test(
  'no farther than DeepFool; giving up early costs next to nothing and saves questions',
  async () => {
    const options = { searches: 6, c: 0.05, iterations: 300, rate: 0.02 };
    const early = await attackDigits(carliniWagner, net, { options, epsilon: Infinity });
    const whole = await attackDigits(carliniWagner, net, { options: { ...options, abort: 0 }, epsilon: Infinity });
    const deepfool = await attackDigits(evasionAttackNamed('deepfool'), net, { epsilon: Infinity });
    const total = (of: typeof early) => of.distances.l2.filter(Number.isFinite).reduce((sum, value) => sum + value, 0);
    assert.equal([early.success.value, whole.success.value], [1, 1]);
    assert.ok(total(early) < total(deepfool), `${total(early)} of ${total(deepfool)}`);
    assert.ok(total(early) < 1.01 * total(whole), `${total(early)} of ${total(whole)}`);
    assert.ok(early.queries < 0.9 * whole.queries, `${early.queries} of ${whole.queries}`);
  },
  LONG,
);
