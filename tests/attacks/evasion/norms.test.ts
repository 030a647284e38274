/** Balls: projections are the nearest points, stay inside after rounding to f32, and draws fill the ball. */

import { ballStep } from '../../../attacks/evasion/ball.ts';
import { boxAround, momentumStep, signStep } from '../../../attacks/evasion/box.ts';
import { boundedSpace, distance, type Norm, project, projectBall } from '../../../attacks/evasion/index.ts';
import { drawFromBall, floorF32, stepAlong } from '../../../attacks/evasion/norms.ts';
import { Rng } from '../../../engine/index.ts';
import { assert, suite } from '../../harness.ts';

const test = suite('evasion: norms');
const at0 = (values: Float32Array) => ({ values, at: 0 });
const rowOf = (rng: Rng, width: number, size = 1) => Float32Array.from({ length: width }, () => size * rng.normal());
const balls: readonly Norm[] = ['linf', 'l2', 'l1'];

test('a projection is inside, also in f32, and no random point of the ball is nearer', () => {
  for (const norm of balls)
    for (let trial = 0; trial < 60; trial++) {
      const rng = Rng.from(trial).split(norm);
      const width = 1 + rng.below(12);
      const [origin, x] = [rowOf(rng, width), rowOf(rng, width, 3)];
      const epsilon = 0.05 + rng.uniform();
      const projected = x.slice();
      projectBall(norm, epsilon, at0(projected), at0(origin), width);
      assert.ok(distance(norm, at0(projected), at0(origin), width) <= epsilon);
      const off = distance('l2', at0(projected), at0(x), width);
      for (let k = 0; k < 40; k++) {
        const other = origin.slice();
        drawFromBall(norm, epsilon, at0(other), width, rng);
        projectBall(norm, epsilon, at0(other), at0(origin), width);
        // towards the projection, where a nearer point would be
        for (let j = 0; j < width; j++) other[j] = 0.95 * projected[j]! + 0.05 * other[j]!;
        const nearer = distance('l2', at0(other), at0(x), width);
        assert.ok(nearer >= off - 1e-5, `${norm}: ${nearer} below ${off}`);
      }
      const inside = projected.slice();
      projectBall(norm, epsilon, at0(inside), at0(origin), width);
      assert.equal(inside, projected, 'what is inside stays');
    }
});

test('l1: by hand, and l0 keeps the largest changes', () => {
  // Duchi et al. 2008: (3, 1) onto the ball of 2 is (2, 0)
  const x = Float32Array.of(3, -1, 0);
  projectBall('l1', 2, at0(x), at0(new Float32Array(3)), 3);
  assert.equal(x, Float32Array.of(2, 0, 0));
  const y = Float32Array.of(3, 2.5, 0);
  projectBall('l1', 2.5, at0(y), at0(new Float32Array(3)), 3);
  assert.equal(y, Float32Array.of(1.5, 1, 0));
  const z = Float32Array.of(3, -4, 0.5);
  projectBall('l0', 2, at0(z), at0(new Float32Array(3)), 3);
  assert.equal(z, Float32Array.of(3, -4, 0));
});

test('the largest f32 that is not above a number', () => {
  for (const value of [0.1, -0.1, 1 / 3, -1 / 3, 0, 1e-50, -1e-50, 123456.789]) {
    const below = floorF32(value);
    assert.ok(below <= value);
    const next = Math.fround(below + Math.max(1e-45, Math.abs(below) * 1.2e-7));
    assert.ok(next > value || next === below, `${value}: ${below}, ${next}`);
  }
});

test('draws are uniform: their sizes in d dimensions have the distribution function (r / epsilon)^d', () => {
  for (const norm of balls) {
    const [width, n] = [3, 4000];
    const rng = Rng.from(3).split(norm);
    const shares = Array.from({ length: n }, () => {
      const x = new Float32Array(width);
      drawFromBall(norm, 2, at0(x), width, rng);
      return (distance(norm, at0(x), at0(new Float32Array(width)), width) / 2) ** width;
    }).sort((a, b) => a - b);
    // Kolmogorov-Smirnov at 0.1 %: 1.95 / sqrt(n)
    const gap = Math.max(...shares.map((share, i) => Math.abs(share - (i + 0.5) / n)));
    assert.ok(gap < 1.95 / Math.sqrt(n), `${norm}: ${gap}`);
  }
});

test('a step has its size, rises, and takes the largest coordinates in l1', () => {
  const g = at0(Float32Array.of(0.1, -2, 0, 0.5));
  const step = (norm: Norm) => {
    const x = new Float32Array(4);
    stepAlong(norm, 0.5, g, at0(x), 4);
    return x;
  };
  assert.equal(step('linf'), Float32Array.of(0.5, -0.5, 0, 0.5));
  assert.equal(step('l1'), Float32Array.of(0, -0.5, 0, 0));
  const l2 = step('l2');
  assert.ok(Math.abs(distance('l2', at0(l2), at0(new Float32Array(4)), 4) - 0.5) < 1e-6 && l2[1]! < 0);
  const none = new Float32Array(4);
  stepAlong('l2', 0.5, at0(new Float32Array(4)), at0(none), 4);
  assert.equal(none, new Float32Array(4), 'no gradient, no step');
});

test('the step of signs in one pass is the step and the projection, bit for bit', () => {
  for (let trial = 0; trial < 200; trial++) {
    const rng = Rng.from(trial);
    const width = 9;
    const fixed = Uint8Array.from({ length: width }, () => (rng.uniform() < 0.2 ? 1 : 0));
    const space = { ...boundedSpace([width], [-1, 2]), fixed };
    const epsilon = [0.3, 1e-3, 1 / 3][rng.below(3)]!;
    const origin = Float32Array.from({ length: width }, () => 3 * rng.uniform() - 1);
    const x = origin.map((v) => v + epsilon * (2 * rng.uniform() - 1));
    project(space, 'linf', epsilon, at0(x), at0(origin));
    const g = Float32Array.from({ length: width }, () => [0, rng.normal(), 1e-40 * rng.normal()][rng.below(3)]!);
    const [slow, fast] = [x.slice(), x.slice()];
    const size = 0.4 * epsilon;
    // in f64 until the projection, as the one pass does it
    for (let j = 0; j < width; j++)
      slow[j] = Math.fround(Math.max(-1, Math.min(2, slow[j]! + size * Math.sign(g[j]!))));
    project(space, 'linf', epsilon, at0(slow), at0(origin));
    signStep(size, at0(g), at0(fast), boxAround(space, epsilon, origin), 0, width);
    assert.equal(fast, slow);
    assert.ok(distance('linf', at0(fast), at0(origin), width) <= epsilon);
  }
});

test('steps of Auto-PGD in one go are those of the formula and then the projection, in l2 bit for bit', () => {
  let shrunk = 0;
  for (let trial = 0; trial < 400; trial++) {
    const rng = Rng.from(trial);
    const norm = trial % 2 === 0 ? 'l2' : 'linf';
    const width = 9;
    const space = boundedSpace([width], [0, 1]);
    const { low, high } = space;
    const epsilon = [0.3, 1e-3, 1 / 3][rng.below(3)]!;
    const keep = [1, 0.75][rng.below(2)]!;
    const size = 2 * epsilon * [1, 0.5, 0.25][rng.below(3)]!;
    const origin = Float32Array.from({ length: width }, () => [0, 1, rng.uniform()][rng.below(3)]!);
    const inside = () => {
      const x = origin.slice();
      drawFromBall(norm, epsilon, at0(x), width, rng);
      project(space, norm, epsilon, at0(x), at0(origin));
      return x;
    };
    const [x, before] = [inside(), inside()];
    const g = trial % 7 === 0 ? new Float32Array(width) : rowOf(rng, width, 1e-3);
    const squares = g.reduce((sum, value) => sum + value * value, 0);
    const [slow, fast] = [x.slice(), before.slice()];
    const ahead = Float64Array.from(x, (value, j) =>
      norm === 'l2'
        ? value + (squares > 0 ? (size / Math.sqrt(squares)) * g[j]! : 0) - origin[j]!
        : value + size * Math.sign(g[j]!),
    );
    const length = Math.sqrt(ahead.reduce((sum, value) => sum + value * value, 0));
    const box = boxAround(space, epsilon, origin);
    for (let j = 0; j < width; j++) {
      const [l, h] = norm === 'l2' ? [low[j]!, high[j]!] : [box.low[j]!, box.high[j]!];
      const aim = norm === 'l2' ? origin[j]! + Math.min(1, epsilon / length) * ahead[j]! : ahead[j]!;
      const z = Math.min(h, Math.max(l, aim));
      slow[j] = x[j]! + keep * (z - x[j]!) + (1 - keep) * (x[j]! - before[j]!);
    }
    if (distance(norm, at0(slow), at0(origin), width) > epsilon) shrunk++;
    project(space, norm, epsilon, at0(slow), at0(origin));
    if (norm === 'l2')
      ballStep({ size, keep, epsilon, squares }, at0(g), at0(x), fast, at0(origin), space, new Float64Array(width));
    else momentumStep(size, keep, g, at0(x), fast, box, 0, width);
    // the box is clamped to without branches, whose last bit decides ties of f32
    if (norm === 'l2') assert.equal(fast, slow, `trial ${trial}`);
    else for (const [j, value] of fast.entries()) assert.ok(Math.abs(value - slow[j]!) <= 2 ** -24, `trial ${trial}`);
    assert.ok(distance(norm, at0(fast), at0(origin), width) <= epsilon);
  }
  assert.ok(shrunk > 50, `${shrunk} steps that left the ball`);
});
