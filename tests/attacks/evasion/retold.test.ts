/**
 * PGD and Auto-PGD against their formulas, told again row by row in f64, the plainest way: a projection is a scaling and a clip, a sign
 * Math.sign, a best point a copy. Only where a row starts, and the net, are shared.
 */
import { ascend, losses } from '../../../attacks/evasion/index.ts';
import { drawFromBall } from '../../../attacks/evasion/norms.ts';
import { openStanding } from '../../../attacks/evasion/standing.ts';
import { checkpoints, climbAdaptively } from '../../../attacks/evasion/white-box/index.ts';
import { Rng } from '../../../engine/index.ts';
import { assert, suite } from '../../harness.ts';
import { testEngine } from '../../support/engine.ts';
import { digitsNet, digitsSpace } from '../../support/evasion.ts';

const net = await digitsNet(await testEngine());
const test = suite('evasion: PGD and Auto-PGD retold');
const { width } = digitsSpace;
const ROWS = 20;
const balls = [
  { norm: 'linf', epsilon: 0.06 },
  { norm: 'l2', epsilon: 0.4 },
] as const;
type Ball = (typeof balls)[number];

const length = (v: readonly number[]) => Math.sqrt(v.reduce((sum, value) => sum + value * value, 0));
const add = (a: readonly number[], by: number, b: readonly number[]) => a.map((value, j) => value + by * b[j]!);
const inside = ({ norm, epsilon }: Ball, origin: readonly number[], x: readonly number[]) => {
  const d = add(x, -1, origin);
  const shrink = norm === 'l2' ? Math.min(1, epsilon / length(d)) : 1;
  const reach = norm === 'l2' ? 1 : epsilon;
  return origin.map((own, j) => Math.min(1, Math.max(0, own + Math.min(reach, Math.max(-reach, shrink * d[j]!)))));
};
const direction = ({ norm }: Ball, g: readonly number[]) =>
  norm === 'l2' ? g.map((value) => value / length(g)) : g.map(Math.sign);
/** A point of the net's inputs. */
const rounded = (x: readonly number[]) => x.map(Math.fround);

const task = ({ norm, epsilon }: Ball) => {
  const x = net.rows.x.slice(0, ROWS * width);
  const y = net.rows.y.slice(0, ROWS);
  const base = { targets: null, space: digitsSpace, signal: undefined };
  return { ...base, x, y, norm, epsilon, best: x.slice(), rng: Rng.from(3) };
};
type Task = ReturnType<typeof task>;
const rowOf = (values: Float32Array, i: number) => Array.from(values.subarray(i * width, (i + 1) * width));
const startOf = (ball: Ball, { x, rng }: Task, i: number, stream: string) => {
  const values = x.slice(i * width, (i + 1) * width);
  drawFromBall(ball.norm, ball.epsilon, { values, at: 0 }, width, rng.split(stream));
  return rounded(inside(ball, rowOf(x, i), Array.from(values)));
};

/** Cross-entropy at a point, its gradient, and how far another class is ahead. */
async function ask(x: readonly number[], y: number) {
  let g: number[] = [];
  let loss = 0;
  const z = await net.target.inputGradients(Float32Array.from(x), (logits, back) => {
    const total = logits.reduce((sum, value) => sum + Math.exp(value), 0);
    loss = Math.log(total) - logits[y]!;
    g = Array.from(back(logits.map((value, c) => Math.exp(value) / total - (c === y ? 1 : 0))));
  });
  return { loss, g, margin: Math.max(...z.map((value, c) => (c === y ? -Infinity : value))) - z[y]! };
}

const agree = (found: Float32Array, i: number, told: readonly number[], what: string) => {
  const off = Math.max(...rowOf(found, i).map((value, j) => Math.abs(value - told[j]!)));
  assert.ok(off < 1e-5, `${what}, row ${i}: off by ${off}`);
};

test('PGD: the point of highest loss among x <- project(x + alpha direction(g))', async () => {
  for (const ball of balls) {
    const given = task(ball);
    const [steps, stepSize] = [6, 0.3 * ball.epsilon];
    const how = { loss: losses.crossEntropy, steps, stepSize, restarts: 1, momentum: 0, full: false };
    await ascend(net.target, given, { ...how, start: 'random' });
    let unfooled = 0;
    for (const [i, y] of given.y.entries()) {
      const origin = rowOf(given.x, i);
      let x = startOf(ball, given, i, `row ${i} restart 0`);
      let best = { x, loss: -Infinity };
      for (let step = 0; step <= steps; step++) {
        const { loss, g, margin } = await ask(x, y);
        if (margin > 0 || loss > best.loss) best = { x, loss };
        if (margin > 0) break;
        if (step === steps) unfooled++;
        x = rounded(inside(ball, origin, add(x, stepSize, direction(ball, g))));
      }
      agree(given.best, i, best.x, ball.norm);
    }
    assert.ok(unfooled > 3 && unfooled < ROWS - 3, `${ball.norm}: ${unfooled} rows climb to the end`);
  }
});

test('Auto-PGD: momentum, halving where it does not pay, back to the best point', async () => {
  for (const ball of balls) {
    const given = task(ball);
    const [steps, rho] = [24, 0.75];
    const how = { loss: losses.crossEntropy, steps, restarts: 1, rho, classes: 0, name: 'retold' };
    await climbAdaptively(net.target, given, openStanding(given), how);
    let [halvings, unfooled] = [0, 0];
    for (const [i, y] of given.y.entries()) {
      const origin = rowOf(given.x, i);
      let x = startOf(ball, given, i, `row ${i} retold 0`);
      let [before, best, nearest] = [x, { x, g: x, loss: -Infinity }, { x, margin: -Infinity }];
      let [eta, last, highestThen, rises, looked, halved] = [2 * ball.epsilon, -Infinity, -Infinity, 0, 0, true];
      for (let k = 0; k <= steps; k++) {
        let { loss, g, margin } = await ask(x, y);
        if (margin > nearest.margin) nearest = { x, margin };
        if (margin > 0) break;
        if (k > 0 && loss > last) rises++;
        last = loss;
        if (loss > best.loss) best = { x, g, loss };
        if (k === steps) unfooled++;
        if (k > 0 && checkpoints(steps).includes(k)) {
          halved = rises <= rho * (k - looked) || (!halved && best.loss === highestThen);
          [highestThen, rises, looked] = [best.loss, 0, k];
          if (halved) {
            eta /= 2;
            halvings++;
            ({ x, g } = best);
          }
        }
        const z = inside(ball, origin, add(x, eta, direction(ball, g)));
        const a = k === 0 ? 1 : 0.75;
        const next = add(add(x, a, add(z, -1, x)), 1 - a, add(x, -1, before));
        [before, x] = [x, rounded(inside(ball, origin, next))];
      }
      agree(given.best, i, nearest.x, ball.norm);
    }
    assert.ok(halvings > ROWS && unfooled > 3, `${ball.norm}: ${halvings} halvings, ${unfooled} rows climb to the end`);
  }
});
