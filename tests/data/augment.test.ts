import fc from 'fast-check';
import { turn } from '../../data/augment.ts';
import { type Augmentation, augment, flip, type ImageShape, rotate, shift } from '../../data/index.ts';
import { Rng } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { throwsConfig } from './throws.ts';

const test = suite('augmentation');

const batch = fc
  .record({
    n: fc.integer({ min: 1, max: 3 }),
    size: fc.integer({ min: 1, max: 6 }),
    channels: fc.integer({ min: 1, max: 3 }),
  })
  .chain(({ n, size, channels }) =>
    fc.record({
      shape: fc.constant<ImageShape>([n, size, size, channels]),
      x: fc.float32Array({
        minLength: n * size * size * channels,
        maxLength: n * size * size * channels,
        min: 0,
        max: 1,
        noNaN: true,
      }),
    }),
  );

test('flip mirrors each row, channels together', () => {
  // Two images of 1 x 3 with 2 channels.
  const x = Float32Array.of(1, 10, 2, 20, 3, 30, 4, 40, 5, 50, 6, 60);
  assert.equal(flip(x, [2, 1, 3, 2]), Float32Array.of(3, 30, 2, 20, 1, 10, 6, 60, 5, 50, 4, 40));
});

test('shift moves and fills', () => {
  const x = Float32Array.of(1, 2, 3, 4);
  assert.equal(shift(x, [1, 2, 2, 1], { down: 1, right: 0 }), Float32Array.of(0, 0, 1, 2));
  assert.equal(shift(x, [1, 2, 2, 1], { down: 0, right: -1, fill: 9 }), Float32Array.of(2, 9, 4, 9));
});

test('rotate by 90 degrees turns anticlockwise, exactly', () => {
  const x = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);
  assert.equal(rotate(x, [1, 3, 3, 1], { degrees: 90 }), Float32Array.of(3, 6, 9, 2, 5, 8, 1, 4, 7));
  assert.equal(rotate(x, [1, 3, 3, 1], { degrees: -180 }), Float32Array.of(9, 8, 7, 6, 5, 4, 3, 2, 1));
});

test('round trips: flip twice, rotate by 90 four times', ({ seed }) => {
  fc.assert(
    fc.property(batch, ({ x, shape }) => {
      assert.equal(flip(flip(x, shape), shape), x);
      let turned: Float32Array = x;
      for (let i = 0; i < 4; i++) turned = rotate(turned, shape, { degrees: 90 });
      assert.equal(turned, x);
    }),
    { seed },
  );
});

test('a rotation by 45 degrees averages neighbours (bilinear)', () => {
  // One bright pixel in the middle of 3 x 3: its neighbours at distance 1 land between pixels.
  const x = Float32Array.of(0, 1, 0, 0, 0, 0, 0, 0, 0);
  const turned = rotate(x, [1, 3, 3, 1], { degrees: 45 });
  // The pixel left above the middle comes from (row 1 - sqrt 2, column 1), that is 0.586 of row 0, 0.414 of outside.
  assert.ok(Math.abs(turned[0]! - (2 - Math.SQRT2)) < 1e-6, `${turned[0]}`);
  assert.ok(Math.abs(turned[2]!) < 1e-6);
});

test('turn agrees with Math.cos and Math.sin', () => {
  for (let degrees = -720; degrees <= 720; degrees += 0.5) {
    const { cos, sin } = turn(degrees);
    const a = (degrees * Math.PI) / 180;
    assert.ok(Math.abs(cos - Math.cos(a)) < 3e-15 && Math.abs(sin - Math.sin(a)) < 3e-15, `${degrees}`);
  }
  assert.equal(turn(90), { cos: -0, sin: 1 });
});

const all: Augmentation[] = [
  { kind: 'flip' },
  { kind: 'crop', padding: 2 },
  { kind: 'shift', most: 1, fill: 0.5 },
  { kind: 'rotate', degrees: 30 },
];

test('random changes keep the bounds, leave the input alone, and repeat with the seed', ({ seed }) => {
  fc.assert(
    fc.property(batch, fc.nat(), fc.subarray(all), ({ x, shape }, s, changes) => {
      const before = x.slice();
      const once = augment(x, shape, changes, Rng.from(s));
      assert.equal(x, before);
      assert.not.ok(once === x);
      assert.equal(augment(x, shape, changes, Rng.from(s)), once);
      assert.ok(once.every((value) => value >= 0 && value <= 1));
    }),
    { seed },
  );
});

test('images of one batch are changed differently', ({ seed }) => {
  const one = Float32Array.from({ length: 36 }, (_, i) => i);
  const x = new Float32Array(8 * 36);
  for (let i = 0; i < 8; i++) x.set(one, i * 36);
  const changed = augment(x, [8, 6, 6, 1], [{ kind: 'crop', padding: 3 }], Rng.from(seed));
  const distinct = new Set(Array.from({ length: 8 }, (_, i) => changed.slice(i * 36, (i + 1) * 36).join()));
  assert.ok(distinct.size > 3, `${distinct.size} of 8`);
});

test('a flip with probability 0 or 1 is certain', () => {
  const x = Float32Array.of(1, 2, 3, 4);
  const shape: ImageShape = [2, 1, 2, 1];
  assert.equal(augment(x, shape, [{ kind: 'flip', probability: 0 }], Rng.from(1)), x);
  assert.equal(augment(x, shape, [{ kind: 'flip', probability: 1 }], Rng.from(1)), flip(x, shape));
});

test('bad shapes and options are refused', () => {
  throwsConfig(
    () => flip(new Float32Array(5), [1, 2, 2, 1]),
    'augment: expected images [n, height, width, channels] of 5 values, got [1,2,2,1] = 4.',
  );
  throwsConfig(
    () => augment(new Float32Array(4), [1, 2, 2, 1], [{ kind: 'flip', probability: 2 }], Rng.from(1)),
    'augment: flip: expected probability in 0 .. 1, got 2.',
  );
});
