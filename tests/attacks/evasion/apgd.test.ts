/** Auto-PGD: when it looks, when it halves, what it keeps, and that the scale of logits does not blind it. */
import {
  boundedSpace,
  type EvasionAttack,
  evasionAttacks,
  losses,
  runEvasionAttack,
} from '../../../attacks/evasion/index.ts';
import { openStanding } from '../../../attacks/evasion/standing.ts';
import { Climbers } from '../../../attacks/evasion/white-box/climbers.ts';
import { checkpoints, climbAdaptively } from '../../../attacks/evasion/white-box/index.ts';
import type { Target } from '../../../attacks/index.ts';
import { Rng } from '../../../engine/index.ts';
import { assert, suite } from '../../harness.ts';
import { testEngine } from '../../support/engine.ts';
import { attackDigits, digitsNet, digitsSpace, linearTarget, sharpened } from '../../support/evasion.ts';

const engine = await testEngine();
const net = await digitsNet(engine);
const test = suite('evasion: auto-PGD');
const erased = (attack: unknown) => attack as EvasionAttack;

test('checkpoints of 100 steps are those of the paper, worked out by hand', () => {
  // p = 0.22, 0.41, 0.57, 0.70, 0.80, 0.87, 0.93, 0.99
  assert.equal(checkpoints(100), [22, 41, 57, 70, 80, 87, 93, 99]);
  assert.equal(checkpoints(10), [3, 5, 6, 7, 8, 9, 10]);
  assert.equal(checkpoints(1), [1]);
});

/** One number; the loss rises to a ridge at `top` and never fools. */
const ridge = (top: number, asked: number[]): Target<'gradients'> => {
  const plain = linearTarget([[0], [0]]);
  const logitsOf = (x: Float32Array | Float64Array) => {
    asked.push(...x);
    return Float64Array.from({ length: 2 * x.length }, (_, at) =>
      at % 2 === 0 ? 0 : -1 - Math.abs(x[(at - 1) / 2]! - top),
    );
  };
  return {
    ...plain,
    logits: async (x) => logitsOf(x),
    async inputGradients(x, use) {
      const z = logitsOf(x);
      use(z, (cotangent) => Float32Array.from(x, (value, i) => -Math.sign(value - top) * cotangent[2 * i + 1]!), 0);
      return z;
    },
  };
};
const oneNumber = {
  x: Float32Array.of(0),
  y: Int32Array.of(0),
  targets: null,
  space: boundedSpace([1], [-2, 2]),
  norm: 'linf',
  epsilon: 1,
  signal: undefined,
} as const;
const climb = { loss: losses.margin, steps: 100, restarts: 1, rho: 0.75, classes: 0, name: 'test' };

test('steps that overshoot are halved until the ridge is reached, from the best point each time', async () => {
  for (const top of [0.3, -0.71]) {
    const asked: number[] = [];
    const task = { ...oneNumber, best: Float32Array.of(0), rng: Rng.from(1) };
    await climbAdaptively(ridge(top, asked), task, openStanding(task), climb);
    assert.is(asked.length, 101);
    // eight halvings of 2 epsilon
    assert.ok(Math.abs(task.best[0]! - top) < 2 / 2 ** 6, `${top}: ${task.best[0]}`);
    // at rho = 0 steps are halved only where nothing climbs: the walk stays a bounce from end to end
    const without: number[] = [];
    const other = { ...oneNumber, best: Float32Array.of(0), rng: Rng.from(1) };
    await climbAdaptively(ridge(top, without), other, openStanding(other), { ...climb, rho: -1 });
    const travelled = (points: readonly number[]) =>
      points.slice(80).reduce((sum, value, at) => sum + Math.abs(value - points[79 + at]!), 0);
    assert.ok(travelled(asked) < travelled(without), `${travelled(asked)} ${travelled(without)}`);
  }
});

test('trap 4.3: the best iterate is kept, not the last: its margin never falls', async () => {
  for (const norm of ['linf', 'l2'] as const) {
    const n = 20;
    const x = net.rows.x.slice(0, n * digitsSpace.width);
    const y = net.rows.y.slice(0, n);
    const best = x.slice();
    const kept: Float32Array[] = [];
    const task = {
      x,
      y,
      targets: null,
      space: digitsSpace,
      norm,
      epsilon: norm === 'linf' ? 0.05 : 0.3,
      best,
      rng: Rng.from(3),
      signal: undefined,
      onStep: () => kept.push(best.slice()),
    };
    await climbAdaptively(net.target, task, openStanding(task), { ...climb, loss: losses.dlr, steps: 40 });
    const margins: Float64Array[] = [];
    for (const points of kept) {
      const logits = await net.target.logits(points);
      margins.push(
        Float64Array.from(y, (label, i) => losses.margin.of(logits.slice(10 * i, 10 * i + 10), label, null, null)),
      );
    }
    assert.ok(margins.length > 30);
    for (const [step, now] of margins.entries())
      for (const [i, margin] of now.entries()) {
        const before = margins[step - 1]?.[i] ?? -Infinity;
        // a row that fools is left as it is
        if (before <= 0) assert.ok(margin >= before - 1e-9, `${norm} row ${i} step ${step}: ${margin} after ${before}`);
      }
  }
});

test('a row climbs alone as it does among others that leave before it', async () => {
  const n = 24;
  const x = net.rows.x.slice(0, n * digitsSpace.width);
  const y = net.rows.y.slice(0, n);
  for (const norm of ['linf', 'l2'] as const) {
    const run = async (only: number | null) => {
      const best = x.slice();
      const space = digitsSpace;
      const epsilon = norm === 'linf' ? 0.1 : 0.6;
      const task = { x, y, targets: null, space, norm, epsilon, best, rng: Rng.from(8), signal: undefined };
      const standing = openStanding(task);
      const open = only === null ? standing.open : () => Int32Array.of(only);
      await climbAdaptively(net.target, task, { ...standing, open }, { ...climb, loss: losses.dlr, steps: 30 });
      return { best, left: standing.open() };
    };
    const { best, left } = await run(null);
    assert.ok(left.length > 2 && left.length < n - 5, `${norm}: ${left.length} stay`);
    for (const i of [0, 1, ...left]) {
      const of = (values: Float32Array) => values.slice(i * digitsSpace.width, (i + 1) * digitsSpace.width);
      assert.equal(of((await run(i)).best), of(best), `${norm} row ${i}`);
    }
  }
});

test('climbers that close up keep all that is known of them', () => {
  const [n, width] = [5, 3];
  const climbers = new Climbers(new Int32Array(n), new Int32Array(n), new Float32Array(n * width), 1);
  const known = Object.values(climbers).filter(ArrayBuffer.isView) as unknown as Float32Array[];
  assert.is(known.length, 12);
  const mark = (values: Float32Array, by: number) => {
    const each = values.length / n;
    for (const i of values.keys()) values[i] = by * Math.floor(i / each) + (each > 1 ? i % each : 0);
  };
  const found = () => [climbers.points, climbers.gradients, climbers.squares as unknown as Float32Array];
  const check = (values: Float32Array, by: number, rows: readonly number[]) => {
    const each = values.length / n;
    const expected = rows.flatMap((k) => Array.from({ length: each }, (_, j) => by * k + j));
    assert.equal(Array.from(values.slice(0, rows.length * each)), expected);
  };
  for (const values of known) mark(values, 10);
  for (let k = 0; k < n; k++) climbers.judge(k, true);
  climbers.closeUp([1, 3, 4]);
  assert.is(climbers.count, 3);
  for (const values of known) check(values, 10, [1, 3, 4]);
  // a best point is kept when the next one is worse, and stays it
  climbers.advance();
  for (const values of found()) mark(values, 20);
  for (let k = 0; k < 3; k++) climbers.recall(k);
  for (const values of found()) check(values, 20, [0, 1, 2]);
  for (const by of [20, 30]) {
    for (const values of found()) mark(values, by);
    for (let k = 0; k < 3; k++) climbers.judge(k, false);
    climbers.advance();
  }
  climbers.closeUp([0, 2]);
  for (let k = 0; k < 2; k++) climbers.recall(k);
  for (const values of found()) check(values, 10, [1, 4]);
});

test('trap 4.3: logits a thousand times as large blind the cross-entropy, not the DLR', async () => {
  const masked = sharpened(net.target, 1000);
  const at = { target: masked, epsilon: 0.15, options: { steps: 20 } };
  const blind = await attackDigits(erased(evasionAttacks['apgd-ce']), net, at);
  const sees = await attackDigits(erased(evasionAttacks['apgd-dlr']), net, at);
  const plain = await attackDigits(erased(evasionAttacks['apgd-dlr']), net, { ...at, target: net.target });
  assert.ok(blind.success.value! < sees.success.value! / 2, `${blind.success.value} ${sees.success.value}`);
  assert.is(sees.success.value, plain.success.value);
});

test('with two classes and with three it climbs what is defined there', async () => {
  const two = linearTarget(
    [
      [0, 0, 0, 0],
      [1000, 1000, 1000, 1000],
    ],
    [0, -2000],
  );
  const three = linearTarget(
    [
      [0, 0, 0, 0],
      [1000, 1000, 1000, 1000],
      [-1000, 0, 0, 0],
    ],
    [0, -2000, 0],
  );
  for (const target of [two, three])
    for (const name of ['apgd-dlr', 'apgd-dlr-targeted'] as const) {
      for (const targets of [undefined, Int32Array.of(1)]) {
        const { success } = await runEvasionAttack(erased(evasionAttacks[name]), {
          target: target as Target<'white-box'>,
          x: new Float32Array(4).fill(0.4),
          y: Int32Array.of(0),
          ...(targets && { targets }),
          space: boundedSpace([4], [0, 1]),
          norm: 'linf',
          epsilon: 0.15,
          rng: Rng.from(1),
          options: { steps: 10 },
        });
        assert.is(success.value, 1, `${name}, ${target.classes} classes`);
      }
    }
});

test('aimed climbs leave out what is fooled, and ask for a step only of what still stands', async () => {
  const attack = erased(evasionAttacks['apgd-dlr-targeted']);
  const steps: { readonly restart: number; readonly step: number; readonly rows: number }[] = [];
  const run = {
    epsilon: 0.1,
    options: { steps: 10, classes: 4 },
    onStep: (s: (typeof steps)[number]) => steps.push(s),
  };
  const { success, queries, attacked } = await attackDigits(attack, net, run);
  assert.ok(success.value! > 0.1 && success.value! < 1);
  for (const [at, { restart, rows }] of steps.entries()) {
    const before = steps[at - 1];
    if (before) assert.ok(rows <= before.rows);
    assert.ok(restart < 4);
  }
  const rowsAsked = steps.reduce((sum, { rows }) => sum + rows, 0);
  const attackedRows = attacked.reduce((sum, one) => sum + one, 0);
  // the likeliest others, and the steps
  assert.is(queries, attackedRows + rowsAsked);
});
