/** What inputs may be: bounds, columns that cannot change, one-hot groups. */
import {
  boundedSpace,
  distance,
  type InputSpace,
  largestDistance,
  type Norm,
  project,
  settle,
  spaceOf,
} from '../../../attacks/evasion/index.ts';
import { fitStandardiser, loadSet, withTransform } from '../../../data/index.ts';
import { ConfigError, Rng } from '../../../engine/index.ts';
import { assert, suite } from '../../harness.ts';
import { throwsError } from '../../support/throws.ts';

const test = suite('evasion: input spaces');
const at0 = (values: Float32Array) => ({ values, at: 0 });

test('bounds for each channel; missing or wrong ones are refused', () => {
  const space = boundedSpace(
    [2, 2, 3],
    [
      [0, 1],
      [-1, 1],
      [0, 255],
    ],
  );
  assert.equal(space.high.slice(0, 6), Float32Array.of(1, 1, 255, 1, 1, 255));
  throwsError(() => boundedSpace([4], [0, Number.NaN]), ConfigError, /bounds: expected .* got \[0,NaN\]/);
  throwsError(() => boundedSpace([4], [1, 0]), ConfigError, /bounds/);
  for (const missing of [undefined, null, {}, []])
    throwsError(
      () => boundedSpace([8, 8, 1], missing as never),
      ConfigError,
      /bounds: expected the least and the greatest value of an input, such as \[0, 1\], got none/,
    );
  throwsError(
    () =>
      boundedSpace(
        [2, 2, 3],
        [
          [0, 1],
          [0, 1],
        ],
      ),
    ConfigError,
    /one for each of 3 channels, got 2/,
  );
  assert.is(largestDistance(boundedSpace([4], [0, 2]), 'l2'), 4);
  assert.is(largestDistance(boundedSpace([4], [0, 2]), 'l0'), 4);
});

const blobs = await loadSet('synthetic-blobs', { options: { rows: 60, features: 4 }, rng: Rng.from(1) });
/** A number, one of three, a number. */
const table: InputSpace = {
  ...boundedSpace([6], [0, 1]),
  groups: [{ at: 1, width: 3 }],
  discrete: Uint8Array.of(0, 1, 1, 1, 0, 1),
};

test('images of bytes have 255 steps, tables their columns in the units of the model', async () => {
  const cols = spaceOf(
    withTransform(
      blobs,
      fitStandardiser(
        blobs,
        Int32Array.from({ length: 40 }, (_, i) => i),
      ),
    ),
  );
  assert.is(cols.levels, null);
  assert.is(cols.width, 4);
  assert.ok(cols.low.every((low, j) => low < cols.high[j]!));
  const tabular = blobs.schema as Extract<typeof blobs.schema, { kind: 'table' }>;
  assert.equal(spaceOf(blobs, { immutable: [tabular.columns[2]!.name] }).fixed, Uint8Array.of(0, 0, 1, 0));
  const schema = {
    kind: 'table',
    columns: tabular.columns.map((column, j) => ({ ...column, immutable: j === 1 })),
  } as const;
  assert.equal(spaceOf({ ...blobs, schema }).fixed, Uint8Array.of(0, 1, 0, 0), 'what the data set says cannot change');
  throwsError(() => spaceOf(blobs, { immutable: ['age'] }), ConfigError, /age/);
  const digits = await loadSet('digits');
  throwsError(() => spaceOf(digits, { immutable: ['age'] }), ConfigError, /expected a table, got images/);
});

test('what cannot change does not, the rest stays inside, for any row', () => {
  const fixed = Uint8Array.of(1, 0, 0, 0, 0, 0);
  for (let trial = 0; trial < 200; trial++) {
    const rng = Rng.from(trial);
    const origin = Float32Array.of(rng.uniform(), 0, 1, 0, rng.uniform(), rng.below(2));
    const x = origin.map((value) => value + rng.normal());
    const norm = (['linf', 'l2', 'l1', 'l0'] as const)[rng.below(4)]! as Norm;
    const epsilon = norm === 'l0' ? 1 + rng.below(4) : 0.1 + 2 * rng.uniform();
    project({ ...table, fixed }, norm, epsilon, at0(x), at0(origin));
    assert.is(x[0], origin[0]);
    assert.ok(distance(norm, at0(x), at0(origin), 6) <= epsilon && x.every((v) => v >= 0 && v <= 1));
    settle({ ...table, fixed }, norm, epsilon, at0(x), at0(origin));
    assert.is(x[0], origin[0]);
    assert.equal([...x.slice(1, 4)].sort(), [0, 0, 1], 'one category');
    assert.ok(x[5] === 0 || x[5] === 1);
    const size = distance(norm, at0(x), at0(origin), 6);
    assert.ok(size <= epsilon, `${norm}: ${size} above ${epsilon}`);
  }
});

test('a category changes only where the ball has room for it', () => {
  const origin = Float32Array.of(0.5, 1, 0, 0, 0.5, 0);
  const wish = Float32Array.of(0.9, 0.2, 0.9, 0, 0.5, 0.1);
  const settled = (norm: Norm, epsilon: number) => {
    const x = wish.slice();
    settle(table, norm, epsilon, at0(x), at0(origin));
    return x;
  };
  assert.equal(settled('linf', 1).slice(1, 4), Float32Array.of(0, 1, 0));
  assert.equal(settled('linf', 0.4).slice(1, 4), Float32Array.of(1, 0, 0));
  assert.equal(settled('l0', 2).slice(1, 4), Float32Array.of(0, 1, 0));
  // two numbers of the group change by 1 each: sqrt 2
  assert.equal(settled('l2', 1.5).slice(1, 4), Float32Array.of(0, 1, 0));
  assert.equal(settled('l2', 1.3).slice(1, 4), Float32Array.of(1, 0, 0));
});
